"""JSON as `json` reads and writes it, without its imports.

Importing `json` loads `re` and `enum`, which costs 10 ms of processor time in a `gage run` that
takes 60. The scanner in C, which does the work, needs neither. Without that scanner (a Python
other than CPython), and for a string that is not valid JSON, this module imports `json`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The type stubs of the standard library do not describe all of this private module.
encode_basestring: Any
encode_basestring_ascii: Any
make_scanner: Any
try:
    from _json import encode_basestring, encode_basestring_ascii, make_scanner
except ImportError:  # another Python than CPython
    encode_basestring = encode_basestring_ascii = make_scanner = None

__all__ = ["compact", "dumps", "loads"]

_BLANKS = " \t\n\r"
_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class _Reading:
    """The settings that the scanner reads from its context."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__

    def __init__(self) -> None:
        self.memo: dict[str, str] = {}


def loads(text: str) -> Any:
    """Return the value of a JSON string, as `json.loads` does.

    Raises
    ------
    ValueError
        If the string is not JSON.
    """
    if make_scanner is not None:
        stripped = text.strip(_BLANKS)
        try:
            value, end = make_scanner(_Reading())(stripped, 0)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except (StopIteration, SystemError, ValueError):
            # SystemError: CPython 3.11 and 3.12 look for the error's class in `json.decoder`, and
            # set no exception when that module is not loaded.
            pass
        else:
            if end == len(stripped):
                return value
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dumps(value: Any) -> str:
    """Return a value as JSON, as `json.dumps` does with an indentation of 2.

    Raises
    ------
    TypeError
        If JSON cannot represent the value.
    """
    if encode_basestring_ascii is None:
        import json

        return json.dumps(value, indent=2)
    parts: list[str] = []
    _write(value, "\n", parts)
    return "".join(parts)


def compact(value: Any, not_finite: Mapping[str, str] = _NAMES) -> str:
    """Return a value as `json.dumps` does, on one line without blanks, all text as it is.

    Parameters
    ----------
    not_finite
        What is written for `nan`, `inf` and `-inf`.

    Raises
    ------
    TypeError
        If JSON cannot represent the value.
    """
    parts: list[str] = []
    _write_compact(value, not_finite, parts)
    return "".join(parts)


def _write_compact(value: Any, not_finite: Mapping[str, str], parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_text(value))
    elif isinstance(value, dict):
        separator = "{"
        for key, item in value.items():
            name = key if isinstance(key, str) else _constant(key)
            parts.append(f"{separator}{_text(name)}:")
            _write_compact(item, not_finite, parts)
            separator = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            parts.append(separator)
            _write_compact(item, not_finite, parts)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        parts.append(_constant(value, not_finite))


def _text(value: str) -> str:
    if encode_basestring is None:
        import json

        return json.dumps(value, ensure_ascii=False)
    return str(encode_basestring(value))


def _write(value: Any, line: str, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring_ascii(value))
    elif isinstance(value, dict):
        _write_all("{", [(_key(key) + ": ", item) for key, item in value.items()], "}", line, parts)
    elif isinstance(value, (list, tuple)):
        _write_all("[", [("", item) for item in value], "]", line, parts)
    else:
        parts.append(_constant(value))


def _write_all(
    begin: str, items: list[tuple[str, Any]], end: str, line: str, parts: list[str]
) -> None:
    parts.append(begin)
    inner = f"{line}  "
    for index, (key, item) in enumerate(items):
        parts.append(f"{',' if index else ''}{inner}{key}")
        _write(item, inner, parts)
    parts.append(f"{line}{end}" if items else end)


def _key(key: Any) -> str:
    text = key if isinstance(key, str) else _constant(key)
    encoded: str = encode_basestring_ascii(text)
    return encoded


def _constant(value: Any, not_finite: Mapping[str, str] = _NAMES) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        text = float.__repr__(value)
        return not_finite.get(text, text)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
