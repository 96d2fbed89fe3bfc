r"""The log of what gage did with a run, and the notes for its readers.

    log/runner      TIME MESSAGE    one entry; ISO 8601 time with zone; a message's further lines
                                    are indented by two spaces; a note is `Note: ` and its text
    log/notes       NOTE            a note on each line, written as in `quoting`

A note says, for example, which files were left out. It is written to both files: `log/notes` is
for programs, `log/runner` for people. Runs recorded before 0.2.0 have notes in `log/runner` only.
"""

from __future__ import annotations

import os

from gage._internal.atomic import append
from gage._internal.clock import iso_time
from gage._internal.errors import MetaError
from gage._internal.quoting import quote, unquote
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.types import Run

__all__ = [
    "LEFT_OUT",
    "encode_entries",
    "encode_notes",
    "log_note",
    "log_runner",
    "missed_a_file",
    "note_entry",
    "read_notes",
]

# The beginning of a note about files of the project that the run does not have. Such notes are
# shown only if the program missed a file.
LEFT_OUT = "Not copied: "

# Parts of the messages of Python, the C library, pandas and others about a missing file.
_MISSED = ("FileNotFoundError", "No such file", "not found", "does not exist")

_NOTE = "Note: "


def log_runner(run: Run, message: str) -> None:
    """Append an entry to `log/runner`."""
    append(run_meta_path(run, "log", "runner"), encode_entries([message]))


def log_note(run: Run, note: str) -> None:
    """Append a note: something that a reader of the run should know, such as files left out."""
    path = run_meta_path(run, "log", "notes")
    # A run may have been staged by a gage that did not write this file.
    earlier = [] if os.path.exists(path) else _logged_notes(run)
    append(path, encode_notes([*earlier, note]))
    log_runner(run, note_entry(note))


def read_notes(run: Run) -> list[str]:
    """Return the run's notes, the oldest first.

    Raises
    ------
    MetaError
        If a line of `log/notes` is damaged.
    """
    text = read_text(run, "log", "notes")
    if text is None:
        return _logged_notes(run)
    try:
        # The last line may have no line end: a crash cut it off.
        return [unquote(line) for line in text.split("\n")[:-1]]
    except ValueError as error:
        raise MetaError(f"{run_meta_path(run, 'log', 'notes')}: {error}") from None


def missed_a_file(output: str) -> bool:
    """Return whether the end of a failed run's output says that a file was not found."""
    return any(sign in output for sign in _MISSED)


def encode_entries(messages: Iterable[str]) -> bytes:
    """Return messages as entries of a log, all with the present time."""
    at = iso_time()
    entries = (f"{at} {message}".replace("\n", "\n  ") for message in messages)
    return "".join(f"{entry}\n" for entry in entries).encode("utf-8", "surrogateescape")


def encode_notes(notes: Iterable[str]) -> bytes:
    """Return notes as lines of `log/notes`."""
    return "".join(f"{quote(note)}\n" for note in notes).encode("utf-8", "surrogateescape")


def note_entry(note: str) -> str:
    """Return the message of `log/runner` for a note."""
    return _NOTE + note


def _logged_notes(run: Run) -> list[str]:
    """Return the notes that `log/runner` has, with all of their lines."""
    notes: list[str] = []
    in_note = False
    for line in (read_text(run, "log", "runner") or "").split("\n")[:-1]:
        if line.startswith("  "):
            if in_note:
                notes[-1] += "\n" + line[2:]
            continue
        message = line.partition(" ")[2]
        in_note = message.startswith(_NOTE)
        if in_note:
            notes.append(message.removeprefix(_NOTE))
    return notes
