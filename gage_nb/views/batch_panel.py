"""The panel of a batch: a bar and a table that fills in; static HTML and plain text.

    BatchState → batch_html · batch_text · batch_bundle; BATCH_FACE for views

The functions are pure: none reads a run. As in `run_panel`, everything that comes from a run is
escaped and limited in size, and a status is a word and a sign.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from gage._internal.people import (
    format_count,
    format_duration,
    format_number,
    format_numbers,
    format_time,
)
from gage_nb.views.panel_style import CSS, NO_MATH
from gage_nb.views.run_panel import track_html
from gage_nb.views.run_words import STATUS_SIGNS, cut, escaped
from gage_nb.views.text_table import text_table
from gage_nb.views.view import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage_nb.views.batch_state import BatchState, TrialRow

__all__ = ["BATCH_FACE", "batch_bundle", "batch_html", "batch_text"]

_CELL_CHARS = 40
_MAX_NOTES = 5
_MAX_FOLDED_BYTES = 24_000
_FIXED = ("#", "run", "status", "time")
_STATUS, _TIME = 2, 3
_SIGNS = {**STATUS_SIGNS, "waiting": "·"}
_ORDER = ("completed", "error", "terminated", "damaged", "running", "staged", "pending", "waiting")

_TABLE_CSS = """<style>
.gage.gage .trials{overflow-x:auto;margin:6px 0}
.gage.gage .trials table{border-collapse:collapse;font-size:12px;margin:0;
font-variant-numeric:tabular-nums}
.gage.gage .trials th,.gage.gage .trials td{text-align:left;padding:1px 12px 1px 0;
white-space:nowrap;background:none;border:0}
.gage.gage .trials th{font-weight:600;opacity:.72}
.gage.gage .trials .number{text-align:right}
.gage.gage .trials .best{font-weight:600}
</style>"""


def batch_bundle(state: BatchState) -> dict[str, str]:
    """Return the panel as a MIME bundle."""
    return {"text/html": batch_html(state), "text/plain": batch_text(state)}


def batch_html(state: BatchState) -> str:
    """Return the panel as HTML that needs no script and is readable without style."""
    parts = _parts(state)
    when = ""
    if state.name and not state.ended:
        when = f"<div class=quiet>{html.escape(_as_of(state))}</div>"
    return (
        f"<div class='gage panel {NO_MATH}'>{CSS}{parts['head']}{when}"
        f"<div class=bar>{parts['bar']}{parts['time']}</div>"
        f"{parts['trials']}{parts['rest']}{parts['foot']}</div>"
    )


def _parts(state: BatchState) -> dict[str, str]:
    """Return the pieces of a live view by name."""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in _notes(state))
    foot = "".join(f"<span>{html.escape(text)}</span> " for text in _foot(state))
    return {
        "head": (
            f"<div class=head>{_pill(state)} <b class=op>{escaped(state.operation, 80)}</b> "
            f"<code class=name>{escaped(state.name, 40)}</code> "
            f"<span class=quiet>{escaped(state.text, 400)}</span></div>"
        ),
        "bar": "" if state.ended else track_html(state.done),
        "time": f"<span class=quiet>{html.escape(_counts_text(state))}</span>",
        "trials": f"{_TABLE_CSS}<div class=trials>{_table_html(state, state.rows)}</div>",
        "rest": _rest_html(state),
        "foot": (f"<ul class=list>{notes}</ul>" if notes else "")
        + (f"<div class=foot>{foot}</div>" if foot else ""),
    }


def batch_text(state: BatchState) -> str:
    """Return the panel as plain text."""
    sign, word = _sign_and_word(state)
    head = f"{sign} {cut(state.operation, 80)} {cut(state.name, 40)}".rstrip()
    lines = [f"{head} · {word} · {cut(state.text, 400)}", _counts_text(state)]
    if state.name and not state.ended:
        lines.append(_as_of(state))
    lines += text_table(_headings(state), _cells(state, state.rows), _number_columns(state))
    lines += [f"note: {note}" for note in _notes(state)]
    hidden = len(state.folded) + state.more
    foot = [f"{format_count(hidden, 'more trial')} not shown"] if hidden else []
    return "\n".join([*lines, *filter(None, [" · ".join([*foot, *_foot(state)])])])


def _table_html(state: BatchState, rows: Sequence[TrialRow]) -> str:
    numbers = _number_columns(state)
    headings = "".join(
        f"<th{' class=number' if position in numbers else ''}>{html.escape(text)}</th>"
        for position, text in enumerate(_headings(state))
    )
    body = []
    for row, cells in zip(rows, _cells(state, rows), strict=True):
        kinds = dict.fromkeys(numbers, "number") | {1: "mono"}
        kinds[_STATUS] = row.status if row.status in STATUS_SIGNS else "quiet"
        tds = "".join(
            f"<td class={kinds.get(position, 'value')}>{html.escape(text)}</td>"
            for position, text in enumerate(cells)
        )
        body.append(f"<tr{' class=best' if row.index == state.best else ''}>{tds}</tr>")
    return f"<table><thead><tr>{headings}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _rest_html(state: BatchState) -> str:
    """Return the other trials, folded: as many as fit, and the number of the rest."""
    hidden = len(state.folded) + state.more
    if not hidden:
        return ""
    rows = state.folded
    while rows and len(table := _table_html(state, rows)) > _MAX_FOLDED_BYTES:
        rows = rows[: len(rows) // 2]
    more = hidden - len(rows)
    frame = f"<div>{more:,} more: the batch's frame() has all</div>" if more else ""
    summary = f"<summary>{format_count(hidden, 'more trial')}</summary>"
    inner = f"<div class=trials>{table}</div>" if rows else ""
    return f"<details>{summary}{inner}{frame}</details>"


def _headings(state: BatchState) -> list[str]:
    columns = [cut(name, _CELL_CHARS) for name in (*state.columns, *state.metrics)]
    return [*_FIXED, *columns]


def _number_columns(state: BatchState) -> set[int]:
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


def _cells(state: BatchState, rows: Sequence[TrialRow]) -> list[list[str]]:
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


def _sign_and_word(state: BatchState) -> tuple[str, str]:
    if not state.ended:
        return (STATUS_SIGNS["running"], "running") if state.name else ("·", "planned")
    if state.counts.get("completed", 0) == state.count:
        return STATUS_SIGNS["completed"], "completed"
    failed = any(state.counts.get(name) for name in ("error", "damaged"))
    name = "error" if failed else "terminated"
    return STATUS_SIGNS[name], "not all completed"


def _pill(state: BatchState) -> str:
    sign, word = _sign_and_word(state)
    kind = {"not all completed": "error", "planned": "quiet"}.get(word, word)
    return f"<b class='pill {kind}' role=status>{sign} {html.escape(word)}</b>"


def _counts_text(state: BatchState) -> str:
    parts = [f"{state.finished} of {state.count}"]
    known = [name for name in _ORDER if state.counts.get(name)]
    parts += [f"{state.counts[name]} {_counted(name, state)}" for name in known]
    if state.seconds is not None:
        parts.append(format_duration(state.seconds, ended=False))
    return " · ".join(parts)


def _counted(status: str, state: BatchState) -> str:
    if status == "waiting" and state.ended:
        return "not started"
    return "stopped" if status == "terminated" else status


def _foot(state: BatchState) -> list[str]:
    parts = []
    if state.left_out:
        parts.append(f"columns not shown: {cut(', '.join(state.left_out), 200)}")
    return parts


def _as_of(state: BatchState) -> str:
    at = format_time(state.as_of_us)
    return f"as it was at {at}; look again with %gage attach {cut(state.name, 40)}"


def _notes(state: BatchState) -> Sequence[str]:
    notes = [cut(note, 300) for note in state.notes[:_MAX_NOTES]]
    if len(state.notes) > _MAX_NOTES:
        notes.append(f"{len(state.notes) - _MAX_NOTES:,} more notes")
    return notes


BATCH_FACE = Face(batch_bundle, _parts)
