"""Values typed on a line, and their conversion to the type of a default.

A typed string is read as JSON, else as a Python literal, else it stays a string:

    1  -2.5  1e-3  true  True  null  None  [1, 2]  {"a": 1}  (1, 2)  'quoted'  any other string

The type of the default decides first. For a string, the value is the typed string, whatever it
looks like. For a float, `1` is 1.0, and `inf` and `nan` are numbers. For a bool, `yes`, `no`, `on`,
`off`, `1` and `0` are bools too. A value that cannot be converted to the type of the default stays
as it is, which is reported.
"""

from __future__ import annotations

import os
import re

from gage._internal.config.keys import split_key
from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Text",
    "coerce",
    "parse_assignment",
    "parse_value",
    "read_item",
    "simple_value",
    "split_items",
    "type_name",
]

_WORDS = {"true": True, "false": False, "null": None, "none": None}
_BOOL_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_ASSIGNMENT = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^="])+)=(.*)', re.DOTALL)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NOT_FINITE = re.compile(r"[+-]?(?:\.?inf|infinity|\.?nan)", re.IGNORECASE)


class Text(str):
    """A value as it was typed; the default of its key decides its type."""

    __slots__ = ()


def parse_assignment(word: str) -> tuple[str, Text]:
    """Return the key and the typed value of `key=value`.

    Raises
    ------
    ConfigError
        If there is no `=`, or no key before it.
    """
    match = _ASSIGNMENT.fullmatch(word)
    if match is None:
        raise ConfigError(f"expected KEY=VALUE, found {word!r}")
    key = match.group(1).strip()
    split_key(key.rpartition("#")[2])
    return key, Text(match.group(2))


def parse_value(text: str) -> Any:
    """Return the value of a typed string: JSON, a Python literal, else the string itself."""
    stripped = text.strip()
    if not stripped:
        return str(text)
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()]
    import ast
    import json

    try:
        return json.loads(stripped, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(stripped)
        return simple_value(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, ConfigError):
        return str(text)


def simple_value(value: Any) -> Any:
    """Return a value as plain Python: a NumPy or torch scalar as a number, a path as a string.

    Raises
    ------
    ConfigError
        If it is not simple, so that no file of configuration can hold it.
    """
    if value is None or type(value) in {bool, int, float, str}:
        return value
    if isinstance(value, (bool, int, float, str)):
        # Subclasses (NumPy's float64, enums of strings, Text) become their base type.
        if isinstance(value, str):
            return str.__str__(value)
        return float.__float__(value) if isinstance(value, float) else int.__int__(value)
    if isinstance(value, list):
        return [simple_value(item) for item in value]
    if isinstance(value, tuple):
        return tuple(simple_value(item) for item in value)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"expected strings as keys of a dict, found {key!r}")
        return {str(key): simple_value(item) for key, item in value.items()}
    if isinstance(value, os.PathLike):
        return simple_value(os.fspath(value))
    for convert in ("item", "tolist"):
        method = getattr(value, convert, None)
        if callable(method):
            try:
                return simple_value(method())
            except (TypeError, ValueError, RecursionError):
                continue
    raise ConfigError(
        "expected a number, string, bool, None, list or dict, "
        f"found {type(value).__name__} {value!r:.80}"
    )


def coerce(value: Any, default: Any) -> tuple[Any, bool]:
    """Return a value converted to the type of a default, and whether that worked.

    Parameters
    ----------
    value
        `Text` as typed, or a Python value. A plain `str` is read like `Text` if the default is
        neither a string nor None.
    default
        The value that it replaces. None has no type: any value is right.
    """
    if isinstance(default, str):
        if isinstance(value, str):
            return str(simple_value(value)), True
        return simple_value(value), False
    if isinstance(value, Text) or (isinstance(value, str) and default is not None):
        value = _typed(value, default)
    value = simple_value(value)
    if default is None:
        return value, True
    if isinstance(default, bool) or isinstance(value, bool):
        return value, isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int):
        if isinstance(value, float) and value.is_integer():
            return int(value), True
        return value, isinstance(value, int)
    if isinstance(default, float):
        return _float(value)
    if isinstance(default, (list, tuple)):
        return _items(value, default)
    if isinstance(value, dict) and isinstance(default, dict):
        return _entries(value, default)
    return value, False


