"""Configuration in notebooks: assignments of simple values in the code cells of an `.ipynb` file.

If a cell has the tag `parameters`, as for papermill, only that cell is read. Otherwise all code
cells are read, and a name that several cells assign has the value of the last.

A notebook is JSON with Python in its cells: a value's place in a cell is converted to a place in
the JSON text, with its escapes. Only those characters change, so outputs, metadata, indentation and
the division into lines stay as they are.

IPython's own syntax (`%magic`, `!command`, `name?`) is skipped. A cell whose magic runs its body in
the kernel (`%%time`, `%%capture`) keeps its assignments. A cell with any other cell magic has
none: it holds another language or runs elsewhere.
"""

from __future__ import annotations

import json
import re

from gage._internal.config.document import Document, LineIndex, Node, decode_utf8
from gage._internal.config.json_file import read_tree
from gage._internal.config.python_source import assignments, encode_python, mark_state, parse
from gage._internal.config.state_names import bindings
from gage._internal.errors import ConfigError
from gage._internal.sources.cell_text import parses, without_magics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["read"]

_TAG = "parameters"

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\."
)


def read(data: bytes, path: str) -> Document:
    """Read the values of a notebook.

    Raises
    ------
    ConfigError
        If it is not a notebook of format 4, or no cell can be read as Python; the message names
        the line.
    """
    bom, text = decode_utf8(data, path)
    cells = _code_cells(read_tree(text, path), path)
    tagged = [cell for cell in cells if _TAG in _tags(cell)]
    roots: dict[str, Node] = {}
    for cell in tagged or cells:
        found, bound = _cell_values(text, cell.children["source"])
        for name in roots.keys() & bound:
            roots[name].state = True  # unless this cell assigns it a simple value
        roots.update(found)

    def encode(node: Node, value: Any) -> str:
        # Line ends inside a cell are always \n.
        new = encode_python(value, node.style)
        return json.dumps(new, ensure_ascii=text.isascii())[1:-1]

    return Document(path, text, roots, encode, bom=bom)


def _code_cells(root: Node, path: str) -> list[Node]:
    version = root.value.get("nbformat") if isinstance(root.value, dict) else None
    cells = root.children.get("cells") if isinstance(root.value, dict) else None
    if version != 4 or cells is None or not isinstance(cells.value, list):
        raise ConfigError(
            f"{path}: expected a notebook of nbformat 4 with cells, found "
            + (f"nbformat {version}" if version is not None else "another JSON file")
        )
    return [
        cell
        for cell in cells.children.values()
        if isinstance(cell.value, dict)
        and cell.value.get("cell_type") == "code"
        and "source" in cell.children
    ]


def _tags(cell: Node) -> Iterable[Any]:
    metadata = cell.value.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tags if isinstance(tags, list) else ()


def _cell_values(text: str, source: Node) -> tuple[dict[str, Node], set[str]]:
    """Return the values of a cell by name, and every name that it binds."""
    items = [source] if isinstance(source.value, str) else list(source.children.values())
    code = "".join(item.value for item in items if isinstance(item.value, str))
    masked, hidden = without_magics(code)
    if not parses(masked):
        return {}, set()
    module = parse(masked)
    index = LineIndex(code)
    places = _Places(text, items)
    found = {}
    for name, node in assignments(module, index):
        lines = range(index.line_at(node.start), index.line_at(max(node.end - 1, 0)) + 1)
        if hidden.keys().isdisjoint(lines):
            found[name] = node
    mark_state(found, module, index)
    moved: set[int] = set()
    for node in found.values():
        _move(node, code, places, moved)
    return found, set(bindings(module, code))


class _Places:
    """The places of a cell's characters in the text of the notebook."""

    def __init__(self, text: str, items: Iterable[Node]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for item in items:
            if isinstance(item.value, str):
                self._add(text, item.start + 1, item.end - 1)

    def _add(self, text: str, position: int, end: int) -> None:
        for match in _ESCAPE.finditer(text, position, end):
            self._add_plain(position, match.start())
            self.starts.append(match.start())
            self.ends.append(match.end())
            position = match.end()
        self._add_plain(position, end)

    def _add_plain(self, start: int, end: int) -> None:
        self.starts.extend(range(start, end))
        self.ends.extend(range(start + 1, end + 1))


def _move(node: Node, code: str, places: _Places, moved: set[int]) -> None:
    """Convert places in the source of a cell to places in the notebook."""
    if id(node) in moved:
        return
    moved.add(id(node))
    node.style = code[node.start : node.end]
    node.start, node.end = places.starts[node.start], places.ends[node.end - 1]
    for below in node.children.values():
        _move(below, code, places, moved)
