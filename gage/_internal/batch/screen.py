"""A batch at the end of a terminal: its table and a bar, redrawn in place; the table stays.

      #  run          status       time    lr    loss
      0  kafom-fikud  ✔ completed  3.15 s  0.1  0.031
      1  lutiv-hibad  ● running 40%  0:01  0.2  0.084
    vitan-vaman ━━━━━━━━━━━━━━━━╸─────── 70% · 1 of 2 · 0:04 · 1 completed · 1 running

No line is longer than the terminal is wide, and there are no more than it is high. Pipes and files
get none of this: see `is_terminal`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO
from unicodedata import east_asian_width

from gage._internal.batch.state import BatchReader
from gage._internal.batch.state_text import (
    columns_without_room,
    counts_text,
    note_texts,
    sign_and_word,
    table_lines,
)
from gage._internal.people import format_bar, format_count
from gage._internal.text import cut, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.batch.batch import Batch
    from gage._internal.batch.state import BatchState

__all__ = ["BatchScreen", "is_terminal", "print_batch"]

_SIZE = os.terminal_size((80, 24))  # of a terminal that does not say it
_LEAST_COLUMNS = 40
_MOST_NAMES = 5


def is_terminal(out: TextIO) -> bool:
    """Return whether lines of this stream can be redrawn."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


class BatchScreen:
    """The last lines of a terminal. Between two calls, nothing else may be written to it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn: list[str] = []

    def update(self, state: BatchState) -> None:
        """Draw a running batch in place of what was drawn."""
        size = _size_of(self._out)
        chars = min(24, size.columns // 4)
        bar = f"{cut(state.name, 40)} {format_bar(state.done, chars)} {100 * state.done:.0f}%"
        lines = _table(state, size, size.lines - 3)
        self._draw([*lines, f"{bar} · {counts_text(state)}".lstrip()], size.columns)

    def finish(self, state: BatchState) -> None:
        """Draw the table that stays; what is written next is below it."""
        size = _size_of(self._out)
        self._draw(_table(state, size, len(state.rows) + 2), size.columns)
        self._out.write("\n")
        self._out.flush()
        self._drawn = []

    def erase(self) -> None:
        """Erase what was drawn; what is written next is in its place."""
        self._draw([], _size_of(self._out).columns)

    def _draw(self, lines: Sequence[str], columns: int) -> None:
        shown = [_clipped(line, columns - 1) for line in lines]
        if shown and shown == self._drawn:
            return
        # A terminal that is narrower now has wrapped the lines.
        height = sum(max(1, -(-_width(line) // columns)) for line in self._drawn)
        up = f"\x1b[{height - 1}A" if height > 1 else ""
        begin = f"\r{up}" if self._drawn else ""
        self._out.write(begin + "\n".join(f"{line}\x1b[K" for line in shown) + "\x1b[J")
        self._out.flush()
        self._drawn = shown


def print_batch(batch: Batch, out: TextIO) -> None:
    """Print what a batch is and how far it is, with the table, as wide as the terminal."""
    state = BatchReader(batch=batch).read()
    sign, word = sign_and_word(state)
    heads = [f"{sign} {state.operation} {state.name} · {word} · {state.text}", counts_text(state)]
    out.writelines(f"{cut(line, 1000)}\n" for line in heads)
    BatchScreen(out).finish(state)
    out.writelines(f"note: {note}\n" for note in note_texts(state))


def _table(state: BatchState, size: os.terminal_size, most: int) -> list[str]:
    """Return the lines of the table, at most `most` of them, with what is not shown."""
    width = size.columns - 1
    rows = state.rows
    hidden = state.count - len(rows)
    names = [*state.left_out, *columns_without_room(state, rows, width)]
    extra = 1 + bool(hidden) + bool(names)
    if len(rows) + extra > most:
        rows = rows[: max(1, most - 1 - 1 - bool(names))]
        hidden = state.count - len(rows)
    lines = table_lines(state, rows, width)
    if hidden:
        lines.append(f"  … {format_count(hidden, 'more trial')}")
    if names:
        lines.append(f"  … columns not shown: {listed(names, most=_MOST_NAMES)}")
    return lines


def _size_of(out: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        size = _SIZE
    lines = size.lines or _SIZE.lines
    return os.terminal_size((max(size.columns or _SIZE.columns, _LEAST_COLUMNS), lines))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _clipped(text: str, columns: int) -> str:
    """Return text that is at most so many columns wide; most characters have one."""
    while _width(text) > columns:
        text = f"{text[: len(text) - 2]}…"
    return text