def split_items(text: str) -> list[str] | None:
    """Split at the commas outside brackets and quotes; None if these do not match."""
    items, closing, quote, start = [], [], "", 0
    escaped = False
    for position, char in enumerate(text):
        if quote:
            if char == quote and not escaped:
                quote = ""
            escaped = char == "\\" and not escaped
        elif char in "'\"" and not text[start:position].strip():
            quote = char  # only at the start of an item: "don't" is a word
        elif char in _PAIRS:
            closing.append(_PAIRS[char])
        elif char in _PAIRS.values():
            if not closing or closing.pop() != char:
                return None
        elif char == "," and not closing:
            items.append(text[start:position].strip())
            start = position + 1
    if quote or closing:
        return None
    last = text[start:].strip()
    return [*items, last] if last else items


def read_item(text: str) -> Any:
    """Return an item of a list: the content of a quoted item, else a Text typed by the default."""
    if text[:1] in {"'", '"'}:
        import ast

        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return Text(text)
        if isinstance(value, str):
            return value
    return Text(text)


def type_name(value: Any, *, inner: bool = False) -> str:
    """Return the name of a value's type in messages.

    Parameters
    ----------
    inner
        Whether to name the types of its items too: `list of int and str`.
    """
    name = "null" if value is None else type(value).__name__
    items = value.values() if isinstance(value, dict) else value
    if not inner or not isinstance(value, (dict, list, tuple)) or not value:
        return name
    return f"{name} of {' and '.join(dict.fromkeys(type_name(item) for item in items))}"


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _typed(text: str, default: Any) -> Any:
    word = text.strip().lower()
    if isinstance(default, bool) and word in _BOOL_WORDS:
        return _BOOL_WORDS[word]
    if isinstance(default, float) and _NOT_FINITE.fullmatch(word):
        return float(word.replace(".", ""))
    value = parse_value(text)
    if isinstance(value, str) and isinstance(default, (list, tuple)):
        return _words(value, default)
    return value


def _words(text: str, default: list[Any] | tuple[Any, ...]) -> Any:
    """Return the items of a list whose strings have no quotes: `[adam, sgd]`."""
    stripped = text.strip()
    items = split_items(stripped[1:-1]) if stripped[:1] + stripped[-1:] in ("[]", "()") else None
    if items is None or "" in items:
        return text
    return [read_item(item) if default else parse_value(item) for item in items]


def _float(value: Any) -> tuple[Any, bool]:
    if isinstance(value, int):
        try:
            return float(value), True
        except OverflowError:
            return value, False
    return value, isinstance(value, float)


def _items(value: Any, default: list[Any] | tuple[Any, ...]) -> tuple[Any, bool]:
    """Convert the items of a list to the type of the default's items, if they all have one type."""
    if not isinstance(value, (list, tuple)):
        return value, False
    items = list(value)
    right = True
    if default and len({type(item) for item in default}) == 1:
        pairs = [coerce(item, default[0]) for item in items]
        items = [item for item, _ in pairs]
        right = all(is_right for _, is_right in pairs)
    return (tuple(items) if isinstance(default, tuple) else items), right


def _entries(value: dict[str, Any], default: dict[str, Any]) -> tuple[Any, bool]:
    pairs = {
        key: coerce(item, default[key]) if key in default else (item, True)
        for key, item in value.items()
    }
    entries = {key: item for key, (item, _) in pairs.items()}
    return entries, all(is_right for _, is_right in pairs.values())
