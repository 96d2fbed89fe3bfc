"""What the driver reports while it works; the shell or a notebook shows it, a script does not."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from gage._internal.api.spare import Spare
    from gage._internal.batch.batch import Batch
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.running.waiting_supervisor import WaitingSupervisor
    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.system.recording import Recording
    from gage._internal.types import Run

    Work: TypeAlias = RecordedRun | Batch

__all__ = ["Observer"]


class Observer:
    """Is called at each step of a run or a batch; this base class shows nothing.

    one run    event("made"), event(PHASE) …, event("started") or event("found") → launched
               `needed` before the start, where an earlier run was looked for in vain
    several    planned → launched
    then       follow, unless in the background; or failed, if there is nothing to follow

    Attributes
    ----------
    spare
        Keeps a supervisor ready; None if nothing does.
    """

    spare: Spare | None = None

    def supervisor(self) -> WaitingSupervisor | None:
        """Return a supervisor that already waits for a run, if there is one."""
        return None if self.spare is None else self.spare.take()

    def recordings(self) -> Sequence[Recording]:
        """Return further recordings about the system, which have been started already."""
        return ()

    def event(self, name: str, run: Run) -> None:
        """Handle a step of one run: `made`, the begin of a phase of staging, `started`, `found`."""

    def needed(self, run: Run, why: str) -> None:
        """See that no earlier run takes the place of this one, and why; it is started next."""

    def planned(self, planned: PlannedBatch) -> None:
        """Handle the plan of several runs, before anything is started."""

    def launched(self, work: Work) -> None:
        """Handle what was launched: it is running, or only staged, or was found."""

    def failed(self) -> None:
        """Handle that nothing was launched; the error is raised after this."""

    def follow(self, work: Work, stop: Callable[[], object]) -> None:  # noqa: ARG002  # to show it
        """Return when the work has ended.

        After an interrupt the driver stops the work, unless `interrupt_means_stop` says no. An
        observer that wants to show the stopping calls `stop` itself.
        """
        work.wait()

    def interrupt_means_stop(self) -> bool:
        """Return whether an interrupt that has just arrived asks to stop the followed work.

        The end of a Jupyter kernel arrives as an interrupt too, and does not stop a run.
        """
        from gage._internal.api.interrupts import interrupt_stops_runs

        return interrupt_stops_runs()

    def shows_output(self) -> bool:
        """Return whether the user sees the run's output, so that an error need not repeat it."""
        return False

    def hint(self, run: RecordedRun) -> str:  # noqa: ARG002  # for those who know more
        """Return a line for the error of a failed run: what may have caused the failure."""
        return ""
