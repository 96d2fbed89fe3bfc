"""The end of a run's output for a panel: read repeatedly, limited in size.

A table or a figure that the run shows is an output of the cell, below the panel (`results`). Its
text is in the run's output too; the panel replaces it by a line, `↓ display 1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gage._internal.errors import MetaError
from gage._internal.output.format import STDOUT
from gage._internal.output.own_paths import shorten_own_paths
from gage._internal.output.reader import OutputReader
from gage._internal.output.results import ResultsReader, is_rich, printed_text
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage_nb.views.run_panel import LIVE_TAIL_LINES
from gage_nb.views.terminal import Line, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gage._internal.types import Run

__all__ = ["MAX_COLUMNS", "TAIL_BYTES", "Tail", "TailReader"]

TAIL_BYTES = 16_384
MAX_COLUMNS = 1000

# Nested bars move up by one line for each that they draw: twice the lines are enough.
_MAX_LINES = 2 * LIVE_TAIL_LINES + 1
_DIM, _NORMAL = "\x1b[2m", "\x1b[22m"


class Tail(NamedTuple):
    """The last bytes and lines of an output, and the size of the whole."""

    data: bytes = b""
    lines: tuple[Line, ...] = ()
    earlier_lines: int = 0
    line_count: int = 0
    size_bytes: int = 0
    fault: str = ""


class _Shown(NamedTuple):
    """A text that the panel does not repeat: its offset in the output, the text, its mark."""

    at: int
    text: bytes
    mark: str


class TailReader:
    """Reads the tail of a run's output, again only if there is more."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._results = ResultsReader(run.meta_dir)
        self._key: tuple[str, int, int] | None = None
        self._tail = Tail()

    def read(self, output: str) -> Tail:
        """Return the tail of one of the run's outputs (`record.layout`)."""
        reader = OutputReader(run_meta_path(self._run, "output", output))
        key = (output, reader.size_bytes, reader.line_count)
        # A result may be recorded after its text was read.
        if self._has_new_results() or key != self._key:
            shown = self._shown() if output == RUN_OUTPUT else ()
            self._tail = _tail_of(reader, shown, self._run.run_dir)
            self._key = key
        return self._tail

    def _shown(self) -> Iterator[_Shown]:
        """Yield the texts of results, which are shown elsewhere, if shorter than the tail."""
        counts: dict[str, int] = {}
        for result in self._results.results:
            if is_rich(result):
                counts[result.kind] = counts.get(result.kind, 0) + 1
                if 0 < result.printed <= TAIL_BYTES:
                    text = printed_text(self._run.meta_dir, result)
                    yield _Shown(result.at, text, f"↓ {result.kind} {counts[result.kind]}")

    def _has_new_results(self) -> bool:
        try:
            return self._results.update()
        except (MetaError, OSError):
            return False  # the view of the results reports the error


def _tail_of(reader: OutputReader, shown: Iterable[_Shown], run_dir: str) -> Tail:
    """Read the end of an output by stream, or without streams if records are damaged."""
    fault = ""
    size_bytes, line_count = reader.size_bytes, reader.line_count
    try:
        chunks = reader.tail_by_stream(TAIL_BYTES, _MAX_LINES)
    except (MetaError, OSError) as error:
        fault = str(error)
        chunks = _without_records(reader)
    data = b"".join(piece for _, piece in chunks)
    count = data.count(b"\n") + (not data.endswith(b"\n")) if data else 0
    pieces = _without_shown(chunks, size_bytes - len(data), shown)
    pieces = [(stream, shorten_own_paths(piece, run_dir)) for stream, piece in pieces]
    rendered = render(pieces, max_lines=_MAX_LINES + 1, max_columns=MAX_COLUMNS)
    return Tail(data, tuple(rendered), max(0, line_count - count), line_count, size_bytes, fault)


def _without_records(reader: OutputReader) -> list[tuple[int, bytes]]:
    try:
        return [(STDOUT, reader.tail(TAIL_BYTES))]
    except (MetaError, OSError):
        return []


def _without_shown(
    chunks: list[tuple[int, bytes]], begin: int, shown: Iterable[_Shown]
) -> list[tuple[int, bytes]]:
    """Return the pieces of a tail with a mark in place of each result's text.

    `begin` is the offset of the tail in the output. A text that is not in its recorded place,
    because another thread printed at the same moment, stays.
    """
    marks = []
    data = b"".join(piece for _, piece in chunks)
    for offset, text, mark in shown:
        at = offset - begin
        end = at + len(text)
        if end > 0 and data[max(at, 0) : end] == text[max(-at, 0) :]:
            marks.append((max(at, 0), end, f"{_DIM}{mark}{_NORMAL}\n".encode()))
    return _replaced(chunks, marks)


def _replaced(
    chunks: list[tuple[int, bytes]], marks: Sequence[tuple[int, int, bytes]]
) -> list[tuple[int, bytes]]:
    """Return pieces with some ranges, which do not overlap, replaced by other bytes."""
    found: list[tuple[int, bytes]] = []
    offset = 0
    for stream, piece in chunks:
        position, end = offset, offset + len(piece)
        for begin, stop, mark in marks:
            if begin >= end or stop <= offset:
                continue
            found.append((stream, piece[position - offset : max(begin, offset) - offset]))
            if begin >= offset:
                found.append((stream, mark))
            position = max(position, min(stop, end))
        found.append((stream, piece[position - offset :]))
        offset = end
    return [(stream, piece) for stream, piece in found if piece]
