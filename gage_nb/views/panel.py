"""What a view of a run says, from a snapshot of it: static HTML, plain text, and their pieces.

    PanelState → head_html · bar_html · time_html · tail_html · foot_html   for a live view
    PanelState → static_html · static_text · static_bundle                  for a saved notebook

Pure: nothing here reads a run. Everything that came from one is escaped, and every part has a
bound, so that a panel stays below `MAX_HTML_BYTES` whatever a run prints or is called. Looks are
in one `<style>`; where it is taken away (GitHub, untrusted notebooks) what is left are headings,
lists and a `<pre>` that read well. Status is a word and a sign, never a colour alone.
"""

from __future__ import annotations

import html
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gage._internal.quoting import quote
from gage_nb.views.charts import charts_html, charts_text
from gage_nb.views.terminal import ANSI_CSS, STDERR, Line, to_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.metrics.series import MetricSeries
    from gage._internal.progress.bars import Progress

__all__ = [
    "CSS",
    "ENDED",
    "MAX_HTML_BYTES",
    "STATUS_SIGNS",
    "PanelState",
    "bar_html",
    "cut",
    "escaped",
    "foot_html",
    "format_duration",
    "format_size",
    "head_html",
    "static_bundle",
    "static_html",
    "static_text",
    "status_text",
    "tail_html",
    "time_html",
]

MAX_HTML_BYTES = 64_000
LIVE_TAIL_BYTES = 24_000
LIVE_TAIL_LINES = 100
STATIC_TAIL_BYTES = 12_000
STATIC_TAIL_LINES = 40
MAX_CHART_BYTES = 24_000
MAX_FILES = 20
MAX_NOTES = 5

ENDED = ("completed", "error", "terminated", "damaged")


