"""Configuration in TOML: values by dotted key, with their places in the text.

`tomllib` of the standard library reads the file and reports its faults. This module adds the place
of each value, which `tomllib` does not give. Dates and times are strings here; they are written as
dates and times.
"""

from __future__ import annotations

import re
import tomllib

from gage._internal.config.document import NOWHERE, Document, Node, decode_utf8
from gage._internal.errors import ConfigError, MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["read"]

_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}'''
    r"""|'''.*?'{3,5}"""
    r'''|"(?:[^"\\]|\\.)*"'''
    r"""|'[^']*'""",
    re.DOTALL,
)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?"
    r"|\d\d:\d\d:\d\d(?:\.\d+)?"
)
_WORD = re.compile(r"[^\s,\]}#]+")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}
_DATE_STYLE = "date"


def read(data: bytes, path: str) -> Document:
    """Read the values of a TOML file.

    Raises
    ------
    MalformedError
        If it is not TOML.
    """
    bom, text = decode_utf8(data, path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _malformed(error, text, path) from None
    except (RecursionError, ValueError) as error:
        raise MalformedError(path, f"malformed TOML: {error}") from None
    try:
        root = _Scanner(text).file(values)
    except (_PlaceError, LookupError) as error:
        raise ConfigError(f"{path}: cannot find the places of its values: {error}") from None

    newline = "\r\n" if "\r\n" in text else "\n"

    def encode(node: Node, value: Any) -> str:
        old = text[node.start : node.end]
        if node.style == _DATE_STYLE:
            return _encode_date(value, old)
        if isinstance(value, str) and "\n" in value and old.startswith('"""'):
            # The line end right after the opening quotes is not part of the value.
            return newline.join(['"""', *map(_escaped, value.split("\n"))]) + '"""'
        return _expression(value, old)

    return Document(path, text, root.children, encode, bom=bom)


def _malformed(error: tomllib.TOMLDecodeError, text: str, path: str) -> MalformedError:
    message, place = str(error), re.search(r" \(at (.*)\)$", str(error))
    if place is None:
        return MalformedError(path, f"malformed TOML: {message}")
    numbers = [int(number) for number in re.findall(r"\d+", place[1])]
    if len(numbers) != 2:  # the place is "end of document"
        before, _, last = text.rpartition("\n")
        numbers = [before.count("\n") + (2 if "\n" in text else 1), len(last) + 1]
    return MalformedError(path, f"malformed TOML: {message[: place.start()]}", *numbers)


class _PlaceError(Exception):
    """The places do not agree with the values of tomllib: a fault of this module."""


class _Scanner:
    """Finds the places of values in a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def file(self, values: dict[str, Any]) -> Node:
        root = table = _table()
        position = self._skip(_SPACE)
        while position < len(self.text):
            if self.text.startswith("[", position):
                table = self._header(root)
            else:
                self._pair(table)
            position = self._skip(_SPACE)
        _fill(root, values)
        return root

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise _PlaceError(self.position)
        self.position = match.end()
        return self.position

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            start = self.position
            end = self._skip(_KEY)
            raw = self.text[start:end]
            keys.append(raw if _BARE.fullmatch(raw) else next(iter(tomllib.loads(f"{raw}=0"))))
            self._skip(_BLANK)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def _header(self, root: Node) -> Node:
        start = self.position
        is_list = self.text.startswith("[[", self.position)
        self.position += 1 + is_list
        keys = self._keys()
        self.position += 1 + is_list
        node = root
        for key in keys[:-1]:
            node = _enter(node, key, start)
        if not is_list:
            return _enter(node, keys[-1], start)
        tables = node.children.setdefault(keys[-1], _placed(Node([], NOWHERE, NOWHERE), start))
        table = tables.children[len(tables.children)] = _placed(_table(), start)
        return table

    def _pair(self, table: Node) -> None:
        start = self.position
        keys = self._keys()
        self.position += 1  # the equals sign
        self._skip(_BLANK)
        for key in keys[:-1]:
            table = _enter(table, key, start)
        table.children[keys[-1]] = _placed(self._value(), start)

    def _value(self) -> Node:
        start = self.position
        first = self.text[start]
        if first == "[":
            return self._array(start)
        if first == "{":
            return self._inline_table(start)
        if first in "\"'":
            self._skip(_STRING)
        elif match := _DATE.match(self.text, start):
            self.position = match.end()
            return Node(match.group(), start, self.position, style=_DATE_STYLE)
        else:
            self._skip(_WORD)
        return Node(None, start, self.position)

    def _array(self, start: int) -> Node:
        children: dict[Any, Node] = {}
        self.position += 1
        while not self.text.startswith("]", self._skip(_SPACE)):
            children[len(children)] = self._value()
            if self.text.startswith(",", self._skip(_SPACE)):
                self.position += 1
        self.position += 1
        return Node([], start, self.position, children)

    def _inline_table(self, start: int) -> Node:
        node = Node({}, start, start)
        self.position += 1
        while not self.text.startswith("}", self._skip(_SPACE)):
            self._pair(node)
            if self.text.startswith(",", self._skip(_SPACE)):
                self.position += 1
        self.position += 1
        node.end = self.position
        return node


def _table() -> Node:
    return Node({}, NOWHERE, NOWHERE)


def _placed(node: Node, key_start: int) -> Node:
    node.key_start = key_start
    return node


def _enter(node: Node, key: str, start: int) -> Node:
    """Return the table under a key, a new one if needed; of a list of tables, the last."""
    if key not in node.children:
        node.children[key] = _placed(_table(), start)
    below = node.children[key]
    return below.children[len(below.children) - 1] if isinstance(below.value, list) else below


def _fill(node: Node, value: Any) -> None:
    """Give a node and those below it the values that `tomllib` has read."""
    if isinstance(value, dict):
        for key, below in node.children.items():
            _fill(below, value[key])
        node.value = {key: below.value for key, below in node.children.items()}
        if node.value.keys() != value.keys():
            raise _PlaceError(node.start)
    elif isinstance(value, list):
        for key, below in node.children.items():
            _fill(below, value[key])
        node.value = [below.value for below in node.children.values()]
        if len(node.value) != len(value):
            raise _PlaceError(node.start)
    elif node.style != _DATE_STYLE:
        node.value = value


def _encode_date(value: Any, old: str) -> str:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            tomllib.loads(f"v = {value}")
        except (tomllib.TOMLDecodeError, ValueError):
            pass
        else:
            return value
    raise ValueError(f"expected a date or time such as {old}, found {value!r}")


def _expression(value: Any, old: str) -> str:
    if isinstance(value, str):
        return _string(value, old)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        # TOML writes infinite floats, NaN and exponents like Python.
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_expression(item, '') for item in value)}]"
    if isinstance(value, dict):
        items = ", ".join(f"{_key(key)} = {_expression(item, '')}" for key, item in value.items())
        return f"{{{items}}}"
    if value is None:
        raise ValueError("TOML has no null")
    raise ValueError(f"expected a simple value, found {type(value).__name__}")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key, "")


def _string(value: str, old: str) -> str:
    if old.startswith("'") and value.isprintable() and "'" not in value:
        return f"'{value}'"
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"TOML has no characters for the lone surrogates in {value!r}")
    return "".join(
        _ESCAPES.get(char) or (f"\\u{ord(char):04x}" if char < " " or char == "\x7f" else char)
        for char in value
    )
