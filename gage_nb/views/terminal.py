r"""Output of a run as a small terminal would show it, as lines, HTML and plain text.

    chunks (stream, bytes) → Terminal → Line(spans, more) → to_html · to_text

What counts is what `tqdm`, `pip`, compilers and loggers write: `\r`, `\b`, tabs, `\n` (which also
returns to the first column, as a terminal's driver makes it), cursor up, down, forward, back and
to a column (CSI A B C D E F G), erasing in the line and in the display (CSI K J), colours and
weights (SGR). Titles, hyperlinks and other strings (OSC, DCS, …) are swallowed, other sequences
dropped, bytes that are not UTF-8 become U+FFFD.

Where it differs from a terminal, on purpose: lines do not wrap and the screen has no height, so
the cursor moves within the lines that are kept; a character is one column wide; a line keeps
`max_columns` characters and counts the rest.

Why not `pyte` (0.8.2, the well-kept emulator on PyPI): it emulates a whole screen of fixed size,
one character a step, and needs 200 ms of processor time for the 32 kB of a tail where this module
needs 2 to 8: at ten updates a second the kernel would do nothing else. It wraps and cuts at the
screen's edge where we have to say what is left out, and its cells cannot carry the stream that
they came from.
"""

from __future__ import annotations

import codecs
import html
import re
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ANSI_CSS",
    "DARK_PAGES",
    "Line",
    "Span",
    "Style",
    "Terminal",
    "render",
    "to_html",
    "to_text",
]

STDERR = 1

# A color is 0-255 of the usual palette, or "#rrggbb".
Color = int | str


class Style(NamedTuple):
    """How a piece of text looks."""

    fg: Color | None = None
    bg: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False


class Span(NamedTuple):
    """Text of one style from one stream (0 stdout, 1 stderr)."""

    text: str
    style: Style
    stream: int


class Line(NamedTuple):
    """A line as it stands; `more` counts the characters beyond the columns that are kept."""

    spans: tuple[Span, ...]
    more: int = 0

    @property
    def text(self) -> str:
        """The characters that are kept."""
        return "".join(span.text for span in self.spans)


class _Row:
    __slots__ = ("chars", "pens", "width")

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.pens: list[tuple[Style, int]] = []
        self.width = 0


_PLAIN = Style()
_TAB = 8
# An unfinished sequence longer than this is not one: what follows is shown.
_MAX_PENDING = 4096

_TOKENS = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
# A sequence that the end of the text cuts.
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")


class Terminal:
    """A terminal that keeps the last `max_lines` lines of what it is fed."""

    def __init__(self, max_lines: int = 1000, max_columns: int = 1000) -> None:
        self._max_lines = max_lines
        self._max_columns = max_columns
        self._rows = [_Row()]
        self._row = 0
        self._column = 0
        self._style = _PLAIN
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}
        self._pending: dict[int, str] = {}

    def feed(self, stream: int, data: bytes, *, final: bool = False) -> None:
        """Show bytes of a stream; characters and sequences may go on in the next ones.

        `final` says that nothing follows: what is unfinished is shown as it can be.
        """
        decoder = self._decoders.get(stream)
        if decoder is None:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._decoders[stream] = decoder
        text = self._pending.pop(stream, "") + decoder.decode(data, final)
        if not final:
            unfinished = UNFINISHED.search(text, max(0, len(text) - _MAX_PENDING))
            if unfinished:
                self._pending[stream] = text[unfinished.start() :]
                text = text[: unfinished.start()]
        for token in _TOKENS.finditer(text):
            kind = token.lastgroup
            if kind == "text":
                self._put(token[0], stream)
            elif kind == "control":
                self._control(token[0])
            elif kind == "final":
                self._sequence(token["params"], token["final"])

    def close(self) -> None:
        """Show what is unfinished; nothing follows."""
        for stream in list(self._decoders):
            self.feed(stream, b"", final=True)

    @property
    def lines(self) -> list[Line]:
        """The lines as they stand; empty ones at the end are left out."""
        lines = [_line(row, self._max_columns) for row in self._rows]
        while lines and not lines[-1].spans and not lines[-1].more:
            lines.pop()
        return lines

    def _put(self, text: str, stream: int) -> None:
        row, column, end = self._rows[self._row], self._column, self._column + len(text)
        self._column = end
        row.width = max(row.width, end)
        room = self._max_columns - column
        if room <= 0:
            return
        if end > self._max_columns:
            text, end = text[:room], self._max_columns
        _pad(row, column)
        row.chars[column:end] = text
        row.pens[column:end] = [(self._style, stream)] * len(text)

    def _control(self, char: str) -> None:
        if char == "\n":
            self._column = 0
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append(_Row())
                if len(self._rows) > self._max_lines:
                    del self._rows[0]
                    self._row -= 1
        elif char == "\r":
            self._column = 0
        elif char == "\b":
            self._column = max(0, self._column - 1)
        elif char == "\t":
            self._column += _TAB - self._column % _TAB

    def _sequence(self, params: str, final: str) -> None:
        if final == "m":
            # Programs use few styles, and a cache of short texts stays small.
            change = _changed if len(params) <= 64 else _changed.__wrapped__
            self._style = change(self._style, params)
            return
        count = _count(params)
        if final in "AF":
            self._row = max(0, self._row - max(1, count))
        elif final in "BE":
            # A terminal does not scroll for it; where its screen ends is not known, the text is.
            self._row = min(len(self._rows) - 1, self._row + max(1, count))
        elif final == "C":
            self._column = min(self._max_columns - 1, self._column + max(1, count))
        elif final == "D":
            self._column = max(0, self._column - max(1, count))
        elif final == "G":
            self._column = min(self._max_columns - 1, max(1, count) - 1)
        elif final == "K":
            self._erase_in_line(count)
        elif final == "J":
            self._erase_in_display(count)
        if final in "EF":
            self._column = 0

    def _erase_in_line(self, how: int) -> None:
        row = self._rows[self._row]
        if how == 0:
            del row.chars[self._column :], row.pens[self._column :]
            row.width = min(row.width, self._column)
        elif how == 1:
            end = min(self._column + 1, len(row.chars))
            row.chars[:end] = " " * end
            row.pens[:end] = [(_PLAIN, 0)] * end
        elif how == 2:
            self._rows[self._row] = _Row()

    def _erase_in_display(self, how: int) -> None:
        if how == 0:
            self._erase_in_line(0)
            del self._rows[self._row + 1 :]
        elif how == 1:
            self._rows[: self._row] = [_Row() for _ in range(self._row)]
            self._erase_in_line(1)
        else:
            # `clear` homes the cursor first; with no screen height that is here.
            self._rows, self._row, self._column = [_Row()], 0, 0


