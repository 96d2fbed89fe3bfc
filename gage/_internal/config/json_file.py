"""Configuration in JSON: an object's values by key, with their places in the text.

Comments (`//` to the line's end and `/* */`) and a comma after the last value may be read, as in
the JSON with comments of editors. `NaN` and `Infinity`, which Python writes, are read too; they are
not JSON and are never written.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # C speed; not in typeshed

from gage._internal.config.document import Document, Node, Oddity, decode_utf8, no_table, place_at
from gage._internal.errors import MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["encode_json_value", "read", "read_tree"]

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_BLANKS = re.compile(r"[ \t]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"-?[A-Za-z]+")
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(data: bytes, path: str) -> Document:
    """Read the values of a JSON file that holds an object.

    Raises
    ------
    MalformedError
        If it is not JSON, or not an object; the message names the line.
    """
    bom, text = decode_utf8(data, path)
    oddities: list[Oddity] = []
    root = read_tree(text, path, oddities)
    if not isinstance(root.value, dict):
        raise MalformedError(path, no_table(root.value))

    def encode(node: Node, value: Any) -> str:
        return encode_json_value(value, text, node)

    return Document(path, text, root.children, encode, bom=bom, oddities=oddities)


def read_tree(text: str, path: str, oddities: list[Oddity] | None = None) -> Node:
    """Return the value of a JSON text, with places."""
    try:
        node = _value(text, _skip(text, 0), [] if oddities is None else oddities)
        end = _skip(text, node.end)
        if end < len(text):
            raise _FaultError("the end of the file", end)
    except RecursionError:
        raise MalformedError(path, "malformed JSON: it is nested too deeply") from None
    except json.JSONDecodeError as error:
        problem = f"malformed JSON: {error.msg}"
        raise MalformedError(path, problem, error.lineno, error.colno) from None
    except _FaultError as fault:
        found = text[fault.position : fault.position + 20].split("\n", maxsplit=1)[0].rstrip()
        found = repr(found) if found else "the end of the line"
        if fault.position >= len(text):
            found = "the end of the file"
        problem = f"malformed JSON: expected {fault.expected}, found {found}"
        raise MalformedError(path, problem, *place_at(text, fault.position)) from None
    return node


def encode_json_value(value: Any, text: str, node: Node) -> str:
    """Return JSON for a value in the style of the text: its escapes, its indentation.

    Raises
    ------
    ValueError
        If JSON cannot represent the value.
    """
    old = text[node.start : node.end]
    indent = None
    if "\n" in old and value and isinstance(value, (list, tuple, dict)):
        indent = _indent(text, node)
    try:
        new = json.dumps(value, ensure_ascii=text.isascii(), indent=indent, allow_nan=False)
    except ValueError as error:
        if "JSON compliant" in str(error):
            raise ValueError("JSON has no number for nan, inf and -inf") from None
        raise
    except TypeError as error:
        raise ValueError(str(error)) from None
    if indent is not None:
        newline = "\r\n" if "\r\n" in text else "\n"
        new = new.replace("\n", newline + _margin(text, node.start))
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", new)


class _FaultError(Exception):
    def __init__(self, expected: str, position: int) -> None:
        super().__init__(expected, position)
        self.expected = expected
        self.position = position


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _value(text: str, start: int, odd: list[Oddity]) -> Node:
    first = text[start : start + 1]
    if first == '"':
        value, end = scanstring(text, start + 1, False)  # noqa: FBT003  # positional only in C
        return Node(value, start, end)
    if first == "{":
        return _object(text, start, odd)
    if first == "[":
        return _array(text, start, odd)
    if match := _NUMBER.match(text, start):
        number = match.group()
        is_float = match.group(1) or match.group(2)
        try:
            return Node(float(number) if is_float else int(number), start, match.end())
        except ValueError:
            raise _FaultError("a number of fewer digits", start) from None
    if (match := _WORD.match(text, start)) and match.group() in _WORDS:
        return Node(_WORDS[match.group()], start, match.end())
    raise _FaultError("a JSON value", start)


def _object(text: str, start: int, odd: list[Oddity]) -> Node:
    children: dict[Any, Node] = {}
    position = _skip(text, start + 1)
    while text[position : position + 1] != "}":
        if text[position : position + 1] != '"':
            raise _FaultError('a key in double quotes or "}"', position)
        key_start = position
        key, end = scanstring(text, position + 1, False)  # noqa: FBT003  # as above
        position = _skip(text, end)
        if text[position : position + 1] != ":":
            raise _FaultError('":"', position)
        node = _value(text, _skip(text, position + 1), odd)
        node.key_start = key_start
        if key in children:
            odd.append(Oddity(node, key_start, f"expected each key once, found {key!r} again"))
        # The last of several equal keys counts, as in `json.loads`.
        children[key] = node
        position = _skip(text, node.end)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "}":
            raise _FaultError('"," or "}"', position)
    values = {key: node.value for key, node in children.items()}
    return Node(values, start, position + 1, children)


def _array(text: str, start: int, odd: list[Oddity]) -> Node:
    children: dict[Any, Node] = {}
    position = _skip(text, start + 1)
    while text[position : position + 1] != "]":
        node = children[len(children)] = _value(text, position, odd)
        position = _skip(text, node.end)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            raise _FaultError('"," or "]"', position)
    return Node([node.value for node in children.values()], start, position + 1, children)


def _margin(text: str, position: int) -> str:
    """Return the white space at the start of the line of a position."""
    start = text.rfind("\n", 0, position) + 1
    match = _BLANKS.match(text, start)
    return match.group() if match else ""


def _indent(text: str, node: Node) -> str:
    """Return the indentation of a value's children."""
    outer = _margin(text, node.start)
    for below in node.children.values():
        inner = _margin(text, below.start)
        if inner.startswith(outer) and len(inner) > len(outer):
            return inner[len(outer) :]
    return "  "
