"""The state of a batch in words: the cells of its table, its counts, its notes.

    BatchState → batch_text, for terminals and the text of a panel

Everything that comes from a run is printable and limited in size. A status is a word and a sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.batch.state import WAITING
from gage._internal.people import (
    STATUS_SIGNS,
    format_count,
    format_duration,
    format_number,
    format_numbers,
    format_time,
)
from gage._internal.text import cut
from gage._internal.text_table import INDENT, columns_that_fit, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.batch.state import BatchState, TrialRow

__all__ = [
    "STATUS_COLUMN",
    "as_of_text",
    "batch_text",
    "cells_of",
    "columns_without_room",
    "counts_text",
    "foot_texts",
    "headings_of",
    "note_texts",
    "number_columns",
    "sign_and_word",
    "table_lines",
]

_CELL_CHARS = 40
_MAX_NOTES = 5
_FIXED = ("#", "run", "status", "time")
_RUN, STATUS_COLUMN, _TIME = 1, 2, 3
_SIGNS = {**STATUS_SIGNS, WAITING: "·"}
_ORDER = ("completed", "error", "terminated", "damaged", "running", WAITING)


def batch_text(state: BatchState) -> str:
    """Return the panel as plain text."""
    sign, word = sign_and_word(state)
    head = f"{sign} {cut(state.operation, 80)} {cut(state.name, 40)}".rstrip()
    lines = [f"{head} · {word} · {cut(state.text, 400)}", counts_text(state)]
    if state.name and not state.ended:
        lines.append(as_of_text(state))
    lines += table_lines(state, state.rows)
    lines += [f"note: {note}" for note in note_texts(state)]
    hidden = len(state.folded) + state.more
    foot = [f"{format_count(hidden, 'more trial')} not shown"] if hidden else []
    return "\n".join([*lines, *filter(None, [" · ".join([*foot, *foot_texts(state)])])])


def table_lines(state: BatchState, rows: Sequence[TrialRow], width: int | None = None) -> list[str]:
    """Return the table of some rows; with a width, of the columns that fit."""
    headings, cells, numbers = headings_of(state), cells_of(state, rows), number_columns(state)
    return text_table(headings, cells, numbers, width, whole={_RUN})


def columns_without_room(state: BatchState, rows: Sequence[TrialRow], width: int) -> list[str]:
    """Return the headings of the columns that `table_lines` leaves out."""
    headings = headings_of(state)
    whole = {*number_columns(state), _RUN}
    room = width - len(INDENT)
    return headings[columns_that_fit(headings, cells_of(state, rows), whole, room) :]


def headings_of(state: BatchState) -> list[str]:
    """Return the headings of the table's columns."""
    columns = [cut(name, _CELL_CHARS) for name in (*state.columns, *state.metrics)]
    return [*_FIXED, *columns]


def number_columns(state: BatchState) -> set[int]:
    """Return the positions of the columns whose values are numbers."""
    shown = (*state.rows, *state.folded)
    values = [[row.asked.get(key) for row in shown] for key in state.columns]
    start = len(_FIXED)
    numbers = {start + i for i, column in enumerate(values) if _is_numeric(column)}
    metrics = range(start + len(values), start + len(values) + len(state.metrics))
    return {0, _TIME, *numbers, *metrics}


def _is_numeric(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    )


def cells_of(state: BatchState, rows: Sequence[TrialRow]) -> list[list[str]]:
    """Return the texts of rows; numbers of a column have equal digits."""
    columns = [
        [str(row.index) for row in rows],
        [cut(row.name, 40) for row in rows],
        [_status_cell(state, row) for row in rows],
        [format_duration(row.seconds, ended=row.status != "running") for row in rows],
    ]
    columns += [_texts([row.asked.get(key) for row in rows]) for key in state.columns]
    columns += [_texts([row.metrics.get(name) for row in rows]) for name in state.metrics]
    return [list(cells) for cells in zip(*columns, strict=True)]


def _texts(values: Sequence[Any]) -> list[str]:
    return format_numbers(values) if _is_numeric(values) else [_value_text(v) for v in values]


def _status_cell(state: BatchState, row: TrialRow) -> str:
    word = row.words or _counted(row.status, state)
    text = f"{_SIGNS.get(row.status, '?')} {word}"
    if row.found:
        text += " before"
    if row.done is not None:
        text += f" {100 * row.done:.0f}%"
    return f"{text} ★ best" if row.index == state.best else text


def _value_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format_number(value)
    return cut(value if isinstance(value, str) else repr(value), _CELL_CHARS)


def sign_and_word(state: BatchState) -> tuple[str, str]:
    """Return the sign and the word of the status of the whole batch."""
    if not state.ended:
        return (STATUS_SIGNS["running"], "running") if state.name else ("·", "planned")
    if state.counts.get("completed", 0) == state.count:
        return STATUS_SIGNS["completed"], "completed"
    if any(state.counts.get(name) for name in ("error", "damaged")):
        return STATUS_SIGNS["error"], "not all completed"
    word = "stopped" if state.counts.get("terminated") else "not all completed"
    return STATUS_SIGNS["terminated"], word


def counts_text(state: BatchState) -> str:
    """Return how many trials have ended, and how: `2 of 4 · 0:12 · 2 completed · 1 running`."""
    parts = [f"{state.finished} of {state.count}"]
    if state.seconds is not None:
        parts.append(format_duration(state.seconds, ended=False))
    known = [name for name in _ORDER if state.counts.get(name)]
    parts += [f"{state.counts[name]} {_counted(name, state)}" for name in known]
    return " · ".join(parts)


def _counted(status: str, state: BatchState) -> str:
    if status == "waiting" and state.ended:
        return "not started"
    return "stopped" if status == "terminated" else status


def foot_texts(state: BatchState) -> list[str]:
    """Return what is said below the table."""
    parts = []
    if state.left_out:
        parts.append(f"columns not shown: {cut(', '.join(state.left_out), 200)}")
    return parts


def as_of_text(state: BatchState) -> str:
    """Return when the state was read, for what a notebook keeps of a running batch."""
    at = format_time(state.as_of_us)
    return f"as it was at {at}; look again with %gage attach {cut(state.name, 40)}"


def note_texts(state: BatchState) -> Sequence[str]:
    """Return the notes, as many as are shown."""
    notes = [cut(note, 300) for note in state.notes[:_MAX_NOTES]]
    if len(state.notes) > _MAX_NOTES:
        notes.append(f"{len(state.notes) - _MAX_NOTES:,} more notes")
    return notes
