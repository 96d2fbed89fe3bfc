"""The panel of a batch: a bar and a table that fills in; static HTML and plain text.

    BatchState → batch_html · batch_text · batch_bundle; BATCH_FACE for views

The functions are pure: none reads a run. As in `run_panel`, everything that comes from a run is
escaped and limited in size, and a status is a word and a sign.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from gage._internal.batch.state_text import (
    STATUS_COLUMN,
    as_of_text,
    batch_text,
    cells_of,
    counts_text,
    foot_texts,
    headings_of,
    note_texts,
    number_columns,
    sign_and_word,
)
from gage._internal.people import STATUS_SIGNS, format_count
from gage_nb.views.panel_style import CSS, NO_MATH
from gage_nb.views.run_panel import track_html
from gage_nb.views.run_words import escaped
from gage_nb.views.view import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.batch.state import BatchState, TrialRow

__all__ = ["BATCH_FACE", "batch_bundle", "batch_html"]

_MAX_FOLDED_BYTES = 24_000

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
        when = f"<div class=quiet>{html.escape(as_of_text(state))}</div>"
    return (
        f"<div class='gage panel {NO_MATH}'>{CSS}{parts['head']}{when}"
        f"<div class=bar>{parts['bar']}{parts['time']}</div>"
        f"{parts['trials']}{parts['rest']}{parts['foot']}</div>"
    )


def _parts(state: BatchState) -> dict[str, str]:
    """Return the pieces of a live view by name."""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in note_texts(state))
    foot = "".join(f"<span>{html.escape(text)}</span> " for text in foot_texts(state))
    return {
        "head": (
            f"<div class=head>{_pill(state)} <b class=op>{escaped(state.operation, 80)}</b> "
            f"<code class=name>{escaped(state.name, 40)}</code> "
            f"<span class=quiet>{escaped(state.text, 400)}</span></div>"
        ),
        "bar": "" if state.ended else track_html(state.done),
        "time": f"<span class=quiet>{html.escape(counts_text(state))}</span>",
        "trials": f"{_TABLE_CSS}<div class=trials>{_table_html(state, state.rows)}</div>",
        "rest": _rest_html(state),
        "foot": (f"<ul class=list>{notes}</ul>" if notes else "")
        + (f"<div class=foot>{foot}</div>" if foot else ""),
    }


def _table_html(state: BatchState, rows: Sequence[TrialRow]) -> str:
    numbers = number_columns(state)
    headings = "".join(
        f"<th{' class=number' if position in numbers else ''}>{html.escape(text)}</th>"
        for position, text in enumerate(headings_of(state))
    )
    body = []
    for row, cells in zip(rows, cells_of(state, rows), strict=True):
        kinds = dict.fromkeys(numbers, "number") | {1: "mono"}
        kinds[STATUS_COLUMN] = row.status if row.status in STATUS_SIGNS else "quiet"
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


def _pill(state: BatchState) -> str:
    sign, word = sign_and_word(state)
    kinds = {"not all completed": "error", "stopped": "terminated", "planned": "quiet"}
    kind = kinds.get(word, word)
    return f"<b class='pill {kind}' role=status>{sign} {html.escape(word)}</b>"


BATCH_FACE = Face(batch_bundle, _parts)
