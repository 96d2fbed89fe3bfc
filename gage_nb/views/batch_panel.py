"""What a view of a batch says: a bar, a table that fills in; static HTML and plain text.

    BatchState → batch_html · batch_text · batch_bundle

Pure: nothing here reads a run. As in `panel`, everything that came from a run is escaped and has a
bound, and status is a word and a sign.
"""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any

from gage_nb.views.panel_style import CSS
from gage_nb.views.run_words import STATUS_SIGNS, cut, escaped, format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage_nb.views.batch_state import BatchState, TrialRow

__all__ = ["batch_bundle", "batch_content", "batch_html", "batch_text"]

_CELL_CHARS = 40
_MAX_NOTES = 5
_SIGNS = {**STATUS_SIGNS, "waiting": "·"}
_ORDER = ("completed", "error", "terminated", "damaged", "running", "staged", "pending", "waiting")

_TABLE_CSS = """<style>
.gage.gage .trials{overflow-x:auto;margin:6px 0}
.gage.gage .trials table{border-collapse:collapse;font-size:12px;margin:0;
font-variant-numeric:tabular-nums}
.gage.gage .trials th,.gage.gage .trials td{text-align:left;padding:1px 12px 1px 0;
white-space:nowrap;background:none;border:0}
.gage.gage .trials th{font-weight:600;opacity:.72}
.gage.gage .trials td.number{text-align:right}
</style>"""


def batch_bundle(state: BatchState) -> dict[str, str]:
    """Return the panel as a MIME bundle."""
    return {"text/html": batch_html(state), "text/plain": batch_text(state)}


def batch_content(state: BatchState) -> tuple[object, ...]:
    """Return what a panel says, without the moment at which it is said."""
    seconds = None if state.seconds is None else int(state.seconds)
    return (state.counts, state.rows, state.ended, state.name, state.more, seconds)


def batch_html(state: BatchState) -> str:
    """Return the panel as HTML that needs no script and, if need be, no style."""
    done = 100 * state.finished / state.count if state.count else 100
    track = ""
    if not state.ended:
        track = f"<div class=track><div class=fill style='width:{done:.1f}%'></div></div>"
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in _notes(state))
    return (
        f"<div class='gage panel'>{CSS}{_TABLE_CSS}"
        f"<div class=head>{_pill(state)} <b class=op>{escaped(state.operation, 80)}</b> "
        f"<code class=name>{escaped(state.name, 40)}</code> "
        f"<span class=quiet>{escaped(state.text, 400)}</span></div>"
        f"<div class=bar>{track}<span class=quiet>{html.escape(_counts_text(state))}</span></div>"
        f"<div class=trials>{_table_html(state)}</div>"
        f"{f'<ul class=list>{notes}</ul>' if notes else ''}"
        f"<div class=foot>{''.join(f'<span>{html.escape(t)}</span> ' for t in _foot(state))}</div>"
        "</div>"
    )


def batch_text(state: BatchState) -> str:
    """Return the panel as plain text."""
    sign, word = _sign_and_word(state)
    head = f"{sign} {cut(state.operation, 80)} {cut(state.name, 40)}".rstrip()
    lines = [f"{head} · {word} · {cut(state.text, 400)}", _counts_text(state)]
    cells = [_headings(state), *(_cells(state, row) for row in state.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines += [
        "  "
        + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    lines += [f"note: {note}" for note in _notes(state)]
    return "\n".join([*lines, *filter(None, [" · ".join(_foot(state))])])


def _table_html(state: BatchState) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in _headings(state))
    body = []
    for row in state.rows:
        cells = _cells(state, row)
        kind = row.status if row.status in STATUS_SIGNS else "quiet"
        tds = [
            f"<td class=number>{html.escape(cells[0])}</td>",
            f"<td class=mono>{html.escape(cells[1])}</td>",
            f"<td class={kind}>{html.escape(cells[2])}</td>",
            *(f"<td>{html.escape(text)}</td>" for text in cells[3:]),
        ]
        body.append(f"<tr>{''.join(tds)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _headings(state: BatchState) -> list[str]:
    columns = [cut(name, _CELL_CHARS) for name in (*state.columns, *state.metrics)]
    return ["#", "run", "status", "time", *columns]


def _cells(state: BatchState, row: TrialRow) -> list[str]:
    status = f"{_SIGNS.get(row.status, '?')} {row.status}"
    if row.found:
        status += " before"
    if row.done is not None:
        status += f" {100 * row.done:.0f}%"
    if row.index == state.best:
        status += " ★ best"
    took = ""
    if row.seconds is not None:
        took = format_duration(row.seconds, ended=row.status != "running")
    asked = [_value_text(row.asked[key]) if key in row.asked else "" for key in state.columns]
    given = [_value_text(row.metrics.get(name)) for name in state.metrics]
    return [str(row.index), cut(row.name, 40), status, took, *asked, *given]


def _value_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
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
    return f"<b class='pill {kind}'>{sign} {html.escape(word)}</b>"


def _counts_text(state: BatchState) -> str:
    parts = [f"{state.finished} of {state.count}"]
    known = [name for name in _ORDER if state.counts.get(name)]
    parts += [f"{state.counts[name]} {_counted(name, state)}" for name in known]
    if state.seconds is not None:
        parts.append(format_duration(state.seconds, ended=False))
    return " · ".join(parts)


def _counted(status: str, state: BatchState) -> str:
    return "not begun" if status == "waiting" and state.ended else status


def _foot(state: BatchState) -> list[str]:
    parts = []
    if state.more > 0:
        what = "trial" if state.more == 1 else "trials"
        parts.append(f"{state.more:,} more {what} not shown")
    if state.left_out:
        parts.append(f"columns not shown: {cut(', '.join(state.left_out), 200)}")
    if state.name and not state.ended:
        at = time.strftime("%H:%M:%S", time.localtime(state.as_of_us / 1e6))
        parts.append(f"as it stood at {at}; now: gage attach {cut(state.name, 40)}")
    return parts


def _notes(state: BatchState) -> Sequence[str]:
    notes = [cut(note, 300) for note in state.notes[:_MAX_NOTES]]
    if len(state.notes) > _MAX_NOTES:
        notes.append(f"{len(state.notes) - _MAX_NOTES:,} more notes")
    return notes
