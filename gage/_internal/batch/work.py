"""What all parts of a batch's supervisor share: plan, template, log, reserve."""

from __future__ import annotations

import os

from gage._internal.batch.record import (
    TrialEvent,
    TrialLog,
    append_event,
    log_batch,
    read_json,
    read_plan,
)
from gage._internal.batch.template import Template
from gage._internal.record.layout import home_of, run_at
from gage._internal.running.reserve import Reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.record.stop_request import StopRequest
    from gage._internal.running.kept_command import KeptCommand
    from gage._internal.types import Run

__all__ = ["Trial", "Work"]

_RESERVE_BYTES = 256 << 10


class Trial:
    """A trial whose run exists or is being made: its place in the plan, its run, its command.

    `command` is None until the run's command has been started.
    """

    __slots__ = ("command", "index", "run")

    def __init__(self, index: int, run: Run) -> None:
        self.index = index
        self.run = run
        self.command: KeptCommand | None = None


class Work:
    """A running batch.

    Attributes
    ----------
    directory, home
        The directory of the batch, and the directory of its runs.
    plan
        The plan of the batch (`batch.record`).
    jobs, fail_fast, needed
        The options that the batch was started with.
    template
        The template that every trial is staged from.
    log
        The log of the trials.
    reserve
        Disk space for recording the end of runs when the disk is full.
    stopped
        The request that stops the batch; None if there is none.
    failed
        How many trials have failed.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.home = home_of(os.path.join(directory, "template"))
        self.plan: dict[str, Any] = read_plan(directory)
        how = read_json(directory, "start.json")
        self.jobs = max(1, int(how.get("jobs") or 1))
        self.fail_fast = bool(how.get("fail_fast"))
        self.needed = bool(how.get("needed"))
        template = run_at(directory, str(self.plan["id"]))
        self.template = Template(template, str(self.plan["project_dir"]))
        self.log = TrialLog(directory)
        self.reserve = Reserve(os.path.join(directory, "reserve"), _RESERVE_BYTES, 16)
        self.stopped: StopRequest | None = None
        self.failed = 0

    @property
    def count(self) -> int:
        """The number of trials in the plan."""
        return int(self.plan["count"])

    def note(self, trial: Trial, event: str, run_id: str | None = None) -> None:
        """Record an event of a trial (`batch.record`); default `run_id`: that of its run."""
        noted = TrialEvent(trial.index, event, run_id or trial.run.id)
        self.reserve.with_room(lambda: append_event(self.directory, noted))

    def say(self, message: str) -> None:
        """Append a message to the log of the batch."""
        try:
            self.reserve.with_room(lambda: log_batch(self.directory, message))
        except OSError:
            pass  # never lose a batch over a log line

    def run_of(self, event: TrialEvent) -> Run:
        """Return the run of an event."""
        return run_at(self.home, event.run_id)
