"""Lines of a terminal as HTML, and their colours.

Line → to_html → the content of a `<pre>`, whose classes `ANSI_CSS` defines
"""

from __future__ import annotations

import html
from itertools import groupby
from typing import TYPE_CHECKING

from gage_nb.views.terminal import STDERR
from gage_nb.views.text_style import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage_nb.views.terminal import Line, Span

__all__ = ["ANSI_CSS", "DARK_PAGES", "to_html"]


def to_html(lines: Sequence[Line], max_bytes: int = 32_768) -> tuple[str, int]:
    """Return the last lines as the content of a `<pre>`, and their number.

    All text is escaped. Colours are classes of `ANSI_CSS`; weights are elements, so that they
    remain if style is removed; text of stderr is in `<i class="err">`. A line that is too long for
    `max_bytes` by itself is shown without style, or not at all.
    """
    parts: list[str] = []
    left = max_bytes
    for line in reversed(lines):
        part = _line_html(line)
        size = len(part.encode()) + 1
        if size > left and not parts:
            part = html.escape(line.text + _more(line), quote=False)
            size = len(part.encode()) + 1
        if size > left:
            break
        left -= size
        parts.append(part)
    return "\n".join(reversed(parts)), len(parts)


# Colours that are readable on white and, on a page that says it is dark, on black: JupyterLab,
# VS Code and Colab each say so in their own way. `prefers-color-scheme` would be wrong, since pages
# of notebooks do not follow the system.
_LIGHT = (
    *("#3b3b3b", "#c4302b", "#1a7f37", "#8a6100", "#0b5fcc", "#a3379b", "#0f7b83", "#6b6b6b"),
    *("#767676", "#e0443e", "#2a9d48", "#a87400", "#2f81f7", "#bf4fb7", "#1b98a1", "#8c8c8c"),
)
_DARK = (
    *("#8b8b8b", "#ff7b72", "#56d364", "#e3b341", "#79b8ff", "#e2a1dc", "#5fd3dc", "#d0d0d0"),
    *("#a0a0a0", "#ffa198", "#7ee787", "#f2cc60", "#a5d0ff", "#f0bfeb", "#8be5ec", "#ffffff"),
)
DARK_PAGES = ("[data-jp-theme-light=false]", ".vscode-dark", "html[theme=dark]")


def _palette(colors: Sequence[str]) -> str:
    return ";".join(f"--g{index}:{color}" for index, color in enumerate(colors))


ANSI_CSS = (
    f".gage{{{_palette(_LIGHT)}}}"
    + ",".join(f"{page} .gage" for page in DARK_PAGES)
    + f"{{{_palette(_DARK)}}}"
    + "".join(
        f".gage .f{index}{{color:var(--g{index})}}.gage .b{index}{{background:var(--g{index})}}"
        for index in range(16)
    )
    + """\
.gage .bg{color:var(--jp-layout-color0,#fff)}
.gage .dim{opacity:.65}
.gage .inv{background:var(--jp-content-font-color1,#333);color:var(--jp-layout-color0,#fff)}
.gage .err{font-style:normal;border-left:3px solid #d98324;margin-left:-9px;padding-left:6px}
.gage .more{opacity:.65;font-style:italic}
"""
)


def _more(line: Line) -> str:
    return f"… {line.more:,} more characters" if line.more else ""


def _line_html(line: Line) -> str:
    parts = []
    for stream, spans in groupby(line.spans, key=lambda span: span.stream):
        inner = "".join(_span_html(span) for span in spans)
        parts.append(f'<i class="err">{inner}</i>' if stream == STDERR else inner)
    if line.more:
        parts.append(f'<span class="more">{_more(line)}</span>')
    return "".join(parts)


def _span_html(span: Span) -> str:
    text = html.escape(span.text, quote=False)
    style = span.style
    if style == PLAIN:
        return text
    for on, tag in ((style.underline, "u"), (style.strike, "s"), (style.bold, "b")):
        text = f"<{tag}>{text}</{tag}>" if on else text
    text = f"<em>{text}</em>" if style.italic else text
    classes, inline = [], []
    for color, letter, name in ((style.fg, "f", "color"), (style.bg, "b", "background")):
        if isinstance(color, int):
            classes.append(f"{letter}{color}")
        elif color is not None:
            inline.append(f"{name}:{color}")
    classes += ["bg"] if style.bg is not None and style.fg is None else []
    classes += ["dim"] if style.dim else []
    classes += ["inv"] if style.inverse else []
    attributes = f' class="{" ".join(classes)}"' if classes else ""
    attributes += f' style="{";".join(inline)}"' if inline else ""
    return f"<span{attributes}>{text}</span>" if attributes else text
