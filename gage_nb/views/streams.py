"""The view in a terminal or a pipe: output as it comes, then the panel as text."""

from __future__ import annotations

import codecs
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from gage._internal.batch.screen import BatchScreen, is_terminal
from gage._internal.batch.state import BatchState
from gage._internal.batch.state_text import batch_text, counts_text, note_texts
from gage._internal.people import format_size
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage_nb.views.panel_state import PanelState
from gage_nb.views.run_text import static_text
from gage_nb.views.terminal import UNFINISHED, render

if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["BatchStream", "RunStream"]

# The maximum that a terminal gets in one update; further output is skipped with a note.
STREAM_BYTES = 65_536

S = TypeVar("S")

_NOT_SHOWN = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[^0-?ABCDEFGJKm]"
    r"|\x1b(?!\[)[ -/]*[0-~]|[\x00-\x07\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)


class _Stream(Generic[S]):
    """Text that is printed to the stdout of the cell or script.

    Nothing is printed from another thread: it would mix with the user's input.
    """

    def __init__(self) -> None:
        self._thread = threading.current_thread()

    def complete(self, state: S) -> None:
        """Do nothing: nothing was postponed."""

    @property
    def _may_print(self) -> bool:
        return threading.current_thread() is self._thread

    @staticmethod
    def _print(text: str) -> None:
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()


class RunStream(_Stream[PanelState]):
    """Shows a run in a terminal: its output as it comes, with a line about the run at both ends.

    Sequences that do more than move the cursor and colour text (titles, clipboards, queries) are
    left out. A run that prints faster than the terminal is not slowed down: output is skipped with
    a note, and is complete on disk.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._path = run_meta_path(run, "output", RUN_OUTPUT)
        self._offset = 0
        self._in_line = False
        self._held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def show(self, state: PanelState) -> None:
        """Print the name of the run."""
        self._print(f"{state.operation} {state.name}: {state.status}\n")

    def update(self, state: PanelState) -> None:
        """Print new output of the run."""
        if self._may_print:
            self._copy(state, final=False)

    def finish(self, state: PanelState) -> None:
        """Print the rest, and the panel without the output."""
        if not self._may_print:
            return
        self._copy(state, final=True)
        if self._in_line:
            self._print("\n")
        self._print(static_text(state, with_tail=False) + "\n")

    def _copy(self, state: PanelState, *, final: bool) -> None:
        data = self._next_data(state.name)
        out = sys.stdout
        if not out.isatty():
            # A pipe or a file gets complete lines, in their final form.
            end = len(data) if final else data.rfind(b"\n") + 1
            self._offset -= len(data) - end
            self._print("".join(f"{line.text}\n" for line in render([(0, data[:end])])))
        elif data:
            text = self._held + self._decoder.decode(data, final)
            cut = UNFINISHED.search(text, max(0, len(text) - 256))
            self._held = text[cut.start() :] if cut else ""
            text = _NOT_SHOWN.sub("", text[: len(text) - len(self._held)])
            self._print(text)
            self._in_line = not text.endswith("\n") if text else self._in_line

    def _next_data(self, name: str) -> bytes:
        try:
            with Path(self._path).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if size - self._offset > 2 * STREAM_BYTES:
                    file.seek(size - STREAM_BYTES)
                    skipped = file.read(STREAM_BYTES)
                    begin = skipped.find(b"\n") + 1
                    left_out = size - STREAM_BYTES + begin - self._offset
                    self._offset += left_out
                    self._print(f"\n… {format_size(left_out)} not shown: gage output {name}\n")
                file.seek(self._offset)
                data = file.read(2 * STREAM_BYTES)
        except FileNotFoundError:
            return b""
        self._offset += len(data)
        return data


class BatchStream(_Stream[BatchState]):
    """Shows a batch: on a terminal its table and a bar, else a line when trials have ended."""

    def __init__(self) -> None:
        super().__init__()
        self._finished = 0
        self._screen = BatchScreen(sys.stdout) if is_terminal(sys.stdout) else None

    def show(self, state: BatchState) -> None:
        """Print the plan."""
        self._print(f"{state.operation}: {state.text}\n")

    def update(self, state: BatchState) -> None:
        """Draw the batch, or print a line if trials have ended."""
        if not self._may_print:
            return
        if self._screen is not None:
            self._screen.update(state)
        elif state.finished > self._finished:
            self._finished = state.finished
            self._print(f"{counts_text(state)}\n")

    def finish(self, state: BatchState) -> None:
        """Print how it ended, and the table."""
        if not self._may_print:
            return
        if self._screen is None:
            self._print(batch_text(state) + "\n")
            return
        self._screen.finish(state)
        notes = [f"note: {note}\n" for note in note_texts(state)]
        self._print(f"{counts_text(state)}\n{''.join(notes)}")
