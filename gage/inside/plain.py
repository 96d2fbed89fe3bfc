"""Plain Python values as JSON with exact types: `encode` and `decode`.

    None, bool, int, float, str   as they are
    list                          an array
    dict with strings as keys     an object
    anything else                 an object with one key that begins with "$":

    {"$tuple": [1, 2]}   {"$set": [1]}   {"$frozenset": [1]}   {"$dict": [[1, "a"]]}
    {"$bytes": "00ff"}   {"$bytearray": "00ff"}   {"$complex": ["0.0", "1.0"]}
    {"$float": "nan"}    {"$int": "a number of more than 4,000 digits, hexadecimal"}
    {"$str": "a string with lone surrogates, as hexadecimal UTF-8"}

A dict that has a key beginning with "$" is written as "$dict". Only exact types are plain: a
subclass holds more than its value.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["NotPlain", "decode", "encode"]

_MAX_DEPTH = 50


class NotPlain(Exception):  # noqa: N818 - an answer, caught by whoever asks
    """A value that is not plain: it contains itself, or one list twice, or another type."""


def encode(value: Any, limit: int = 10_000) -> Any:
    """Return a plain value in a form for JSON.

    Parameters
    ----------
    limit
        The maximum number of values in it.

    Raises
    ------
    NotPlain
        If it is not plain or too large. A value that holds the same list, dict or set twice is not
        plain: JSON would make two of it.
    """
    return _encode(value, [limit], set(), 0)


def _encode(value: Any, left: list[int], seen: set[int], depth: int) -> Any:
    kind = value.__class__
    if kind is str:
        return _string(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -(10**4000) < value < 10**4000 else {"$int": hex(value)}
    if kind is float:
        return value if value - value == 0 else {"$float": repr(value)}
    left[0] -= 1
    if left[0] < 0 or depth > _MAX_DEPTH:
        raise NotPlain
    if kind is complex:
        return {"$complex": [repr(value.real), repr(value.imag)]}
    if kind is bytes or kind is bytearray:
        return {f"${kind.__name__}": value.hex()}
    if kind not in (list, dict, tuple, set, frozenset):
        raise NotPlain
    left[0] -= len(value)
    if left[0] < 0 or (kind is not tuple and id(value) in seen):
        raise NotPlain
    if kind is not tuple:
        seen.add(id(value))
    if kind is dict:
        if all(_is_plain_key(key) for key in value):
            return {key: _encode(item, left, seen, depth + 1) for key, item in value.items()}
        pairs = [
            [_encode(key, left, seen, depth + 1), _encode(item, left, seen, depth + 1)]
            for key, item in value.items()
        ]
        return {"$dict": pairs}
    items = [_encode(item, left, seen, depth + 1) for item in value]
    return items if kind is list else {f"${kind.__name__}": items}


def _is_plain_key(key: Any) -> bool:
    return key.__class__ is str and key[:1] != "$" and _string(key) is key


def _string(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"$str": text.encode("utf-8", "surrogatepass").hex()}
    return text


def decode(value: Any) -> Any:
    """Return the value that `encode` was given."""
    if value.__class__ is list:
        return [decode(item) for item in value]
    if value.__class__ is not dict:
        return value
    if len(value) == 1:
        ((tag, held),) = value.items()
        if tag[:1] == "$":
            return _decode_tagged(tag, held)
    return {key: decode(item) for key, item in value.items()}


def _decode_tagged(tag: str, held: Any) -> Any:
    if tag == "$dict":
        return {decode(key): decode(item) for key, item in held}
    if tag in ("$tuple", "$set", "$frozenset"):
        kinds = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}
        return kinds[tag](decode(item) for item in held)
    if tag == "$bytes":
        return bytes.fromhex(held)
    if tag == "$bytearray":
        return bytearray.fromhex(held)
    if tag == "$complex":
        return complex(float(held[0]), float(held[1]))
    if tag == "$float":
        return float(held)
    if tag == "$int":
        return int(held, 16)
    if tag == "$str":
        return bytes.fromhex(held).decode("utf-8", "surrogatepass")
    raise ValueError(f"expected a value as `encode` writes it, found {tag!r}")
