"""The supervisor of a batch: it stages, starts, records and finalises every trial.

    caller ── keeper ── supervisor ── commands, up to `jobs` at a time
                 └──────────┴── read ends of the commands' pipes

One process supervises all trials, with one poll for all events; the next trial is staged while
others are running (`queue`, `trials`). Long tasks are done by helper processes (`helpers`). As for
a single run, a keeper waits for the supervisor and takes its place if it dies: it gets the pipes of
every command (`handover`). SIGTERM tells the supervisor to stop (`stops`).

The supervisor writes one line to its caller, `started` or `refused REASON`.
"""

from __future__ import annotations

import gc
import os
import select
import sys

from gage._internal.atomic import replace
from gage._internal.batch.handover import Handover, keep_trials
from gage._internal.batch.helpers import Helpers
from gage._internal.batch.queue import Queue
from gage._internal.batch.record import log_batch, mend_events
from gage._internal.batch.stops import Stops
from gage._internal.batch.trials import Trials
from gage._internal.batch.work import Trial, Work
from gage._internal.errors import GageError
from gage._internal.output.recording import poll_timeout_ms
from gage._internal.process.identity import identity_of
from gage._internal.running.keeper import StopSignals, answer_caller, inherit_orphans, supervise
from gage._internal.store.same_work import remove_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.running.pipes import Pipes

__all__ = ["main"]


def main(directory: str) -> None:
    """Supervise a batch from its start to its end; never returns."""
    os.closerange(3, 4096)  # descriptors that a library of the caller leaked
    directory = os.path.abspath(directory)
    try:
        work = Work(directory)
        # `record.status` uses this to tell a copy of the directory of runs from the original.
        os.chdir(work.home)
        signals = StopSignals()
        handover = Handover()
    except (GageError, OSError) as error:
        answer_caller(f"refused {error}")
        os._exit(1)

    def take_over(kept: Mapping[int, Pipes], codes: Mapping[int, int]) -> None:
        _Supervisor(work, signals, handover, None).take_over(kept, codes)

    inherit_orphans()
    supervise(
        lambda message: log_batch(directory, message),
        lambda keeper: _Supervisor(work, signals, handover, keeper).start(),
        lambda supervisor: keep_trials(supervisor, handover, take_over),
    )


class _Supervisor:
    """The process that supervises the batch, from its start or after another one died."""

    def __init__(
        self, work: Work, signals: StopSignals, handover: Handover, keeper: int | None
    ) -> None:
        self._work = work
        self._signals = signals
        own = identity_of(os.getpid())
        keepers = (own,) if keeper is None else (own, identity_of(keeper, beside=own))
        self._poll = select.poll()
        self._poll.register(signals.wake_fd, select.POLLIN)
        self._helpers = Helpers(self._poll)
        self._trials = Trials(
            work,
            self._poll,
            self._helpers,
            handover,
            keepers,
            on_failure=self._note_failure,
            on_end=self._note_end,
        )
        self._queue = Queue(work, self._helpers, self._trials.note_end)
        self._stops = Stops(work, signals, self._queue, self._trials, self._helpers)

    def start(self) -> None:
        """Run what is missing from the batch."""
        work = self._work
        try:
            replace(os.path.join(work.directory, "supervisor"), self._trials.claim)
            work.reserve.write()
            mend_events(work.directory)
            self._queue.prepare()
        except (GageError, OSError) as error:
            answer_caller(f"refused {error}")
            return
        work.say(f"Running {len(self._queue)} trials, {work.jobs} at a time")
        answer_caller("started")
        self._loop()

    def take_over(self, kept: Mapping[int, Pipes], codes: Mapping[int, int]) -> None:
        """Do what the killed supervisor has not done.

        `kept` has the pipes of the trials that it had started, `codes` the known exit codes by
        process.
        """
        work = self._work
        work.say("The supervisor was killed: its keeper continues")
        answer_caller("started")
        mend_events(work.directory)
        self._queue.prepare(kept)
        for index, pipes in kept.items():
            trial = Trial(index, work.run_of(work.log.runs[index]))
            if not self._trials.adopt(trial, pipes, codes):
                self._queue.again(trial)
        self._stops.look()
        self._loop()

    def _note_failure(self, trial: Trial) -> None:
        self._stops.after_failure(trial)

    def _note_end(self, trial: Trial, failed: bool) -> None:  # noqa: FBT001  # called by position
        self._queue.report(trial, None if failed else trial.run)

    def _loop(self) -> None:
        gc.freeze()  # what is here now stays: the collector need not look at it for each trial
        self._fill()
        while self._trials.running or len(self._helpers) or self._queue.ready:
            events = dict(self._poll.poll(poll_timeout_ms(self._due_s())))
            if self._signals.wake_fd in events:
                self._signals.clear()
                self._stops.look()
            ended = self._trials.step(events)
            self._helpers.finish_ended()
            # Commands are started first, then comes what can be done while they are running.
            self._start_ready()
            for trial in ended:
                self._trials.finish(trial)
            self._fill()
        self._end()

    def _due_s(self) -> float | None:
        due = (self._trials.due_s, self._helpers.due_s)
        return min((moment for moment in due if moment is not None), default=None)

    def _fill(self) -> None:
        """Start all trials that can be started, and stage the next one ahead."""
        self._start_ready()
        while self._queue.stages_ahead(len(self._trials.running) + len(self._helpers)):
            # A trial is staged ahead only if nothing else is waiting to be done.
            if len(self._trials.running) >= self._work.jobs and self._poll.poll(0):
                return
            self._queue.stage_next()
            self._start_ready()

    def _start_ready(self) -> None:
        while self._queue.ready and self._trials.busy < self._work.jobs:
            self._trials.start(self._queue.ready.popleft())

    def _end(self) -> None:
        work = self._work
        work.log.update()
        if len(work.log.runs) == work.count and not work.failed and work.stopped is None:
            # Nothing is staged from the template any more; its side-car stays.
            remove_directory(work.template.run.run_dir)
        words = "all done" if work.stopped is None else f"stopped by {work.stopped.by}"
        work.say(f"The batch has ended: {words}, {work.failed} failed")
        work.reserve.release()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m gage._internal.batch.supervisor DIRECTORY")
    main(sys.argv[1])
