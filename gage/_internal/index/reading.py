"""The row of the index for a run on disk.

An ended run is read from one small file, `facts.json`, if it is as gage writes it: its beginning
has what the columns of the row need. Every other run is read from all the files that facts are made
from.
"""

from __future__ import annotations

import json
import os
import re
import time

from gage._internal.clock import name_for_id
from gage._internal.errors import MetaError
from gage._internal.record.layout import META_SUFFIX, run_at
from gage._internal.record.run_meta import read_attr
from gage._internal.running.facts import encode, facts_of, latest_change_ns, unchecked_facts
from gage._internal.text import valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from gage._internal.types import Run

    Row: TypeAlias = tuple[Any, ...]
    Facts: TypeAlias = dict[str, Any]

__all__ = ["ALWAYS", "parsed", "read_anew", "read_row"]

ALWAYS = -1
"""The `meta_ns` of a run that is read at every refresh."""

# Times of file systems are this coarse at worst: what changes twice within it may look unchanged.
_COARSE_NS = 2_000_000_000
_FACTS = 14
_NO_USER = (None, "[]", "{}")

_STRING = r'"((?:[^"\\]|\\.)*)"'
_COUNT = r"(null|\d+)"
_HEAD = re.compile(
    rf'\{{"schema":1,"operation":\[{_STRING},{_STRING}\],'
    rf'"status":\["(completed|error|terminated)",{_STRING},(null|-?\d+)\],'
    rf'"initialized_us":{_COUNT},"started_us":{_COUNT},"duration_us":(\d+),"config":\{{'
)


def read_row(home: str, run_id: str, *, has_dir: bool) -> Row:
    """Return the row of a run, from its `facts.json` alone if it has a good one."""
    meta_dir = f"{home}{os.sep}{run_id}{META_SUFFIX}"
    meta_ns, user_ns = _modified_ns(meta_dir), _modified_ns(f"{meta_dir}{os.sep}user")
    facts, facts_ns = unchecked_facts(meta_dir) or ("", 0)
    head = _HEAD.match(facts)
    if head is None:
        return read_anew(home, run_id, has_dir=has_dir)
    namespace, name, status, reason, code, initialized, started, duration = head.groups()
    initialized_us = _number(initialized)
    return (
        run_id,
        name_for_id(run_id),
        _string(namespace),
        _string(name),
        status,
        _string(reason),
        _number(code),
        initialized_us or meta_ns // 1000,
        initialized_us,
        _number(started),
        int(duration),
        *(_user_columns(home, run_id) if user_ns else _NO_USER),
        facts,
        *_state(meta_ns, user_ns, has_dir=has_dir),
        facts_ns,
        0,
    )


def read_anew(home: str, run_id: str, *, has_dir: bool) -> Row:
    """Return the row of a run from all the files that its facts are made from."""
    run = run_at(home, run_id)
    meta_ns, user_ns = _modified_ns(run.meta_dir), _modified_ns(f"{run.meta_dir}{os.sep}user")
    facts_ns = latest_change_ns(run.meta_dir) or 0
    text = facts_of(run, use_kept=False)
    facts = json.loads(text)
    status = facts["status"]
    has_ended = (
        status[0] in {"completed", "error", "terminated"} and facts["duration_us"] is not None
    )
    state = _state(meta_ns, user_ns, has_dir=has_dir)
    return (
        run_id,
        run.name,
        *facts["operation"],
        *status,
        facts["initialized_us"] or meta_ns // 1000,
        facts["initialized_us"],
        facts["started_us"],
        facts["duration_us"],
        *(_user_columns(home, run_id) if user_ns else _NO_USER),
        text,
        *(state if has_ended else (ALWAYS, 0, has_dir)),
        facts_ns,
        0,
    )


def parsed(home: str, rows: list[Row]) -> list[Facts]:
    """Return the facts of rows; a row whose facts are not valid is replaced by one read anew."""
    try:
        found = json.loads(f"[{','.join([row[_FACTS] for row in rows])}]")
        if len(found) == len(rows) and all(map(_is_whole, found)):
            return list(found)
    except (ValueError, RecursionError):
        pass
    return [_parsed_alone(home, rows, number) for number in range(len(rows))]


def _parsed_alone(home: str, rows: list[Row], number: int) -> Facts:
    try:
        facts = json.loads(rows[number][_FACTS])
        if _is_whole(facts):
            return dict(facts)
    except (ValueError, RecursionError):
        pass
    run_id = rows[number][0]
    rows[number] = read_anew(home, run_id, has_dir=os.path.isdir(os.path.join(home, run_id)))
    return dict(json.loads(rows[number][_FACTS]))


def _is_whole(facts: Any) -> bool:
    return (
        type(facts) is dict
        and type(facts.get("config")) is dict
        and type(facts.get("metrics")) is dict
        and type(facts.get("attributes")) is dict
    )


def _state(meta_ns: int, user_ns: int, *, has_dir: bool) -> tuple[int, int, bool]:
    is_settled = max(meta_ns, user_ns) < time.time_ns() - _COARSE_NS
    return (meta_ns if is_settled else ALWAYS, user_ns, has_dir)


def _user_columns(home: str, run_id: str) -> tuple[str | None, str, str]:
    """Return label, tags and all attributes of the user."""
    try:
        names = os.listdir(f"{home}{os.sep}{run_id}{META_SUFFIX}{os.sep}user")
    except OSError:
        return _NO_USER
    user = _user_attrs(run_at(home, run_id), names)
    label, tags = user.get("label"), user.get("tags")
    return (
        None if label is None else valid(str(label)),
        encode([str(tag) for tag in tags] if isinstance(tags, list) else []),
        encode(user) if user else "{}",
    )


def _user_attrs(run: Run, names: Sequence[str]) -> dict[str, Any]:
    """Return those attributes of the user that can be read."""
    attrs = {}
    for name in sorted(names):
        if not name.endswith(".tmp"):
            try:
                attrs[name] = read_attr(run, "user", name)
            except (MetaError, OSError):
                continue  # `gage verify` says what is wrong
    return attrs


def _modified_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _number(text: str) -> int | None:
    return None if text == "null" else int(text)


def _string(text: str) -> str:
    return str(json.loads(f'"{text}"')) if "\\" in text else text