def render(
    chunks: Iterable[tuple[int, bytes]], *, max_lines: int = 1000, max_columns: int = 1000
) -> list[Line]:
    """Return the lines that a terminal shows after these chunks of (stream, bytes)."""
    terminal = Terminal(max_lines, max_columns)
    for stream, data in chunks:
        terminal.feed(stream, data)
    terminal.close()
    return terminal.lines


def to_text(lines: Iterable[Line]) -> str:
    """Return lines as plain text."""
    return "\n".join(line.text + _more(line) for line in lines)


def to_html(lines: Sequence[Line], max_bytes: int = 32_768) -> tuple[str, int]:
    """Return the last lines as the content of a `<pre>`, and how many of them that are.

    All text is escaped. Colours are classes that `ANSI_CSS` defines, weights are elements, so
    that they survive where style is taken away; what stderr wrote is in `<i class="err">`.
    A line that is too long for `max_bytes` by itself is shown without its looks, or not at all.
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


# Colours that can be read on white and, where a page says that it is dark, on black: JupyterLab,
# VS Code and Colab each say it in their own way. `prefers-color-scheme` would be wrong: pages of
# notebooks do not follow the system.
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


def _line(row: _Row, max_columns: int) -> Line:
    chars, pens = row.chars, row.pens
    end = len(chars)
    while end and chars[end - 1] == " " and not _visible_blank(pens[end - 1][0]):
        end -= 1
    more = max(0, row.width - max_columns)
    if not end:
        return Line((), more)
    first = pens[0]
    if pens.count(first) == len(pens):
        return Line((Span("".join(chars[:end]), *first),), more)
    spans = []
    position = 0
    for pen, group in groupby(pens[:end]):
        length = sum(1 for _ in group)
        spans.append(Span("".join(chars[position : position + length]), *pen))
        position += length
    return Line(tuple(spans), more)


def _visible_blank(style: Style) -> bool:
    return style.bg is not None or style.inverse or style.underline


def _pad(row: _Row, column: int) -> None:
    missing = column - len(row.chars)
    if missing > 0:
        row.chars += " " * missing
        row.pens += [(_PLAIN, 0)] * missing


def _count(params: str) -> int:
    digits = params.partition(";")[0]
    # Nine digits are more than any screen; int() of a megabyte of them would take seconds.
    return int(digits[:9]) if digits.isascii() and digits.isdigit() else 0


_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
}


@lru_cache(maxsize=1024)
def _changed(style: Style, params: str) -> Style:
    """Return a style after a SGR sequence; what is not known in it is left out."""
    if not params:
        return _PLAIN
    codes = params.split(";")[:64]
    position = 0
    while position < len(codes):
        code, *parts = codes[position].split(":")
        position += 1
        number = _count(code)
        if number == 0:
            style = _PLAIN if not code.strip("0") else style
        elif number == 4 and parts:
            style = style._replace(underline=_count(parts[0]) != 0)
        elif number in _SWITCHES:
            style = style._replace(**_SWITCHES[number])
        elif number in (38, 48):
            if parts:
                # 38:2:SPACE:r:g:b has a color space that 38:2:r:g:b leaves out.
                values = parts[:1] + parts[-3:] if parts[0] == "2" else parts
            else:
                values = codes[position : position + 4]
                position += 2 if values[:1] == ["5"] else 4 if values[:1] == ["2"] else 0
            color = _color(values)
            if color is not None:
                style = style._replace(fg=color) if number == 38 else style._replace(bg=color)
        elif number == 39:
            style = style._replace(fg=None)
        elif number == 49:
            style = style._replace(bg=None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style = style._replace(fg=number - 30 if number < 90 else number - 82)
        elif 40 <= number <= 47 or 100 <= number <= 107:
            style = style._replace(bg=number - 40 if number < 100 else number - 92)
    return style


def _color(values: list[str]) -> Color | None:
    numbers = [min(255, _count(value)) for value in values]
    if numbers[:1] == [5] and len(numbers) > 1:
        return numbers[1] if numbers[1] < 16 else _hex_of(numbers[1])
    if numbers[:1] == [2] and len(numbers) > 3:
        return _hex(*numbers[1:4])
    return None


def _hex_of(index: int) -> str:
    """Return a colour of the 256: a cube of six steps, then 24 greys."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return _hex(grey, grey, grey)
    steps = (0, 95, 135, 175, 215, 255)
    index -= 16
    return _hex(steps[index // 36], steps[index // 6 % 6], steps[index % 6])


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"


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
    if style == _PLAIN:
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
