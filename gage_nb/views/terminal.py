r"""The output of a run as the lines that a small terminal would show.

    chunks (stream, bytes) → Terminal → Line(spans, more) → terminal_html.to_html

It supports what `tqdm`, `pip`, compilers and loggers write: `\r`, `\b`, tabs, `\n` (which also
returns to the first column, as in a terminal's driver), cursor up, down, forward, back and to a
column (CSI A B C D E F G), erasing in the line and in the display (CSI K J), colours and weights
(SGR). Titles, hyperlinks and other strings (OSC, DCS, …) and other sequences are dropped; bytes
that are not UTF-8 become U+FFFD.

It differs from a terminal on purpose: lines do not wrap and the screen has no height, so the cursor
moves within the kept lines; a character is one column wide; a line keeps `max_columns` characters
and counts the rest.

`pyte` (0.8.2, the well maintained emulator on PyPI) is not used, since it emulates a whole screen
of fixed size, character by character, and needs 200 ms of processor time for the 32 kB of a tail.
This module needs 2 to 8 ms: at ten updates a second, the kernel would do nothing else. `pyte` also
wraps and cuts at the screen's edge, where we have to say what is left out, and its cells cannot
have a stream.
"""

from __future__ import annotations

import codecs
import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from gage_nb.views.text_style import PLAIN, Style, changed, count

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "STDERR",
    "UNFINISHED",
    "Line",
    "Span",
    "Terminal",
    "render",
]

STDERR = 1


class Span(NamedTuple):
    """Text of one style from one stream (0 stdout, 1 stderr)."""

    text: str
    style: Style
    stream: int


class Line(NamedTuple):
    """A line; `more` counts the characters beyond the kept columns."""

    spans: tuple[Span, ...]
    more: int = 0

    @property
    def text(self) -> str:
        """The kept characters."""
        return "".join(span.text for span in self.spans)


class _Row:
    __slots__ = ("chars", "pens", "width")

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.pens: list[tuple[Style, int]] = []
        self.width = 0


_TAB = 8
# An unfinished sequence longer than this is not a sequence: it is shown as text.
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
    """A terminal that keeps the last `max_lines` lines."""

    def __init__(self, max_lines: int = 1000, max_columns: int = 1000) -> None:
        self._max_lines = max_lines
        self._max_columns = max_columns
        self._rows = [_Row()]
        self._row = 0
        self._column = 0
        self._style = PLAIN
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}
        self._pending: dict[int, str] = {}

    def feed(self, stream: int, data: bytes, *, final: bool = False) -> None:
        """Show bytes of a stream; characters and sequences may continue in the next bytes.

        `final` means that nothing follows: unfinished characters and sequences are shown.
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
        """Show unfinished characters and sequences; nothing follows."""
        for stream in list(self._decoders):
            self.feed(stream, b"", final=True)

    @property
    def lines(self) -> list[Line]:
        """The present lines, without empty ones at the end."""
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
            change = changed if len(params) <= 64 else changed.__wrapped__
            self._style = change(self._style, params)
            return
        number = count(params)
        if final in "AF":
            self._row = max(0, self._row - max(1, number))
        elif final in "BE":
            # A terminal does not scroll; where its screen ends is unknown, so use the last line.
            self._row = min(len(self._rows) - 1, self._row + max(1, number))
        elif final == "C":
            self._column = min(self._max_columns - 1, self._column + max(1, number))
        elif final == "D":
            self._column = max(0, self._column - max(1, number))
        elif final == "G":
            self._column = min(self._max_columns - 1, max(1, number) - 1)
        elif final == "K":
            self._erase_in_line(number)
        elif final == "J":
            self._erase_in_display(number)
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
            row.pens[:end] = [(PLAIN, 0)] * end
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
            # `clear` moves the cursor home first; without a screen height, that is here.
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
        row.pens += [(PLAIN, 0)] * missing
