"""The texts of a run's panel, before they become HTML or plain text.

Every text is limited in size. A status is a word and a sign, never only a colour.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING

from gage._internal.people import (
    format_count,
    format_duration,
    format_size,
    format_time,
    reason_words,
    status_words,
)
from gage._internal.quoting import quote
from gage._internal.record import runner_log
from gage._internal.text import cut
from gage_nb.views.terminal import STDERR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.progress.bars import Progress
    from gage_nb.views.panel_state import PanelState

__all__ = [
    "MAX_FILES",
    "about",
    "as_of_text",
    "attributes_text",
    "called_text",
    "counts_text",
    "directory_from_here",
    "escaped",
    "file_texts",
    "files_text",
    "has_stderr",
    "is_served",
    "missed_a_file",
    "outside_text",
    "outside_texts",
    "progress_text",
    "shown_notes",
    "status_text",
    "time_text",
]

MAX_FILES = 20
MAX_NOTES = 5
MAX_ATTRIBUTES = 12
MAX_TAGS = 8


def status_text(state: PanelState) -> str:
    """Return the status in words: `error (exit code 1)`, `stopped by you`."""
    return status_words(state.status, state.exit_code, state.reason)


def about(state: PanelState) -> str:
    """Return phase and reason, if the status does not say them."""
    is_over = state.status in {"staged", "completed"} or state.phase in {"", "run"}
    phase = "" if is_over else state.phase
    reason = reason_words(state.status, state.exit_code, state.reason)
    if phase and reason.startswith(phase):
        return reason
    return ": ".join(filter(None, [phase, reason]))


def called_text(state: PanelState) -> str:
    """Return label and tags: `baseline #cnn #small`."""
    tags = " ".join(f"#{cut(tag, 40)}" for tag in state.tags[:MAX_TAGS])
    more = f"+{len(state.tags) - MAX_TAGS}" if len(state.tags) > MAX_TAGS else ""
    return " ".join(filter(None, [cut(state.label, 80), tags, more]))


def as_of_text(state: PanelState) -> str:
    """Return the time of a snapshot, and how to see the present state."""
    name = cut(state.name, 40)
    if state.status == "staged" and state.started_us is None:
        return f"start it with %gage start {name}"
    return f"as it was at {format_time(state.as_of_us)}; look again with %gage attach {name}"


def missed_a_file(state: PanelState) -> bool:
    """Return whether the run failed and its last lines say that a file was not found."""
    return state.status == "error" and runner_log.missed_a_file(
        "\n".join(line.text for line in state.tail)
    )


def time_text(state: PanelState) -> str:
    """Return how long the run took or has been running; empty before its start."""
    return format_duration(state.seconds, ended=state.ended)


def progress_text(progress: Progress | None) -> str:
    """Return the progress in words, as far as it is known."""
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
    """Return the size of the output and what was used; the exit code unless the status has it."""
    exit_code = "exit code 0" if state.exit_code == 0 else ""
    counts = [format_count(state.line_count, "line"), format_size(state.size_bytes)]
    took = [time_text(state), state.resources] if state.ended else [state.resources]
    return " · ".join(filter(None, [exit_code, *counts, *took]))


def has_stderr(state: PanelState) -> bool:
    """Return whether any of the shown lines are from stderr."""
    return any(span.stream == STDERR for line in state.tail for span in line.spans)


def shown_notes(state: PanelState) -> list[str]:
    """Return the first notes, and the number of the rest."""
    notes = [cut(note, 300) for note in state.notes[:MAX_NOTES]]
    if len(state.notes) > MAX_NOTES:
        notes.append(f"{len(state.notes) - MAX_NOTES:,} more notes in log/runner of the run")
    return notes


def attributes_text(state: PanelState) -> str:
    """Return on one line what the run said of itself, "" where it said nothing."""
    shown = [cut(text, 100) for text in state.attributes[:MAX_ATTRIBUTES]]
    if len(state.attributes) > MAX_ATTRIBUTES:
        shown.append(
            f"{len(state.attributes) - MAX_ATTRIBUTES:,} more: gage meta {cut(state.name, 40)}"
        )
    return " · ".join(shown)


def directory_from_here(run_dir: str) -> str:
    """Return the path of a run's directory as a link in a notebook needs it."""
    try:
        return os.path.relpath(run_dir)
    except OSError:
        return run_dir  # the current directory is gone


def is_served(directory: str) -> bool:
    """Return whether a notebook server serves the files of a directory: not if it is hidden.

    By default JupyterLab answers links into `.gage/runs` with "not found".
    """
    return not any(part.startswith(".") and part != ".." for part in Path(directory).parts)


def files_text(state: PanelState) -> str:
    """Return how many files the run made."""
    return f"{format_count(state.file_count, 'file')} made"


def file_texts(state: PanelState) -> list[str]:
    """Return the first files that the run made, with sizes, and the number of the rest."""
    return _listed(state.files, state.file_count)


def outside_texts(state: PanelState) -> list[str]:
    """Return the first files that the run read elsewhere, likewise."""
    return _listed(state.outside, state.outside_count)


def outside_text(state: PanelState) -> str:
    """Return how many files the run read elsewhere."""
    return f"{format_count(state.outside_count, 'file')} read outside of the run"


def _listed(files: Sequence[tuple[str, int | None]], count: int) -> list[str]:
    texts = []
    for path, size_bytes in files[:MAX_FILES]:
        size = "" if size_bytes is None else f" ({format_size(size_bytes)})"
        texts.append(f"{cut(quote(path), 160)}{size}")
    if count > len(texts):
        texts.append(f"and {count - len(texts):,} more")
    return texts


def escaped(text: str, max_chars: int) -> str:
    """Return text for HTML, shortened by `cut`."""
    return html.escape(cut(text, max_chars))
