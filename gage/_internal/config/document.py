"""A file of configuration: its values with their places in the text, and edits of the text.

Every format is read into the same shape: a `Document` holds the text and a tree of `Node`. Each
node is a value with the place of its characters. Setting a value replaces only those characters, so
comments and everything else between values stay as they are.
"""

from __future__ import annotations

import bisect
import re

from gage._internal.errors import MalformedError
from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


__all__ = [
    "NOWHERE",
    "Document",
    "Edit",
    "LineIndex",
    "Node",
    "Oddity",
    "apply_edits",
    "child",
    "decode_utf8",
    "edits_for",
    "like",
    "no_table",
    "place_at",
    "plain",
    "same",
]

NOWHERE = -1
"""The position of a value that has no characters of its own and cannot be replaced as a whole."""


class Edit(NamedTuple):
    """A replacement in a text: start, end, and the new characters."""

    start: int
    end: int
    text: str


class Oddity(NamedTuple):
    """Something that a format allows and a strict reader refuses, such as a repeated key.

    `node` is the value concerned, `position` the place of its key.
    """

    node: Node
    position: int
    message: str


_BOM = b"\xef\xbb\xbf"


class Node:
    """A value in a text.

    Parameters
    ----------
    value
        The value itself; of a value that is not simple, its simple parts.
    start, end
        The place of its characters, or `NOWHERE`.
    children
        The values of a dict by key, of a list or tuple by position. Entries that are not simple are
        left out.
    simple
        False if a part of it is not a value, such as an expression or a tag.
    style
        What the format needs to know to write another value in its place.
    target
        The value that a YAML alias refers to.
    shared
        True if several keys get their value from these characters (`a = b = 1`).
    state
        True where a program gives its name another value later.
    key_start
        The start of its key in JSON, TOML and YAML, or `NOWHERE`.
    merged
        The mappings that a YAML mapping includes by `<<`.
    """

    __slots__ = (
        "children",
        "end",
        "key_start",
        "merged",
        "shared",
        "simple",
        "start",
        "state",
        "style",
        "target",
        "value",
    )

    def __init__(
        self,
        value: Any,
        start: int,
        end: int,
        children: dict[Any, Node] | None = None,
        *,
        simple: bool = True,
        style: Any = None,
        target: Node | None = None,
    ) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.children = {} if children is None else children
        self.simple = simple
        self.style = style
        self.target = target
        self.shared = False
        self.state = False
        self.key_start = NOWHERE
        self.merged: tuple[Node, ...] = ()


class Document:
    """A file of configuration.

    Parameters
    ----------
    path
        The file's name in messages.
    text
        Its content, line ends included, without the byte order mark.
    roots
        The values at its top level, by key.
    encode
        A function that returns the characters of a new value for a node, or raises a ValueError
        that says why there are none.
    encoding, bom
        The encoding of the text, and the byte order mark of the file.
    oddities
        Things that the format allows but the author may not have meant.
    """

    __slots__ = ("bom", "encode", "encoding", "oddities", "path", "roots", "text")

    def __init__(
        self,
        path: str,
        text: str,
        roots: dict[str, Node],
        encode: Callable[[Node, Any], str],
        *,
        encoding: str = "utf-8",
        bom: bytes = b"",
        oddities: Sequence[Oddity] = (),
    ) -> None:
        self.path = path
        self.text = text
        self.roots = roots
        self.encode = encode
        self.encoding = encoding
        self.bom = bom
        self.oddities = oddities

    def node(self, keys: tuple[str, ...]) -> Node | None:
        """Return the value at the parts of a key, or None."""
        node = self.roots.get(keys[0])
        for key in keys[1:]:
            if node is None:
                return None
            node = child(node, key)
        return node

    def line(self, node: Node) -> int:
        """Return the number of the line where a value starts, counted from 1."""
        return self.text.count("\n", 0, max(node.start, 0)) + 1

    def key_line(self, node: Node) -> int | None:
        """Return the number of the line with the key of a value, None if the key has no place."""
        position = node.start if node.key_start == NOWHERE else node.key_start
        return None if position == NOWHERE else self.text.count("\n", 0, position) + 1

    @property
    def is_code(self) -> bool:
        """Whether it is a program, which holds other things than configuration too."""
        return self.path.lower().endswith((".py", ".ipynb"))

    def data(self) -> dict[str, Any]:
        """Return all values as plain dicts and lists."""
        return {key: plain(node) for key, node in self.roots.items()}

    def walk(self) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Yield every value below the top, with the parts of its key, in the order of the text."""
        for name, node in self.roots.items():
            yield from _walk((name,), node)

    def to_bytes(self, text: str) -> bytes:
        """Return a new text as bytes, encoded like this file."""
        return self.bom + text.encode(self.encoding, "surrogatepass")


def child(node: Node, key: str) -> Node | None:
    """Return the value at one part of a key: a key of a dict, or a position in a list."""
    if isinstance(node.value, dict):
        return node.children.get(key)
    return node.children.get(int(key)) if key.isascii() and key.isdecimal() else None


def plain(node: Node) -> Any:
    """Return a value as dicts and lists, with YAML's aliases and inclusions (`<<`) resolved."""
    if node.target is not None:
        return plain(node.target)
    if isinstance(node.value, dict):
        value: dict[Any, Any] = {}
        for other in reversed(node.merged):
            value |= plain(other)
        return value | {key: plain(below) for key, below in node.children.items()}
    if isinstance(node.value, list):
        return [plain(below) for below in node.children.values()]
    return node.value


