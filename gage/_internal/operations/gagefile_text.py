"""The text of a Gage file: its data, and the line of each key.

It is read by the readers of configuration (`config.formats`), so that `yes` or a comment mean the
same in both. A Gage file has at most `MAX_BYTES` bytes and `MAX_DEPTH` levels of tables and lists.
The path of a key has the names and positions that lead to it: `("train", "depends", 0)`.
"""

from __future__ import annotations

import os

from gage._internal.config.formats import read_document
from gage._internal.errors import MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.config.document import Document, Node
    from gage._internal.operations.explaining import Found, KeyPath

__all__ = ["MAX_BYTES", "MAX_DEPTH", "line_of", "oddities_of", "read_gagefile"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
_SUFFIXES = (".toml", ".yaml", ".yml", ".json")


def read_gagefile(path: str, raw: bytes) -> Document:
    """Return the content of a Gage file; its suffix names the format.

    Raises
    ------
    MalformedError, ConfigError
        If it is not of that format, or the format's reader is not installed.
    """
    if os.path.splitext(path)[1].lower() not in _SUFFIXES:
        name = os.path.basename(path)
        problem = f"expected a name that ends in .toml, .yaml, .yml or .json, found {name!r}"
        raise MalformedError(path, problem)
    if len(raw) > MAX_BYTES:
        problem = f"expected at most {MAX_BYTES:,} bytes, found {len(raw):,}"
        raise MalformedError(path, problem)
    document = read_document(path, raw)
    for node in document.roots.values():
        _check_depth(document, node, 1)
    return document


def _check_depth(document: Document, node: Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        problem = f"expected at most {MAX_DEPTH} levels of tables and lists, found more"
        raise MalformedError(document.path, problem, document.key_line(node))
    for below in (node.target or node).children.values():
        _check_depth(document, below, depth + 1)


def line_of(document: Document, path: KeyPath) -> int | None:
    """Return the line of a key, or of the nearest key around it; None if there is none."""
    line = None
    node = document.roots.get(str(path[0])) if path else None
    for key in (*path[1:], None):
        if node is None:
            break
        line = document.key_line(node) or line
        node = node.children.get(key)
    return line


def oddities_of(document: Document) -> list[Found]:
    """Return things that the format allows and a Gage file does not: repeated keys, tags."""
    if not document.oddities:
        return []
    wanted = {id(oddity.node): oddity.message for oddity in document.oddities}
    found: list[Found] = []
    waiting: list[tuple[KeyPath, Any]] = [((name,), node) for name, node in document.roots.items()]
    while waiting:
        path, node = waiting.pop()
        if id(node) in wanted:
            found.append((path, wanted.pop(id(node))))
        waiting += [((*path, key), below) for key, below in node.children.items()]
    return [*found, *(((), message) for message in wanted.values())]
