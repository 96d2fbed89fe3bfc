"""The trials of a batch that are running: started, recorded, finalised."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os

# If this module is loaded, `spawn` starts commands by vfork. A fork of this process, which has
# imported much, would take three times as long.
import subprocess  # noqa: F401

from gage._internal.atomic import replace
from gage._internal.batch.queue import BIG_BYTES
from gage._internal.batch.record import ENDED
from gage._internal.process.identity import encode_identity
from gage._internal.record.file_log import scan_files
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.status import read_exit_code
from gage._internal.running.kept_command import KeptCommand
from gage._internal.running.pipes import Pipes
from gage._internal.running.recorded_end import finalize_or_record_why

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from collections.abc import Callable, Mapping

    from gage._internal.batch.handover import Handover
    from gage._internal.batch.helpers import Helpers
    from gage._internal.batch.work import Trial, Work
    from gage._internal.process.identity import Identity
    from gage._internal.types import Run

__all__ = ["Trials"]

_MUCH_OUTPUT_BYTES = 256 << 10


class Trials:
    """The trials that are running or being finalised.

    Parameters
    ----------
    keepers
        The processes that keep the batch: this process, and its keeper if it has one.
    on_failure
        A function that is called with a trial as soon as it has failed.
    on_end
        A function that is called with a trial that is finalised, and whether it failed.
    """

    def __init__(
        self,
        work: Work,
        poll: select.poll,
        helpers: Helpers,
        handover: Handover,
        keepers: tuple[Identity, ...],
        *,
        on_failure: Callable[[Trial], None],
        on_end: Callable[[Trial, bool], None],
    ) -> None:
        self._work = work
        self._poll = poll
        self._helpers = helpers
        self._handover = handover
        self._own = keepers[0]
        self._on_failure = on_failure
        self._on_end = on_end
        self._claim = "".join(f"{encode_identity(process)}\n" for process in keepers).encode()
        self._environ = dict(os.environ)
        self.running: list[Trial] = []

    @property
    def claim(self) -> bytes:
        """The content of `supervisor` of the batch and of `proc/supervisor` of its runs."""
        return self._claim

    @property
    def busy(self) -> int:
        """The number of trials that need a processor: they are running or being finalised."""
        return len(self.running) + self._helpers.count(self.note_end)

    @property
    def due_s(self) -> float | None:
        """When to call `step` without an event (monotonic clock), None for never."""
        due = [trial.command.due_s for trial in self.running if trial.command is not None]
        return min((moment for moment in due if moment is not None), default=None)

    def start(self, trial: Trial) -> None:
        """Start a staged trial."""
        path = run_meta_path(trial.run, "proc", "supervisor")
        try:
            self._work.reserve.with_room(lambda: replace(path, self._claim))
            pipes = Pipes()
        except OSError as error:
            finalize_or_record_why(trial.run, 126, f"cannot be started: {error}")
            self.note_end(trial)
            return
        command = trial.command = self._command(trial, pipes)
        self._handover.send(trial.index, pipes.kept)
        if command.start(self._environ):
            self._begin(trial, command)
            return
        pipes.close_write_ends()
        pipes.close_read_ends()
        self.finish(trial)

    def adopt(self, trial: Trial, pipes: Pipes, codes: Mapping[int, int]) -> bool:
        """Continue a trial of a supervisor that was killed; return whether it was started."""
        if read_text(trial.run, "stopped") is not None:
            pipes.close()
            return True
        command = self._command(trial, pipes)
        if not command.adopt(codes):
            pipes.close()
            return False
        trial.command = command
        self._begin(trial, command)
        return True

    def step(self, events: Mapping[int, int]) -> list[Trial]:
        """Record new output; return the trials whose commands have ended."""
        ended = [
            trial
            for trial in self.running
            if trial.command is not None and trial.command.step(events)
        ]
        for trial in ended:
            self.running.remove(trial)
            if trial.command is not None and trial.command.exit_code != 0:
                self._on_failure(trial)
        return ended

    def finish(self, trial: Trial) -> None:
        """Finalise a trial, in its own process if that may take long."""
        command = trial.command
        assert command is not None  # noqa: S101  # it was started, or could not be
        if (
            self._work.template.opdef.command("finalize-run") is not None
            or command.output_bytes > _MUCH_OUTPUT_BYTES
            or self._made_much(trial.run)
        ):
            self._helpers.start(trial, lambda: _finalize_until_asked(command), self.note_end)
        else:
            command.finalize()
            self.note_end(trial)

    def note_end(self, trial: Trial) -> None:
        """Record that a trial has ended and is finalised."""
        command = trial.command
        if read_text(trial.run, "stopped") is None:  # its helper was killed
            if command is None:
                finalize_or_record_why(trial.run, None, "")
            else:
                command.finalize(lambda: self._work.stopped is not None)
        try:
            self._work.note(trial, ENDED)
        except OSError:
            pass  # its run says that it has ended
        if command is not None:
            command.pipes.close_journals()
            self._handover.send(trial.index, [])
        failed = read_exit_code(trial.run) != 0
        if failed:
            self._work.failed += 1
            self._on_failure(trial)
        self._on_end(trial, failed)
        self._work.reserve.refill()

    def _command(self, trial: Trial, pipes: Pipes) -> KeptCommand:
        return KeptCommand(trial.run, pipes, self._work.reserve, self._own)

    def _begin(self, trial: Trial, command: KeptCommand) -> None:
        """Begin to record the output of a command."""
        command.begin(self._poll)
        self.running.append(trial)
        if self._work.stopped is not None:
            command.stop(self._work.stopped)

    def _made_much(self, run: Run) -> bool:
        try:
            found = scan_files(run.run_dir)
        except OSError:
            return False
        most = self._work.template.size_bytes + BIG_BYTES
        return sum(file.size_bytes for file in found.values()) > most


def _finalize_until_asked(command: KeptCommand) -> None:
    """Finalise a trial in a helper; an interrupt of the helper ends what takes long of it."""
    interrupts: list[int] = []
    _signal.signal(_signal.SIGINT, lambda number, _: interrupts.append(number))
    command.finalize(lambda: bool(interrupts))
