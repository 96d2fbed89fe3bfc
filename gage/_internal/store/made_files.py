"""Files that a run made, with a glance into those that people look at first.

    PNG, JPEG, SVG    width and height
    CSV, TSV          names of columns and first rows
    HTML              title

Only the beginning of a file is read, and nothing in it makes that fail.
"""

from __future__ import annotations

import os

from gage._internal.errors import GageError
from gage._internal.guarded import open_regular, read_regular
from gage._internal.named import NamedTuple
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.text import on_a_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["FIRST_COLUMNS", "FIRST_ROWS", "MadeFile", "content_of", "made_files", "made_paths"]

FIRST_ROWS = 5
FIRST_COLUMNS = 8

_HEAD_BYTES = 1 << 16
_CELL_CHARS = 40
_CACHES = frozenset({"__pycache__", ".cache", ".ipynb_checkpoints"})
_KINDS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".svg": "SVG",
    ".csv": "CSV",
    ".tsv": "TSV",
    ".html": "HTML",
    ".htm": "HTML",
}


class MadeFile(NamedTuple):
    """A file that a run made.

    `kind` is one of those that this module lists, or ""; `about` says what a glance tells (`640×480
    px`, a title); `rows` are the first of a table, the names of its columns before them.
    """

    path: str
    size_bytes: int | None
    kind: str
    about: str
    rows: list[list[str]]


def made_paths(run: Run) -> list[str]:
    """Return the paths of the files that a run made; caches of programs are left out."""
    try:
        entries = read_manifest(run_meta_path(run, "manifest"))
    except (GageError, OSError, ValueError):
        return []
    return [entry.path for entry in entries if entry.type == "g" and not _is_cache(entry.path)]


def made_files(run: Run) -> list[MadeFile]:
    """Return the files that a run made; those that people look at first come first."""
    found = [_looked_at(run, path) for path in dict.fromkeys(made_paths(run))]
    return sorted(found, key=lambda file: not file.kind)


def content_of(run: Run, file: MadeFile, most_bytes: int) -> bytes:
    """Return the content of a file that a run made.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file, or has more than `most_bytes`.
    """
    return read_regular(os.path.join(run.run_dir, file.path), most_bytes)


def _looked_at(run: Run, path: str) -> MadeFile:
    full_path = os.path.join(run.run_dir, path)
    kind = _KINDS.get(os.path.splitext(path)[1].lower(), "")
    size: int | None = None
    about, rows = "", []
    try:
        size = os.stat(full_path).st_size
        if kind:
            with open_regular(full_path) as file:
                head = file.read(_HEAD_BYTES)
            if kind in ("CSV", "TSV"):
                rows = _first_rows(head, "," if kind == "CSV" else "\t")
            else:
                about = _ABOUT[kind](head)
    except (OSError, ValueError):
        pass  # it is listed with what is known
    return MadeFile(path, size, kind, about, rows)


def _png_about(head: bytes) -> str:
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return ""
    return _pixels(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def _jpeg_about(head: bytes) -> str:
    """Return the size in the frame's header, which follows segments of any length."""
    place = 2
    while head[:2] == b"\xff\xd8" and place + 9 < len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = head[place + 5 : place + 7], head[place + 7 : place + 9]
            return _pixels(int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        place += 2 + int.from_bytes(head[place + 2 : place + 4], "big")
    return ""


def _svg_about(head: bytes) -> str:
    import re

    tag = re.search(rb"<svg\b[^>]*>", head)
    sizes = {
        name: match[1].decode("ascii", "replace")
        for name in ("width", "height")
        if tag and (match := re.search(rb"\b%s=['\"]([\d.]+[a-z]*)" % name.encode(), tag[0]))
    }
    return "×".join(sizes.values()) if len(sizes) == 2 else ""


def _html_about(head: bytes) -> str:
    import re

    title = re.search(rb"<title[^>]*>(.*?)</title>", head, re.DOTALL | re.IGNORECASE)
    return _cut(title[1].decode("utf-8", "replace").strip()) if title else ""


_ABOUT = {"PNG": _png_about, "JPEG": _jpeg_about, "SVG": _svg_about, "HTML": _html_about}


def _pixels(width: int, height: int) -> str:
    return f"{width}×{height} px"


def _first_rows(head: bytes, delimiter: str) -> list[list[str]]:
    import csv

    # What is cut off may end within a row.
    whole = head if len(head) < _HEAD_BYTES else head[: head.rfind(b"\n") + 1]
    lines = whole.decode("utf-8-sig", "replace").replace("\0", "␀").splitlines(keepends=True)
    rows = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                more = ["…"] if len(row) > FIRST_COLUMNS else []
                rows.append([*map(_cut, row[:FIRST_COLUMNS]), *more])
            if len(rows) > FIRST_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _cut(text: str) -> str:
    clean = on_a_line(text[: 2 * _CELL_CHARS])
    return clean if len(clean) <= _CELL_CHARS else f"{clean[: _CELL_CHARS - 1]}…"


def _is_cache(path: str) -> bool:
    """Return whether a file only saves a program time: nobody looks for it."""
    return path.endswith((".pyc", ".pyo")) or any(
        part in _CACHES or part.endswith("_cache") for part in path.split("/")[:-1]
    )
