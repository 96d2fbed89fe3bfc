"""The queue of a batch: trials to be staged, and trials staged ahead of their start."""

from __future__ import annotations

import os
from collections import deque

from gage._internal.batch.proposals import Proposals
from gage._internal.batch.record import DROPPED, FOUND, MADE
from gage._internal.batch.work import Trial
from gage._internal.clock import make_id
from gage._internal.errors import GageError
from gage._internal.record.layout import run_at, run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import encode_json
from gage._internal.record.status import read_exit_code, read_status
from gage._internal.running.recorded_end import finalize_or_record_why
from gage._internal.staging.failure import record_failure
from gage._internal.store.same_work import CompletedWork, describe, remove_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from gage._internal.batch.helpers import Helpers
    from gage._internal.batch.work import Work
    from gage._internal.types import Command, Run

__all__ = ["Queue"]

BIG_BYTES = 8 << 20


class Queue:
    """The trials that have not been started.

    Parameters
    ----------
    on_end
        A function that is called with a trial whose staging has failed, which ends it.
    """

    def __init__(self, work: Work, helpers: Helpers, on_end: Callable[[Trial], None]) -> None:
        self._work = work
        self._helpers = helpers
        self._on_end = on_end
        self._todo: deque[int] = deque()
        self._same: CompletedWork | None = None
        # Encoded once: the list of packages is larger than the rest of a side-car.
        known = work.plan.get("sys_attrs") or {}
        self._sys_attrs = {name: encode_json(value) for name, value in known.items()}
        self.ready: deque[Trial] = deque()
        self.proposals: Proposals | None = None

    def __len__(self) -> int:
        return len(self._todo)

    def prepare(self, kept: Collection[int] | None = None) -> None:
        """Find out which trials are to be run.

        `kept` has the running trials of a supervisor that was killed. None means that the batch is
        being started: trials that have failed are run again.
        """
        work = self._work
        work.log.update()
        done = {
            index
            for index, event in work.log.runs.items()
            if event.event == FOUND or read_status(work.run_of(event)).name == "completed"
        }
        for index, event in sorted(work.log.runs.items()):
            if event.event == MADE and index not in done and index not in (kept or ()):
                run = work.run_of(event)
                if read_status(run).name in ("pending", "staged", "damaged"):
                    self.drop(Trial(index, run))
                elif read_text(run, "stopped") is None and kept is not None:
                    finalize_or_record_why(run, read_exit_code(run), "")
        work.log.update()
        begun = set() if kept is None else {*work.log.runs, *kept}
        self._todo.extend(n for n in range(work.count) if n not in done and n not in begun)
        if work.needed:
            self._same = CompletedWork(work.home, work.template.run)
        if work.plan.get("objective"):
            self.proposals = Proposals(work, done)

    def again(self, trial: Trial) -> None:
        """Put a trial that was never started back at the front, with a new run."""
        self.drop(trial)
        self._todo.appendleft(trial.index)

    def clear(self) -> None:
        """Start no more trials: remove those staged ahead."""
        self._todo.clear()
        while self.ready:
            self.drop(self.ready.popleft())

    def stages_ahead(self, busy: int) -> bool:
        """Return whether to stage another trial while `busy` others are running."""
        if not self._todo or self._work.stopped is not None:
            return False
        jobs = self._work.jobs
        # A search needs the ended trials for its next proposal: nothing is staged ahead.
        ahead = 0 if self.proposals is not None else jobs
        return busy + len(self.ready) < jobs + ahead and len(self.ready) < jobs

    def stage_next(self) -> None:
        """Stage the next trial, in its own process if that may take long."""
        work = self._work
        run = run_at(work.home, make_id())
        trial = Trial(self._todo.popleft(), run)
        work.note(trial, MADE)
        try:
            values, asked, command = self._values_of(trial.index)
        except GageError as error:
            work.say(f"Trial {trial.index} cannot be planned: {error}")
            work.failed += 1
            self.report(trial, None)
            return
        plan, template = work.plan, work.template
        batch = {
            "id": plan["id"],
            "key": plan["key"],
            "index": trial.index,
            "count": plan["count"],
            "asked": asked,
        }
        sys_attrs = {**self._sys_attrs, "batch": batch}
        user_attrs = plan.get("attrs") or {}

        def stage() -> None:
            template.stage(work.home, run.id, values, command, user_attrs, sys_attrs)

        if template.has_commands or template.size_bytes > BIG_BYTES:
            self._helpers.start(trial, lambda: _staged(run, stage), self._note_staged)
        else:
            _staged(run, stage)
            self._note_staged(trial)

    def drop(self, trial: Trial) -> None:
        """Remove a run that was staged ahead and is not going to be started."""
        self._work.note(trial, DROPPED)
        remove_run(trial.run)

    def report(self, trial: Trial, run: Run | None) -> None:
        """Give the search, if there is one, the run of a trial; None means that it failed."""
        if self.proposals is not None:
            self.proposals.report(trial.index, run)

    def _values_of(self, index: int) -> tuple[dict[str, Any], dict[str, Any], Command]:
        """Return all values of a trial, its values that vary, and its command."""
        plan, template = self._work.plan, self._work.template
        if self.proposals is not None:
            from gage._internal.config import resolve_values, with_values

            asked = self.proposals.propose(index)
            config = template.searched_config
            values, _ = resolve_values(config, {**plan["fixed"], **asked})
            return values, asked, with_values(config, values, template.cmd.args)
        planned = plan["trials"][index]
        values = {**plan["defaults"], **planned["values"]}
        return values, planned["asked"], planned.get("command", template.cmd.args)

    def _note_staged(self, trial: Trial) -> None:
        work, run = self._work, trial.run
        if not os.path.isdir(run.meta_dir):
            work.say(f"Trial {trial.index}: its run could not be made")
            work.failed += 1
            self.report(trial, None)
            return
        if read_text(run, "stopped") is not None or read_text(run, "staged") is None:
            self._on_end(trial)
            return
        found = None
        if self._same is not None:
            found, why = self._same.same(run)
            if found is None:
                work.say(f"Trial {trial.index} is needed: {why}")
        if found is not None:
            remove_run(run)
            describe(found, work.plan.get("attrs") or {})
            work.note(trial, FOUND, found.id)
            work.say(f"Trial {trial.index}: {found.name} has done the same")
            self.report(trial, found)
        elif work.stopped is not None:
            self.drop(trial)
        else:
            self.ready.append(trial)


def _staged(run: Run, stage: Callable[[], None]) -> None:
    """Stage a run; if that fails, record the failure as the run's end."""
    try:
        stage()
    except (GageError, OSError, ValueError, KeyboardInterrupt) as error:
        # A failed phase of staging has been recorded as the run's end already.
        if os.path.isdir(run.meta_dir) and not os.path.exists(run_meta_path(run, "stopped")):
            record_failure(run, error)
