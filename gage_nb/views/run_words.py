"""What a panel says of a run in words, before they become HTML or plain text.

Every piece has a bound. Status is a word and a sign, never a colour alone.
"""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING

from gage._internal.quoting import quote
from gage_nb.views.terminal import STDERR

if TYPE_CHECKING:
    from gage._internal.progress.bars import Progress
    from gage_nb.views.panel_state import PanelState

__all__ = [
    "MAX_FILES",
    "STATUS_SIGNS",
    "about",
    "as_of_text",
    "counts_text",
    "cut",
    "escaped",
    "file_texts",
    "files_text",
    "format_duration",
    "format_size",
    "has_stderr",
    "lines_text",
    "progress_text",
    "shown_notes",
    "status_text",
    "time_text",
]

MAX_FILES = 20
MAX_NOTES = 5

STATUS_SIGNS = {
    "pending": "○",
    "staged": "◇",
    "running": "●",
    "completed": "✔",
    "error": "✖",
    "terminated": "■",
    "damaged": "⚠",
}


def status_text(state: PanelState) -> str:
    """Return the status with the exit code where that says more."""
    if state.exit_code is not None and state.exit_code > 0:
        return f"{state.status} (exit code {state.exit_code})"
    return state.status


def about(state: PanelState) -> str:
    """Return phase and reason, as far as the status does not say them."""
    is_over = state.status in {"staged", "completed"} or state.phase in {"", "run"}
    phase = "" if is_over else state.phase
    reason = "" if state.reason == f"exit code {state.exit_code}" else state.reason
    if phase and reason.startswith(phase):
        return reason
    return ": ".join(filter(None, [phase, reason]))


def as_of_text(state: PanelState) -> str:
    """Return when a snapshot was taken, and how to look again."""
    at = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(state.as_of_us / 1e6))
    return f"as it stood on {at}; now: gage show {cut(state.name, 40)}"


def time_text(state: PanelState) -> str:
    """Return how long the run took or has been running; empty before its start."""
    seconds = state.seconds
    return "" if seconds is None else format_duration(seconds, ended=state.ended)


def progress_text(progress: Progress | None) -> str:
    """Return how far the run is, as far as that is known."""
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


def counts_text(state: PanelState) -> str:
    """Return how much the run printed, and how it ended when that is not the status already."""
    exit_code = "exit code 0" if state.exit_code == 0 else ""
    counts = [lines_text(state.line_count), format_size(state.size_bytes)]
    return " · ".join(filter(None, [exit_code, *counts, time_text(state) if state.ended else ""]))


def lines_text(count: int) -> str:
    """Return a number of lines in words."""
    return "1 line" if count == 1 else f"{count:,} lines"


def has_stderr(state: PanelState) -> bool:
    """Return whether the lines that are shown have any from stderr."""
    return any(span.stream == STDERR for line in state.tail for span in line.spans)


def shown_notes(state: PanelState) -> list[str]:
    """Return the first notes, and how many more there are."""
    notes = [cut(note, 300) for note in state.notes[:MAX_NOTES]]
    if len(state.notes) > MAX_NOTES:
        notes.append(f"{len(state.notes) - MAX_NOTES:,} more notes in log/runner of the run")
    return notes


def files_text(state: PanelState) -> str:
    """Return how many files the run made."""
    return "1 file made" if state.file_count == 1 else f"{state.file_count:,} files made"


def file_texts(state: PanelState) -> list[str]:
    """Return the first files that the run made with their sizes, and how many more there are."""
    texts = []
    for path, size_bytes in state.files[:MAX_FILES]:
        size = "" if size_bytes is None else f" ({format_size(size_bytes)})"
        texts.append(f"{cut(quote(path), 160)}{size}")
    if state.file_count > len(texts):
        texts.append(f"and {state.file_count - len(texts):,} more")
    return texts


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
