"""Checks of a Gage file that a JSON Schema cannot express: patterns, groups, NUL."""

from __future__ import annotations

from gage._internal.errors import ConfigError, PatternError
from gage._internal.operations.explaining import sentences, short
from gage._internal.operations.schema_check import regex_error
from gage._internal.sources.parsing import parse_pattern
from gage._internal.suggestions import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from typing import Any

    from gage._internal.operations.explaining import Found, KeyPath

__all__ = ["beyond_schema", "malformed_config", "paths_of"]


def beyond_schema(data: Any) -> Iterator[Found]:
    """Yield the faults of strings in a Gage file's data."""
    for path, text in paths_of(data, ()).items():
        if not isinstance(text, str):
            continue
        if "\0" in text:
            yield path, f"expected a string without NUL characters, found {short(text)}"
        message = _malformed(path[1:], text)
        if message is not None:
            yield path, message


def paths_of(value: Any, path: KeyPath) -> dict[KeyPath, Any]:
    """Return all values in tables and lists by path, outer ones first."""
    found = {path: value}
    if isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found |= paths_of(inner, (*path, name))
    return found


def _malformed(path: KeyPath, text: str) -> str | None:
    """Return the fault of a string of an operation, None if there is none."""
    key = path[0] if path else ""
    names = {name for name in path[1:] if isinstance(name, str)}
    if key in {"sourcecode", "depends"} and names <= {"files", "patterns"}:
        return _malformed_pattern(text)
    if len(path) > 2 or not text:
        return None
    if key == "progress" and text != "tqdm":
        return _wrong_progress_groups(text)
    return None


def malformed_config(config: Any, path: KeyPath) -> Iterator[Found]:
    """Yield the faults of patterns of configuration; each pattern depends on those before it."""
    from gage._internal.config.selection import parse_rules

    if isinstance(config, dict):
        yield from malformed_config(config.get("keys"), (*path, "keys"))
        return
    texts = config if isinstance(config, list) else [config]
    if any(isinstance(text, dict) for text in texts):
        for place, item in enumerate(texts):
            yield from malformed_config(item, (*path, place))
        return
    good: list[str] = []
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            continue
        try:
            parse_rules([*good, text])
            good.append(text)
        except (PatternError, ConfigError) as error:
            where = (*path, place) if isinstance(config, list) else path
            yield where, f"malformed pattern: {error}"


def _malformed_pattern(text: str) -> str | None:
    try:
        parse_pattern(text)
    except PatternError as error:
        return f"malformed pattern: {error}" if text else None
    return None


def _wrong_progress_groups(text: str) -> str | None:
    regex = _compiled(text)
    if regex is None or regex.groups in {1, 2}:
        return None
    near = did_you_mean(text, ["tqdm"])
    if not regex.groups and not near:
        return None
    message = (
        "expected 'tqdm' or a regular expression with one group (the percentage), two "
        f"(done and total) or none, found {_groups(regex)} in {short(text)}"
    )
    return sentences(message, near)


def _compiled(text: str) -> re.Pattern[str] | None:
    import re

    return re.compile(text) if regex_error(text) is None else None


def _groups(regex: re.Pattern[str]) -> str:
    names = ", ".join(regex.groupindex)
    count = {0: "no group", 1: "one group"}.get(regex.groups, f"{regex.groups} groups")
    return f"{count} ({names})" if names else count
