"""Keys: the path to a value, with its parts joined by dots.

    lr    model.layers.0.units    "a key".lr    files."train.csv".size

A part is in double quotes, with the escapes of JSON, if it is empty or holds a dot, a quote, a
space or a character that has a meaning around keys (`#`, `=`).

A pattern of keys has wildcards in its parts: `*` matches any characters of one part, `?` matches
one character, and the part `**` matches any number of parts.
"""

from __future__ import annotations

import re

from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["has_wildcard", "join_key", "key_matcher", "split_key"]

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+')
_NEEDS_QUOTES = re.compile(r'[.\s"#=\x00-\x1f\x7f]')
_WILDCARD = re.compile(r"\*+|\?")
_END_OF_PART = "\0"


def join_key(parts: Iterable[str]) -> str:
    """Return the key with these parts."""
    return ".".join(map(_quoted, parts))


def split_key(key: str) -> tuple[str, ...]:
    """Return the parts of a key.

    Raises
    ------
    ConfigError
        If a part is empty without quotes, or a quote is not closed.
    """
    return tuple(part for part, _ in _parts(key))


def has_wildcard(pattern: str) -> bool:
    """Return whether a pattern of keys may match several keys."""
    return any(not quoted and _WILDCARD.search(part) for part, quoted in _parts(pattern))


def key_matcher(pattern: str) -> Callable[[tuple[str, ...]], bool]:
    """Return a function that returns whether the parts of a key match a pattern.

    Raises
    ------
    ConfigError
        If the pattern is malformed.
    """
    parts = _parts(pattern)
    expression = ""
    for position, (part, quoted) in enumerate(parts):
        is_last = position == len(parts) - 1
        if part == "**" and not quoted:
            expression += f"(?:[^{_END_OF_PART}]*{_END_OF_PART}){'+' if is_last else '*'}"
        else:
            expression += (re.escape(part) if quoted else _translate(part)) + _END_OF_PART
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda keys: matches("".join(key + _END_OF_PART for key in keys)) is not None


def _parts(key: str) -> list[tuple[str, bool]]:
    parts = []
    position = 0
    while True:
        match = _PART.match(key, position)
        if match is None:
            raise ConfigError(
                f"expected a key such as lr or model.lr, found {key!r}: nothing at offset "
                f"{position} (a part with a dot is put in double quotes)"
            )
        text = match.group()
        if text.startswith('"'):
            import json

            try:
                parts.append((str(json.loads(text, strict=False)), True))
            except json.JSONDecodeError as error:
                raise ConfigError(f"expected a key, found {key!r}: {error.msg}") from None
        else:
            parts.append((text, False))
        position = match.end()
        if position == len(key):
            return parts
        if key[position] != ".":
            raise ConfigError(f"expected a dot at offset {position} of the key {key!r}")
        position += 1


def _quoted(part: str) -> str:
    if part and not _NEEDS_QUOTES.search(part):
        return part
    import json

    return json.dumps(part, ensure_ascii=False)


def _translate(part: str) -> str:
    expression = ""
    position = 0
    for match in _WILDCARD.finditer(part):
        expression += re.escape(part[position : match.start()])
        expression += f"[^{_END_OF_PART}]" + ("" if match.group() == "?" else "*")
        position = match.end()
    return expression + re.escape(part[position:])
