"""A glance into the files that a run made: small pictures, first rows, titles, and links.

One output of HTML, sent below a run that is shown again, of `MAX_HTML_BYTES` at most. Pictures are
made small by Pillow; without it those that are small are shown as they are. Scripts in an SVG are
not run: it is an image.
"""

from __future__ import annotations

import io
import urllib.parse
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from gage._internal.people import format_size
from gage._internal.quoting import quote
from gage._internal.store.made_files import MadeFile, content_of, made_files
from gage._internal.text import cut
from gage_nb.views.run_words import directory_from_here, is_served

if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["MAX_HTML_BYTES", "glances_html"]

MAX_HTML_BYTES = 200_000
MAX_GLANCES = 12
THUMBNAIL_PX = 200

_MAX_SOURCE_BYTES = 20 << 20
_MAX_PIXELS = 50_000_000
_AS_IT_IS_BYTES = 16_000
_MIMES = {"PNG": "image/png", "JPEG": "image/jpeg", "SVG": "image/svg+xml"}


def glances_html(run: Run) -> str:
    """Return the files that people look at first, "" where the run made none of them."""
    shown = [file for file in made_files(run) if file.kind]
    pieces = []
    left = MAX_HTML_BYTES
    directory = directory_from_here(run.run_dir)
    for file in shown[:MAX_GLANCES]:
        piece = _piece(run, file, directory)
        left -= len(piece.encode("utf-8", "replace"))
        if left < 0:
            break
        pieces.append(piece)
    if len(shown) > len(pieces):
        more = f"and {len(shown) - len(pieces):,} more: gage manifest {cut(run.name, 40)}"
        pieces.append(f"<div>{escape(more)}</div>")
    if not pieces:
        return ""
    if not is_served(directory):
        pieces.append(f"<div>in <code>{escape(cut(directory, 400))}</code></div>")
    style = "display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start;font-size:12px"
    return f"<div class=gage-glances style='{style}'>{''.join(pieces)}</div>"


def _piece(run: Run, file: MadeFile, directory: str) -> str:
    name = escape(cut(quote(file.path), 120))
    if is_served(directory):
        target = urllib.parse.quote(f"{directory}/{file.path}", errors="replace")
        name = f"<a href='{target}' target=_blank>{name}</a>"
    size = "" if file.size_bytes is None else format_size(file.size_bytes)
    about = escape(" · ".join(filter(None, [file.about, size])))
    look = _table(file.rows) if file.rows else _picture(run, file)
    return f"<div>{name} <small>{about}</small>{look}</div>"


def _table(rows: list[list[str]]) -> str:
    head, *body = rows
    cells = "".join(f"<th>{escape(text)}</th>" for text in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in body
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>"


def _picture(run: Run, file: MadeFile) -> str:
    if file.kind not in _MIMES:
        return ""
    try:
        data = content_of(run, file, _MAX_SOURCE_BYTES)
    except OSError:
        return ""
    mime = _MIMES[file.kind]
    if file.kind != "SVG":
        small = _thumbnail(data)
        mime, data = ("image/png", small) if small else (mime, data)
    if len(data) > _AS_IT_IS_BYTES * (1 if file.kind == "SVG" else 4):
        return ""
    url = f"data:{mime};base64,{b64encode(data).decode()}"
    style = f"max-width:{THUMBNAIL_PX}px;max-height:{THUMBNAIL_PX}px;display:block"
    return f"<img src='{url}' alt='{escape(cut(quote(file.path), 120))}' style='{style}'>"


def _thumbnail(data: bytes) -> bytes:
    """Return a small PNG, b"" where Pillow is not installed or cannot read the picture."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        return b""
    small = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > _MAX_PIXELS:
                return b""
            image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
            image.convert("RGBA").quantize(64).save(small, "PNG")
    except Exception:  # noqa: BLE001 - a file may hold anything
        return b""
    return small.getvalue()