def no_table(value: Any) -> str:
    """Return the message for a file that is not a table of keys and values."""
    kinds = {list: "a list", str: "a string", type(None): "nothing", bool: "true or false"}
    found = kinds.get(type(value), f"the number {value!r}")
    return f"expected a table of keys and values, found {found}"


def place_at(text: str, position: int) -> tuple[int, int]:
    """Return the line and the column of a position, both counted from 1."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _walk(keys: tuple[str, ...], node: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    yield keys, node
    for key, below in node.children.items():
        yield from _walk((*keys, str(key)), below)


def decode_utf8(data: bytes, path: str) -> tuple[bytes, str]:
    """Return the byte order mark (or b"") and the text of a UTF-8 file."""
    bom, rest = (_BOM, data[len(_BOM) :]) if data.startswith(_BOM) else (b"", data)
    try:
        return bom, rest.decode()
    except UnicodeDecodeError as error:
        before = rest[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        problem = f"expected UTF-8, found the byte 0x{rest[error.start]:02x}"
        raise MalformedError(path, problem, line, column) from None


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, with equal types; a NaN equals a NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        # Compared by their text, in which 0.0 and -0.0 differ and all NaNs are equal.
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def like(value: Any, default: Any) -> Any:
    """Return a value with tuples where the default has them, since JSON has only lists."""
    if isinstance(value, dict) and isinstance(default, dict):
        return {key: like(item, default.get(key)) for key, item in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    if not isinstance(default, (list, tuple)):
        return value
    fallback = default[0] if default else None
    items = [
        like(item, default[i] if i < len(default) else fallback) for i, item in enumerate(value)
    ]
    return tuple(items) if isinstance(default, tuple) else items


def edits_for(
    document: Document,
    node: Node,
    value: Any,
    current: Callable[[Node], Any] = lambda node: node.value,
) -> list[Edit]:
    """Return the edits that give a node a value, with as few characters as possible.

    Parameters
    ----------
    document, node
        The file, and the node in it.
    value
        The new value.
    current
        A function that returns a node's value if its characters stay; an alias may still change.

    Raises
    ------
    ValueError
        If the format cannot write the value; the message says why.
    """
    if node.simple and same(current(node), value):
        return []
    is_replaced = document.is_code and not node.simple  # with the expressions in it
    if node.children and not is_replaced and _same_shape(node, value):
        edits = []
        for key, below in node.children.items():
            edits += edits_for(document, below, value[key], current)
        return edits
    if not node.simple and not is_replaced:
        raise ValueError("a part of it is an expression, which cannot be replaced")
    if node.start == NOWHERE:
        raise ValueError(_cannot_replace(node))
    return [Edit(node.start, node.end, document.encode(node, value))]


def _same_shape(node: Node, value: Any) -> bool:
    if isinstance(node.value, dict):
        return isinstance(value, dict) and node.children.keys() == value.keys()
    return type(node.value) is type(value) and len(node.children) == len(value)


def _cannot_replace(node: Node) -> str:
    if isinstance(node.value, dict):
        keys = ", ".join(map(str, node.value)) or "none"
        return f"expected its own keys ({keys}): keys cannot be added or removed here"
    return "it has no text of its own that could be replaced"


def apply_edits(text: str, edits: list[Edit]) -> str:
    """Return the text with edits applied, which are sorted by start and do not overlap."""
    parts = []
    position = 0
    for edit in edits:
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    parts.append(text[position:])
    return "".join(parts)


_LINE_END = re.compile(r"\r\n|\r|\n")


class LineIndex:
    r"""The starts of the lines of a text; as in Python, `\n`, `\r\n` and `\r` end a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self.is_ascii = text.isascii()

    def offset(self, line: int, column_bytes: int) -> int:
        """Return the position of a line (from 1) and a column in bytes of UTF-8 (from 0)."""
        start = self.starts[line - 1]
        if self.is_ascii:
            return start + column_bytes
        # A character has one to four bytes.
        part = self.text[start : start + column_bytes]
        if part.isascii():
            return start + column_bytes
        return start + len(part.encode("utf-8", "surrogatepass")[:column_bytes].decode())

    def line_at(self, offset: int) -> int:
        """Return the number of the line (from 1) of a position."""
        return bisect.bisect_right(self.starts, offset)
