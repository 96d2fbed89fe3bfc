"""What the driver tells whoever asked for a run: shown by the shell, a notebook, or not at all."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from gage._internal.batch.batch import Batch
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.running.waiting_supervisor import WaitingSupervisor
    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.system.recording import Recording
    from gage._internal.types import Run

    Work: TypeAlias = RecordedRun | Batch

__all__ = ["Observer"]


class Observer:
    """Sees a run or a batch on its way; shows nothing itself.

    one run    event("made"), event(PHASE) …, event("started") or event("found") → launched
    several    planned → launched
    then       follow, unless nobody waits; or failed, when there is nothing to follow
    """

    def supervisor(self) -> WaitingSupervisor | None:
        """Return a supervisor that waits for a run already, if there is one."""
        return None

    def recordings(self) -> Sequence[Recording]:
        """Return what else is to be recorded about the system; it is being found out already."""
        return ()

    def event(self, name: str, run: Run) -> None:
        """See a step of one run: `made`, a phase of staging as it begins, `started`, `found`."""

    def planned(self, planned: PlannedBatch) -> None:
        """See the plan of several runs before anything is started."""

    def launched(self, work: Work) -> None:
        """See what was launched: it is running, or only staged, or was found."""

    def failed(self) -> None:
        """See that nothing was launched; the error is on its way."""

    def follow(self, work: Work, stop: Callable[[], object]) -> None:  # noqa: ARG002  # to show it
        """Return when it has ended.

        After an interrupt the work is stopped, unless it means something else; `stop` does so
        earlier, so that the stopping can be shown.
        """
        work.wait()

    def interrupt_means_stop(self) -> bool:
        """Return whether an interrupt that has just arrived asks to stop what is followed.

        The end of a Jupyter kernel arrives as an interrupt too, and means nothing to a run.
        """
        from gage._internal.api.interrupts import interrupt_stops_runs

        return interrupt_stops_runs()

    def shows_output(self) -> bool:
        """Return whether the run's output is in front of the user, who then needs it no more."""
        return False

    def hint(self, run: RecordedRun) -> str:  # noqa: ARG002  # for those who know more
        """Return a line of the error of a run that failed: what may have caused it."""
        return ""
