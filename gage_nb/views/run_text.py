"""The panel of a run as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gage._internal.people import STATUS_SIGNS, format_count
from gage._internal.text import cut
from gage_nb.views.charts import charts_text
from gage_nb.views.run_words import (
    about,
    as_of_text,
    attributes_text,
    called_text,
    counts_text,
    file_texts,
    files_text,
    has_stderr,
    missed_a_file,
    outside_text,
    outside_texts,
    progress_text,
    shown_notes,
    status_text,
    time_text,
)
from gage_nb.views.terminal import STDERR

if TYPE_CHECKING:
    from gage_nb.views.panel_state import PanelState

__all__ = ["STATIC_TAIL_BYTES", "STATIC_TAIL_LINES", "static_text"]

STATIC_TAIL_BYTES = 12_000
STATIC_TAIL_LINES = 40


def static_text(state: PanelState, *, with_tail: bool = True) -> str:
    """Return the panel as plain text; lines of stderr begin with `!`."""
    head = f"{STATUS_SIGNS.get(state.status, '?')} {cut(state.operation, 80)} {cut(state.name, 40)}"
    parts = [cut(status_text(state), 60), time_text(state), cut(about(state), 400)]
    parts.append(called_text(state))
    lines = [" · ".join([head, *filter(None, parts)])]
    if state.config:
        lines.append(f"  {cut(state.config, 300)}")
    if not state.ended:
        lines += filter(None, [as_of_text(state), progress_text(state.progress)])
    if with_tail:
        lines += _tail_text(state)
    series = {**state.metrics, **state.resource_series}
    if series:
        lines.append(charts_text(series))
    if state.attributes:
        lines.append(f"attributes: {attributes_text(state)}")
    if state.file_count:
        lines.append(f"{files_text(state)}: {', '.join(file_texts(state))}")
    if state.outside_count:
        lines.append(f"{outside_text(state)}: {', '.join(outside_texts(state))}")
    lines += [f"note: {note}" for note in shown_notes(state)]
    if state.left_out and missed_a_file(state):
        lines.append(f"note: {cut(state.left_out, 600)}")
    stderr = " · ! is stderr" if with_tail and has_stderr(state) else ""
    lines.append(f"{counts_text(state)}{stderr} · full output: gage output {cut(state.name, 40)}")
    return "\n".join(lines)


def _tail_text(state: PanelState) -> list[str]:
    """Return the last lines as text, as many as fit, with a note on those above."""
    left = STATIC_TAIL_BYTES
    shown: list[str] = []
    for line in reversed(state.tail[-STATIC_TAIL_LINES:]):
        more = f"… {line.more:,} more characters" if line.more else ""
        mark = "!" if any(span.stream == STDERR for span in line.spans) else " "
        text = f"{mark} {line.text}{more}".rstrip()
        left -= len(text.encode("utf-8", "replace")) + 1
        if left < 0:
            break
        shown.append(text)
    earlier = state.earlier_lines + len(state.tail) - len(shown)
    if earlier:
        shown.append(
            f"  … {format_count(earlier, 'line')} above: gage output {cut(state.name, 40)}"
        )
    return shown[::-1] or ["  no output" if state.ended else "  no output yet"]
