"""The panel of a run as HTML, from its state: the pieces of a live view, and the whole.

    PanelState → head_html · bar_html · time_html · tail_html · foot_html   for a live view
    PanelState → static_html · static_bundle                                for a saved notebook

The functions are pure: none reads a run. Everything that comes from a run is escaped, and every
part is limited in size, so that a panel stays below `MAX_HTML_BYTES` with any output or names. The
style is in one `<style>`; if that is removed (GitHub, untrusted notebooks), headings, lists and a
`<pre>` remain readable.
"""

from __future__ import annotations

import html
import urllib.parse
from typing import TYPE_CHECKING

from gage._internal.people import STATUS_SIGNS, format_count
from gage._internal.text import cut
from gage_nb.views.charts import charts_html
from gage_nb.views.panel_style import CSS, NO_MATH
from gage_nb.views.run_text import STATIC_TAIL_BYTES, STATIC_TAIL_LINES, static_text
from gage_nb.views.run_words import (
    about,
    as_of_text,
    attributes_text,
    called_text,
    counts_text,
    escaped,
    file_texts,
    files_text,
    has_stderr,
    is_served,
    missed_a_file,
    outside_text,
    outside_texts,
    progress_text,
    shown_notes,
    status_text,
    time_text,
)
from gage_nb.views.terminal_html import to_html
from gage_nb.views.view import Face

if TYPE_CHECKING:
    from gage_nb.views.panel_state import PanelState

__all__ = [
    "LIVE_TAIL_LINES",
    "MAX_HTML_BYTES",
    "RUN_FACE",
    "bar_html",
    "foot_html",
    "head_html",
    "static_bundle",
    "static_html",
    "tail_html",
    "time_html",
    "track_html",
]

MAX_HTML_BYTES = 64_000
LIVE_TAIL_BYTES = 24_000
LIVE_TAIL_LINES = 100
MAX_CHART_BYTES = 24_000
_MAX_LINK_CHARS = 300


def head_html(state: PanelState) -> str:
    """Return status, operation, name and configuration."""
    took = f"<span class=time>{time_text(state)}</span>" if state.ended else ""
    head = (
        f"<div class=head>{_pill(state)} "
        f"<b class=op>{escaped(state.operation, 80)}</b> "
        f"<code class=name>{escaped(state.name, 40)}</code> "
        f"<span class=called>{html.escape(called_text(state))}</span> "
        f"<span class=quiet>{escaped(about(state), 400)}</span> {took}</div>"
    )
    if state.config:
        head += f"<div class='mono quiet'>{escaped(state.config, 300)}</div>"
    return head


def bar_html(state: PanelState, *, moving: bool = True) -> str:
    """Return a progress bar, which only moves if the progress is not known.

    In a saved panel (not `moving`) nothing moves.
    """
    if state.ended:
        return ""
    fraction = state.progress.fraction if state.progress else None
    if fraction is None and not moving:
        return ""
    return track_html(fraction)


def track_html(fraction: float | None) -> str:
    """Return a bar that is filled to a fraction, or for None one that only moves."""
    role = "<div class=track role=progressbar aria-label=progress"
    if fraction is None:
        return f"{role}><div class='fill wait'></div></div>"
    percent = 100 * min(max(fraction, 0), 1)
    values = f"aria-valuemin=0 aria-valuemax=100 aria-valuenow={percent:.0f}"
    return f"{role} {values}><div class=fill style='width:{percent:.1f}%'></div></div>"


def time_html(state: PanelState) -> str:
    """Return the progress in words, and how long the run has been running."""
    texts = [progress_text(state.progress), time_text(state)]
    return f"<span class=quiet>{html.escape(' · '.join(filter(None, texts)))}</span>"


def tail_html(
    state: PanelState, max_bytes: int = LIVE_TAIL_BYTES, max_lines: int = LIVE_TAIL_LINES
) -> str:
    """Return the last lines of output, with a note on the lines above them."""
    lines, shown = to_html(state.tail[-max_lines:], max_bytes)
    earlier = state.earlier_lines + len(state.tail) - shown
    if earlier:
        note = f"… {format_count(earlier, 'line')} above: gage output {cut(state.name, 40)}"
        lines = f"<span class=more>{html.escape(note)}</span>\n{lines}"
    elif not lines:
        lines = f"<span class=more>{'no output' if state.ended else 'no output yet'}</span>"
    return f"<pre class=tail>{lines}</pre>"