@dataclass(frozen=True)
class PanelState:
    """A run at one moment.

    Times are epoch µs (UTC). `phase` is the step that goes on, or at which the run failed;
    `config` the values that it was given, as text; `tail` the last lines of output as a terminal
    shows them, `earlier_lines` how many are above them, `line_count` and `size_bytes` are of the
    whole output. `files` are those that the run made, (path, bytes or None); there are
    `file_count` of them. `notes` say what was left
    out of the run. `charts` draws the `metrics` for a live view, as HTML of our own.
    """

    operation: str
    name: str
    id: str
    status: str
    as_of_us: int
    reason: str = ""
    exit_code: int | None = None
    phase: str = ""
    config: str = ""
    started_us: int | None = None
    stopped_us: int | None = None
    progress: Progress | None = None
    tail: tuple[Line, ...] = ()
    earlier_lines: int = 0
    line_count: int = 0
    size_bytes: int = 0
    files: tuple[tuple[str, int | None], ...] = ()
    file_count: int = 0
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, MetricSeries] = field(default_factory=dict)
    charts: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the run took, or has been running; None before its start."""
        if self.started_us is None or (self.stopped_us is None and self.ended):
            return None
        end = self.as_of_us if self.stopped_us is None else self.stopped_us
        return max(0, end - self.started_us) / 1e6


STATUS_SIGNS = {
    "pending": "○",
    "staged": "◇",
    "running": "●",
    "completed": "✔",
    "error": "✖",
    "terminated": "■",
    "damaged": "⚠",
}

# A front end that sets formulas would take what is between two dollars for one.
_NO_MATH = "mathjax_ignore tex2jax_ignore"

_UI_FONT = "var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',sans-serif)"
_CODE_FONT = "var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace)"

# `.gage.gage` weighs more than what JupyterLab says about `pre` and `code` in outputs. The tail
# scrolls in a column that is reversed: that begins at its end, with no script.
CSS = f"""<style>
.gage{{font:13px/1.5 {_UI_FONT};color:var(--jp-ui-font-color1,inherit)}}
.gage.panel{{border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;margin:4px 0;
max-width:1000px;box-sizing:border-box}}
.gage .head{{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px}}
.gage .pill{{border:1px solid;border-radius:10px;padding:0 9px;font-weight:600;white-space:nowrap;
color:var(--g8)}}
.gage .completed{{color:var(--g2)}}.gage .error{{color:var(--g1)}}.gage .running{{color:var(--g4)}}
.gage .terminated{{color:var(--g3)}}.gage .damaged{{color:var(--g5)}}
.gage .op{{font-size:14px;overflow-wrap:anywhere}}
.gage.gage .name,.gage.gage .mono{{font-family:{_CODE_FONT};font-size:12px;background:none;
color:inherit;padding:0;overflow-wrap:anywhere}}
.gage .quiet{{opacity:.72;overflow-wrap:anywhere}}
.gage .time{{margin-left:auto;opacity:.72;font-variant-numeric:tabular-nums;white-space:nowrap}}
.gage .bar{{display:flex;align-items:center;gap:10px;min-height:18px;
font-variant-numeric:tabular-nums}}
.gage .track{{flex:1;height:6px;border-radius:3px;background:rgba(128,128,128,.22);overflow:hidden}}
.gage .fill{{height:100%;border-radius:3px;background:var(--g4);transition:width .1s}}
.gage .wait{{width:25%;animation:gage-wait 1.6s ease-in-out infinite alternate}}
@keyframes gage-wait{{from{{margin-left:0}}to{{margin-left:75%}}}}
@media(prefers-reduced-motion:reduce){{.gage .wait{{animation:none;margin-left:0}}}}
.gage .scroll{{display:flex;flex-direction:column-reverse;max-height:300px;overflow:auto;
margin:6px 0;background:rgba(128,128,128,.09);border-radius:4px}}
.gage.gage .tail{{flex:none;overflow:visible;font:12px/1.45 {_CODE_FONT};margin:0;
padding:6px 12px;border:0;background:none;
color:var(--jp-content-font-color1,inherit);white-space:pre-wrap;overflow-wrap:anywhere}}
.gage details{{margin:4px 0}}.gage summary{{cursor:pointer}}
.gage .list{{margin:2px 0;padding-left:20px}}
.gage .foot{{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12px;opacity:.72}}
.gage.gage .widget-html-content{{line-height:1.5;min-width:0}}
.gage .widget-html{{line-height:1.5;height:auto}}
{ANSI_CSS}</style>"""


# The pieces of a live view


def head_html(state: PanelState) -> str:
    """Return status, operation, name and configuration."""
    took = f"<span class=time>{_time_text(state)}</span>" if state.ended else ""
    head = (
        f"<div class=head>{_pill(state)} "
        f"<b class=op>{escaped(state.operation, 80)}</b> "
        f"<code class=name>{escaped(state.name, 40)}</code> "
        f"<span class=quiet>{escaped(_about(state), 400)}</span> {took}</div>"
    )
    if state.config:
        head += f"<div class='mono quiet'>{escaped(state.config, 300)}</div>"
    return head


def bar_html(state: PanelState, *, moving: bool = True) -> str:
    """Return a bar that says how far the run is, or only moves where that is not known.

    In what is saved (not `moving`) nothing moves.
    """
    if state.ended:
        return ""
    fraction = state.progress.fraction if state.progress else None
    if fraction is not None:
        return f"<div class=track><div class=fill style='width:{100 * fraction:.1f}%'></div></div>"
    return "<div class=track><div class='fill wait'></div></div>" if moving else ""


def time_html(state: PanelState) -> str:
    """Return in words how far the run is, and for how long it runs."""
    texts = [_progress_text(state.progress), _time_text(state)]
    return f"<span class=quiet>{html.escape(' · '.join(filter(None, texts)))}</span>"


def tail_html(
    state: PanelState, max_bytes: int = LIVE_TAIL_BYTES, max_lines: int = LIVE_TAIL_LINES
) -> str:
    """Return the last lines of output, with a word about those that are not there."""
    lines, shown = to_html(state.tail[-max_lines:], max_bytes)
    earlier = state.earlier_lines + len(state.tail) - shown
    if earlier:
        note = f"… {_lines(earlier)} above: gage output {cut(state.name, 40)}"
        lines = f"<span class=more>{html.escape(note)}</span>\n{lines}"
    elif not lines:
        lines = f"<span class=more>{'no output' if state.ended else 'no output yet'}</span>"
    return f"<pre class=tail>{lines}</pre>"


def foot_html(state: PanelState) -> str:
    """Return counts, and the notes about what was left out."""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in _notes(state))
    notes = f"<ul class='list quiet'>{notes}</ul>" if notes else ""
    legend = "<span><i class=err>stderr</i></span> " if _has_stderr(state) else ""
    return (
        f"{notes}<div class=foot><span>{html.escape(_counts_text(state))}</span> {legend}"
        f"<span>full output: <code class=mono>gage output {escaped(state.name, 40)}</code></span>"
        "</div>"
    )


# The whole


def static_html(state: PanelState) -> str:
    """Return the panel as HTML that needs no script and, if need be, no style."""
    charts = charts_html(state.metrics, saved=True)
    if len(charts.encode()) > MAX_CHART_BYTES:
        charts = f"<div class=quiet>charts: gage metrics {escaped(state.name, 40)}</div>"
    progress = ""
    if not state.ended:
        progress = f"<div class=bar>{bar_html(state, moving=False)}{time_html(state)}</div>"
    return (
        f"<div class='gage panel {_NO_MATH}'>{CSS}{head_html(state)}{_when_html(state)}{progress}"
        f"<div class=scroll>{tail_html(state, STATIC_TAIL_BYTES, STATIC_TAIL_LINES)}</div>"
        f"{charts}{_files_html(state)}{foot_html(state)}</div>"
    )


def static_text(state: PanelState, *, with_tail: bool = True) -> str:
    """Return the panel as plain text; lines of stderr begin with `!`."""
    head = f"{STATUS_SIGNS.get(state.status, '?')} {cut(state.operation, 80)} {cut(state.name, 40)}"
    parts = [cut(status_text(state), 60), _time_text(state), cut(_about(state), 400)]
    lines = [" · ".join([head, *filter(None, parts)])]
    if state.config:
        lines.append(f"  {cut(state.config, 300)}")
    if not state.ended:
        lines += filter(None, [_as_of(state), _progress_text(state.progress)])
    if with_tail:
        lines += _tail_text(state)
    if state.metrics:
        lines.append(charts_text(state.metrics))
    if state.file_count:
        lines.append(f"{_files(state)}: {', '.join(_file_texts(state))}")
    lines += [f"note: {note}" for note in _notes(state)]
    stderr = " · ! is stderr" if with_tail and _has_stderr(state) else ""
    lines.append(f"{_counts_text(state)}{stderr} · full output: gage output {cut(state.name, 40)}")
    return "\n".join(lines)


def static_bundle(state: PanelState) -> dict[str, str]:
    """Return the panel as a MIME bundle."""
    return {"text/html": static_html(state), "text/plain": static_text(state)}


def status_text(state: PanelState) -> str:
    """Return the status with the exit code where that says more."""
    if state.exit_code is not None and state.exit_code > 0:
        return f"{state.status} (exit code {state.exit_code})"
    return state.status


def format_duration(seconds: float, *, ended: bool = True) -> str:
    """Return a duration: `3.2 s` for what has ended within a minute, else `0:03`, `1:02:03`."""
    if ended and seconds < 60:
        return f"{seconds:.1f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_size(size_bytes: float) -> str:
    """Return a size in decimal units, `1.2 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes" if size_bytes != 1 else "1 byte"
    for unit in ("kB", "MB", "GB"):
        size_bytes /= 1000
        if size_bytes < 999.95:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / 1000:,.1f} TB"


def _pill(state: PanelState) -> str:
    sign = STATUS_SIGNS.get(state.status, "?")
    kind = state.status if state.status in STATUS_SIGNS else "damaged"
    return f"<b class='pill {kind}'>{sign} {escaped(status_text(state), 60)}</b>"


def _about(state: PanelState) -> str:
    """Return phase and reason, as far as the status does not say them."""
    is_over = state.status in {"staged", "completed"} or state.phase in {"", "run"}
    phase = "" if is_over else state.phase
    reason = "" if state.reason == f"exit code {state.exit_code}" else state.reason
    if phase and reason.startswith(phase):
        return reason
    return ": ".join(filter(None, [phase, reason]))


def _when_html(state: PanelState) -> str:
    if state.ended:
        return ""
    return f"<div class=quiet>{html.escape(_as_of(state))}</div>"


def _as_of(state: PanelState) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(state.as_of_us / 1e6))
    return f"as it stood on {at}; now: gage show {cut(state.name, 40)}"


def _time_text(state: PanelState) -> str:
    seconds = state.seconds
    return "" if seconds is None else format_duration(seconds, ended=state.ended)


def _progress_text(progress: Progress | None) -> str:
    if progress is None:
        return ""
    parts = [progress.description]
    if progress.fraction is not None:
        parts.append(f"{100 * progress.fraction:.0f}%")
    if progress.completed is not None and not progress.description.startswith("cell "):
        total = "" if progress.total is None else f"/{progress.total:,.10g}"
        parts.append(f"{progress.completed:,.10g}{total}")
    if progress.eta:
        parts.append(f"{progress.eta} left")
    return cut(" · ".join(filter(None, parts)), 160)


def _counts_text(state: PanelState) -> str:
    exit_code = "exit code 0" if state.exit_code == 0 else ""
    counts = [_lines(state.line_count), format_size(state.size_bytes)]
    return " · ".join(filter(None, [exit_code, *counts, _time_text(state) if state.ended else ""]))


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _tail_text(state: PanelState) -> list[str]:
    """Return the last lines as text, as many as fit, with a word about those above."""
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
        shown.append(f"  … {_lines(earlier)} above: gage output {cut(state.name, 40)}")
    return shown[::-1] or ["  no output" if state.ended else "  no output yet"]


def _has_stderr(state: PanelState) -> bool:
    return any(span.stream == STDERR for line in state.tail for span in line.spans)


def _notes(state: PanelState) -> list[str]:
    notes = [cut(note, 300) for note in state.notes[:MAX_NOTES]]
    if len(state.notes) > MAX_NOTES:
        notes.append(f"{len(state.notes) - MAX_NOTES:,} more notes in log/runner of the run")
    return notes


def _files(state: PanelState) -> str:
    return "1 file made" if state.file_count == 1 else f"{state.file_count:,} files made"


def _file_texts(state: PanelState) -> list[str]:
    texts = []
    for path, size_bytes in state.files[:MAX_FILES]:
        size = "" if size_bytes is None else f" ({format_size(size_bytes)})"
        texts.append(f"{cut(quote(path), 160)}{size}")
    if state.file_count > len(texts):
        texts.append(f"and {state.file_count - len(texts):,} more")
    return texts


def _files_html(state: PanelState) -> str:
    if not state.file_count:
        return ""
    items = "".join(f"<li class=mono>{html.escape(text)}</li>" for text in _file_texts(state))
    opened = " open" if state.file_count <= 5 else ""
    return (
        f"<details{opened}><summary>{_files(state)}</summary><ul class=list>{items}</ul></details>"
    )


def escaped(text: str, max_chars: int) -> str:
    """Return text for HTML, cut as `cut` does."""
    return html.escape(cut(text, max_chars))


def cut(text: str, max_chars: int) -> str:
    """Return text on one line that can be shown and sent, with a word about what is cut."""
    # Names may hold bytes that are not UTF-8, as surrogates: no JSON message can carry them.
    clean = text.encode("utf-8", "backslashreplace").decode()
    if not clean.isprintable():
        clean = "".join(
            char if char.isprintable() else " " if char.isspace() else repr(char)[1:-1]
            for char in clean[: 4 * max_chars]
        )
    if len(clean) <= max_chars:
        return clean
    return f"{clean[: max_chars - 1]}… (+{len(clean) - max_chars + 1:,})"
