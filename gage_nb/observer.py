"""The notebook's observer: it shows the events of the driver as a panel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

from gage._internal.api.observer import Observer
from gage._internal.api.spare import spare
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.text import on_a_line
from gage_nb.keywords import Display
from gage_nb.name_errors import explain_name_error
from gage_nb.notebook_recording import NotebookRecorder, executed_cells
from gage_nb.shown import display_run, forget_shown, mark_shown
from gage_nb.views.choosing import choose_view, is_seen
from gage_nb.views.live import LivePanel, watch, watch_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.api.observer import Work
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.operations.options import RunOptions
    from gage._internal.types import Run
    from gage_nb.batch_display import BatchDisplay, NotebookBatch
    from gage_nb.notebook_recording import NotebookRecording

__all__ = ["NotebookObserver"]

_QUICK_STAGING_S = 0.1

# One recorder for each shell, which remembers the server that knows the notebook.
_recorders: dict[InteractiveShell, NotebookRecorder] = {}


class NotebookObserver(Observer):
    """Shows a run while it is launched: during a long staging, otherwise once it has started.

    Making a panel takes as long as staging a small run, so it is done while the command starts.
    """

    spare = spare

    def __init__(self, options: RunOptions, display: Display = Display()) -> None:  # noqa: B008
        choose_view(display.view)  # checked first: with a wrong view no run is made
        self._options = options
        self._display = display
        self._panel: LivePanel | None = None
        self._batch: BatchDisplay | None = None
        self._shown_from_s = 0.0

    @property
    def batch(self) -> NotebookBatch | None:
        """The launched batch, as a `NotebookBatch`."""
        return None if self._batch is None else self._batch.batch

    def recordings(self) -> Sequence[NotebookRecording]:
        """Begin to record the notebook and the cell."""
        shell = get_ipython()
        if shell is None:
            return ()
        return [_recorders.setdefault(shell, NotebookRecorder(shell)).start()]

    def event(self, name: str, run: Run) -> None:
        """Show a step of the run."""
        if name == "made":
            self._made(run)
        elif name == "found":
            self._found(RecordedRun.of(run, found=True))
        elif self._panel is not None and (name == "started" or not self._options.needed):
            self._panel.phase(name)
            # With `needed`, there may be nothing to show before the start.
            if name == "started" or time.monotonic() >= self._shown_from_s:
                self._panel.show()

    def needed(self, run: Run, why: str) -> None:  # noqa: ARG002  # there is only this one
        """Say why no earlier run takes the place of this one."""
        if not self._options.quiet:
            print(f"Needed: {on_a_line(why)}")  # noqa: T201  # it is for the cell

    def planned(self, planned: PlannedBatch) -> None:
        """Show the plan of a batch."""
        from gage_nb.batch_display import BatchDisplay  # most lines ask for one run

        self._batch = BatchDisplay(planned, self._options, self._display)

    def launched(self, work: Work) -> None:
        """Show the launched work, from a thread if it runs in the background."""
        if self._batch is not None:
            self._batch.launched(work)
            return
        spare.provide()
        if self._options.stage:
            self._finish()
        elif self._options.background and self._panel is not None:
            watch_in_background(self._panel)

    def failed(self) -> None:
        """Show what there is."""
        if self._batch is not None:
            self._batch.failed()
            return
        spare.provide()
        self._finish()

    def follow(self, work: Work, stop: Callable[[], object]) -> None:
        """Show the work live until it has ended; an interrupt of the kernel stops it."""
        if self._batch is not None and not isinstance(work, RecordedRun):
            self._batch.follow(work, stop)
        elif self._panel is not None:
            watch(self._panel, stop=stop)
        else:
            super().follow(work, stop)

    def shows_output(self) -> bool:
        """Return whether a user sees the run's panel; the log of a build shows only errors."""
        return self._panel is not None and is_seen()

    def hint(self, run: RecordedRun) -> str:
        """Return a hint for a NameError of the run, if the notebook has the name."""
        shell = get_ipython()
        if shell is None or run.status != "error":
            return ""
        hint = explain_name_error(run.last_lines(), shell.user_ns.keys(), executed_cells(shell))
        return hint or ""

    def attach(self, run: RecordedRun) -> None:
        """Show a run that was made earlier."""
        if not self._options.quiet:
            stop = (lambda: run.stop(by="notebook")) if self._options.background else None
            self._panel = LivePanel(run, view=self._display.view, stop=stop)
        mark_shown(run.id)

    def _made(self, run: Run) -> None:
        recorded = RecordedRun.of(run)
        if self._display.on_made is not None:
            self._display.on_made(recorded)
        if not self._options.quiet:
            self.attach(recorded)
            self._shown_from_s = time.monotonic() + _QUICK_STAGING_S

    def _found(self, run: RecordedRun) -> None:
        """Show the earlier run that takes the place of the new one."""
        self._panel = None
        if self._display.on_made is not None:
            self._display.on_made(run)
        if not self._options.quiet:
            print(f"Not needed: {run.name} has done the same")  # noqa: T201  # it is for the cell
            forget_shown()
            display_run(run)
            mark_shown(run.id)

    def _finish(self) -> None:
        if self._panel is not None:
            self._panel.show()
            self._panel.finish()