def foot_html(state: PanelState) -> str:
    """Return counts and notes."""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in shown_notes(state))
    notes = f"<ul class='list quiet'>{notes}</ul>" if notes else ""
    notes += _left_out_html(state)
    legend = "<span><i class=err>stderr</i></span> " if has_stderr(state) else ""
    return (
        f"{notes}<div class=foot><span>{html.escape(counts_text(state))}</span> {legend}"
        f"<span>full output: <code class=mono>gage output {escaped(state.name, 40)}</code></span>"
        "</div>"
    )


def _live_parts(state: PanelState) -> dict[str, str]:
    """Return the pieces of a live view by name."""
    return {
        "head": head_html(state),
        "bar": bar_html(state),
        "time": time_html(state),
        "tail": tail_html(state),
        "charts": state.charts,
        "foot": foot_html(state),
    }


def static_html(state: PanelState) -> str:
    """Return the panel as HTML that needs no script and is readable without style."""
    charts = charts_html({**state.metrics, **state.resource_series}, saved=True)
    if len(charts.encode()) > MAX_CHART_BYTES:
        charts = f"<div class=quiet>charts: gage metrics {escaped(state.name, 40)}</div>"
    progress = ""
    if not state.ended:
        progress = f"<div class=bar>{bar_html(state, moving=False)}{time_html(state)}</div>"
    return (
        f"<div class='gage panel {NO_MATH}'>{CSS}{head_html(state)}{_when_html(state)}{progress}"
        f"<div class=scroll>{tail_html(state, STATIC_TAIL_BYTES, STATIC_TAIL_LINES)}</div>"
        f"{charts}{_attributes_html(state)}{_files_html(state)}{foot_html(state)}</div>"
    )


def static_bundle(state: PanelState) -> dict[str, str]:
    """Return the panel as a MIME bundle."""
    return {"text/html": static_html(state), "text/plain": static_text(state)}


def _pill(state: PanelState) -> str:
    sign = STATUS_SIGNS.get(state.status, "?")
    kind = state.status if state.status in STATUS_SIGNS else "damaged"
    text = escaped(status_text(state), 60)
    return f"<b class='pill {kind}' role=status>{sign} {text}</b>"


def _when_html(state: PanelState) -> str:
    if state.ended:
        return ""
    return f"<div class=quiet>{html.escape(as_of_text(state))}</div>"


def _attributes_html(state: PanelState) -> str:
    text = html.escape(attributes_text(state))
    return f"<div class=quiet>attributes: {text}</div>" if text else ""


def _files_html(state: PanelState) -> str:
    """Return the files that the run made, with links, and those that it read elsewhere.

    Where no server serves them, their directory is shown instead of links, to be copied.
    """
    made = [html.escape(text) for text in file_texts(state)]
    is_linked = bool(state.directory) and is_served(state.directory)
    for number, (path, _) in enumerate(state.files[: len(made)]):
        if is_linked and len(path) <= _MAX_LINK_CHARS:
            target = urllib.parse.quote(f"{state.directory}/{path}", errors="surrogateescape")
            made[number] = f"<a href='{target}' target=_blank>{made[number]}</a>"
    if made and state.directory and not is_linked:
        made.append(f"in <code>{escaped(state.directory, 400)}</code>")
    read = [html.escape(text) for text in outside_texts(state)]
    return _folded(files_text(state), made, state.file_count) + _folded(
        outside_text(state), read, state.outside_count
    )


def _folded(summary: str, items: list[str], count: int) -> str:
    if not count:
        return ""
    listed = "".join(f"<li class=mono>{item}</li>" for item in items)
    opened = " open" if count <= 5 else ""
    return f"<details{opened}><summary>{summary}</summary><ul class=list>{listed}</ul></details>"


def _left_out_html(state: PanelState) -> str:
    """Return the files that the run does not have: one folded line, open if one was missed."""
    if not state.left_out:
        return ""
    summary, _, names = cut(state.left_out, 600).partition(": ")
    opened = " open" if missed_a_file(state) else ""
    return (
        f"<details class=quiet{opened}><summary>{html.escape(summary)}</summary>"
        f"{html.escape(names)}</details>"
    )


RUN_FACE = Face(static_bundle, _live_parts)
