"""A file of configuration as values with their places in its text, and edits of that text.

Every format is read into the same shape: a `Document` holds the text and a tree of `Node`, one a
value, each with the characters that stand for it. Setting a value replaces those characters and
no others, so whatever a format allows between values stays as it is.
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
    """Characters of a text, from and up to a position, and what replaces them."""

    start: int
    end: int
    text: str


class Oddity(NamedTuple):
    """Something that a format allows and a strict reader refuses: a key twice, say.

    `node` is the value concerned, `position` where its key stands.
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
        What it evaluates to; of a value that is not simple, what is simple in it.
    start, end
        The characters that stand for it, or `NOWHERE`.
    children
        Of a dict, its values by key; of a list or tuple, its values by position. An entry that is
        not simple is left out.
    simple
        False where a part of it is an expression, a tag or another thing that is not a value.
    style
        What a format needs to know to write another value in its place.
    target
        Of a YAML alias, the value that it stands for.
    shared
        True where several keys get their value from these characters (`a = b = 1`).
    state
        True where a program gives its name another value later.
    key_start
        Where its key begins in JSON, TOML and YAML, or `NOWHERE`.
    merged
        Of a YAML mapping, those whose entries it takes over by `<<`.
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
        What it holds, line ends as they are, without the byte order mark.
    roots
        The values at its top, by key.
    encode
        Returns the characters for a value in the place of a node; ValueError says why there are
        none.
    encoding, bom
        How the text is written as bytes.
    oddities
        What is allowed by the format but may not be meant.
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
        """Return the value that the parts of a key lead to, or None."""
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
        """Return the number of the line with the key of a value, None where it has no place."""
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
        """Yield every value below the top with the parts of its key, in the order of the text."""
        for name, node in self.roots.items():
            yield from _walk((name,), node)

    def to_bytes(self, text: str) -> bytes:
        """Return another text as the bytes of this file."""
        return self.bom + text.encode(self.encoding, "surrogatepass")


def child(node: Node, key: str) -> Node | None:
    """Return the value under a part of a key: a key of a dict, a position in a list."""
    if isinstance(node.value, dict):
        return node.children.get(key)
    return node.children.get(int(key)) if key.isascii() and key.isdecimal() else None


def plain(node: Node) -> Any:
    """Return a value of dicts and lists, with what YAML takes over by `<<` and aliases."""
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
    """Return what to say of a file that holds something else than a table of keys and values."""
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
    """Return the byte order mark (or nothing) and the text of a UTF-8 file."""
    bom, rest = (_BOM, data[len(_BOM) :]) if data.startswith(_BOM) else (b"", data)
    try:
        return bom, rest.decode()
    except UnicodeDecodeError as error:
        before = rest[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        problem = f"expected UTF-8, found the byte 0x{rest[error.start]:02x}"
        raise MalformedError(path, problem, line, column) from None


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same and of the same types; a NaN is the same as a NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        # By their text: it tells 0.0 from -0.0, and every NaN is the same.
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def like(value: Any, default: Any) -> Any:
    """Return a value with tuples where the default has them: JSON knows lists only."""
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
    """Return what has to be replaced so that a node has a value: as few characters as will do.

    Parameters
    ----------
    document, node
        The text, and the value in it.
    value
        What it shall be.
    current
        What a node's value is when its characters stay; an alias may change without them.

    Raises
    ------
    ValueError
        If the format has no characters for the value; the message says why.
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
    """Return the text with characters replaced; edits are sorted by start and do not overlap."""
    parts = []
    position = 0
    for edit in edits:
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    parts.append(text[position:])
    return "".join(parts)


_LINE_END = re.compile(r"\r\n|\r|\n")


class LineIndex:
    r"""Where the lines of a text start, as Python counts them: `\n`, `\r\n` and `\r` end one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self.is_ascii = text.isascii()

    def offset(self, line: int, column_bytes: int) -> int:
        """Return the position of a line (from 1) and a column in bytes of UTF-8 (from 0)."""
        start = self.starts[line - 1]
        if self.is_ascii:
            return start + column_bytes
        # A character has at most four bytes and at least one.
        part = self.text[start : start + column_bytes]
        if part.isascii():
            return start + column_bytes
        return start + len(part.encode("utf-8", "surrogatepass")[:column_bytes].decode())

    def line_at(self, offset: int) -> int:
        """Return the number of the line (from 1) that holds a position."""
        return bisect.bisect_right(self.starts, offset)
