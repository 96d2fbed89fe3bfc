"""The state of a batch at one moment, read from its files, cheaply and repeatedly.

    plan, trials, side-cars → BatchReader → BatchState → a panel, a terminal

An ended trial is read once; of running trials, only those that are shown are read. If there are
more than `MAX_ROWS` trials, the running ones, the failed ones and the best one come first.
`MAX_FOLDED` more follow, and the number of all others. A trial that is staged ahead is waiting.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gage._internal.batch.running_trial import RunningTrial
from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.people import status_words
from gage._internal.record.runner_log import LEFT_OUT
from gage._internal.types import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["MAX_FOLDED", "MAX_ROWS", "WAITING", "BatchReader", "BatchState", "TrialRow", "in_order"]

MAX_ROWS = 20
MAX_FOLDED = 100
MAX_COLUMNS = 8

WAITING = "waiting"


@dataclass(frozen=True)
class TrialRow:
    """A trial of a batch.

    Attributes
    ----------
    index
        Its place in the plan.
    name, status
        Name and status of its run; the status is `waiting` before the start; `words` is its text.
    done, seconds
        Its progress from 0 to 1, if it is known; how long it took or has been running.
    found
        Whether its run had completed before.
    """

    index: int
    name: str = ""
    status: str = WAITING
    done: float | None = None
    seconds: float | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    found: bool = False
    words: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.status == "running"


@dataclass(frozen=True)
class BatchState:
    """A batch at one moment. Times are epoch µs (UTC).

    Attributes
    ----------
    text
        The plan in words.
    counts
        The number of trials with each status, including `waiting`.
    rows, folded, more
        The shown trials, those behind a fold, and the number of others.
    columns, metrics, left_out
        The columns of the rows, and the columns that had no room.
    best
        The place in the plan of the best trial so far.
    """

    operation: str
    name: str
    id: str
    text: str
    count: int
    as_of_us: int
    ended: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: tuple[TrialRow, ...] = ()
    folded: tuple[TrialRow, ...] = ()
    more: int = 0
    columns: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    seconds: float | None = None
    objective: str = ""
    best: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def finished(self) -> int:
        """The number of ended trials."""
        return sum(self.counts.get(status, 0) for status in ENDED)

    @property
    def done(self) -> float:
        """The progress from 0 to 1; a running trial counts in part if its progress is known."""
        begun = sum(row.done or 0.0 for row in (*self.rows, *self.folded) if row.is_running)
        return (self.finished + begun) / self.count if self.count else 1.0


class BatchReader:
    """Reads a batch repeatedly: its plan and, once `batch` is set, its trials."""

    def __init__(self, planned: PlannedBatch | None = None, batch: Batch | None = None) -> None:
        self._planned = planned
        self.batch = batch
        self._running: dict[str, RunningTrial] = {}
        self._begun_us = now_us()
        self._over = False
        self._notes: tuple[str, ...] | None = None
        self._idle: bool | None = None
        self._ended: dict[int, TrialRow] = {}

    def read(self) -> BatchState:
        """Return the present state from the batch's files."""
        if self.batch is None:
            return self._of_plan()
        return self._of_batch(self.batch)

    def _of_plan(self) -> BatchState:
        planned = self._planned
        assert planned is not None  # noqa: S101  # there is one or the other
        plan = planned.plan
        trials = [TrialRow(index, asked=trial.asked) for index, trial in enumerate(plan.trials)]
        rows, folded = tuple(trials[:MAX_ROWS]), tuple(trials[MAX_ROWS:][:MAX_FOLDED])
        return BatchState(
            operation=planned.operation.opref.op_name,
            name="",
            id="",
            text=plan.text,
            count=plan.count,
            as_of_us=now_us(),
            ended=False,
            counts={WAITING: plan.count},
            rows=rows,
            folded=folded,
            more=plan.count - len(rows) - len(folded),
            columns=plan.columns[:MAX_COLUMNS],
            left_out=plan.columns[MAX_COLUMNS:],
            objective="" if plan.objective is None else str(plan.objective),
            notes=tuple(dict.fromkeys([*planned.operation.notes, *plan.notes])),
        )

    def _of_batch(self, batch: Batch) -> BatchState:
        # Checked first: if it has ended, what is read afterwards is final.
        ended = self._over or not batch.running
        self._over = ended
        trials = batch.trials
        statuses = [_status_of(batch, trial) for trial in trials]
        counts: dict[str, int] = {}
        for status in statuses:
            counts[status] = counts.get(status, 0) + 1
        best = self._best(batch) if batch.objective else None
        order = in_order(statuses, best)
        read = [self._row(batch, trials[i], statuses[i]) for i in order[: MAX_ROWS + MAX_FOLDED]]
        rows, folded = tuple(read[:MAX_ROWS]), tuple(read[MAX_ROWS:])
        metrics = list(dict.fromkeys(name for row in read for name in row.metrics))
        return BatchState(
            operation=batch.operation,
            name=batch.name,
            id=batch.id,
            text=batch.text,
            count=batch.count,
            as_of_us=now_us(),
            ended=ended,
            counts=counts,
            rows=rows,
            folded=folded,
            more=batch.count - len(read),
            columns=batch.columns[:MAX_COLUMNS],
            metrics=tuple(metrics[:MAX_COLUMNS]),
            left_out=(*batch.columns[MAX_COLUMNS:], *metrics[MAX_COLUMNS:]),
            seconds=None if ended else max(0, now_us() - self._started_us(batch)) / 1e6,
            objective=batch.objective or "",
            best=best,
            notes=self._notes_of(batch, ended=ended),
        )

    def _started_us(self, batch: Batch) -> int:
        """Return when the batch was started the last time."""
        try:
            return os.stat(os.path.join(batch.directory, "start.json")).st_mtime_ns // 1000
        except OSError:
            return self._begun_us

    def _notes_of(self, batch: Batch, *, ended: bool) -> tuple[str, ...]:
        if self._notes is None:
            planned = self._planned
            said = [] if planned is None else [*planned.operation.notes, *planned.plan.notes]
            found = [note for note in batch.notes if not note.startswith(LEFT_OUT)]
            self._notes = tuple(dict.fromkeys([*said, *found]))
        if ended and self._planned is not None and self._had_nothing_to_do(batch):
            return ("nothing to do: every trial had already completed", *self._notes)
        return self._notes

    def _had_nothing_to_do(self, batch: Batch) -> bool:
        """Return whether every trial had completed before this reader was made."""
        if self._idle is None:
            try:
                stopped = [run.timestamp("stopped") for run in batch.runs]
            except (MetaError, OSError):
                stopped = []
            self._idle = len(stopped) == batch.count and all(
                time_us is not None and time_us < self._begun_us for time_us in stopped
            )
        return self._idle

    def _row(self, batch: Batch, trial: BatchTrial, status: str) -> TrialRow:
        run = trial.run
        if run is None:
            return TrialRow(trial.index, asked=trial.asked)
        known = self._ended.get(trial.index)
        if known is not None and (known.name, known.status) == (run.name, status):
            return known
        row = TrialRow(trial.index, run.name, status, asked=trial.asked)
        if status == WAITING:
            return row
        if status == "running":
            now = self._running.setdefault(run.id, RunningTrial(run)).read()
            return replace(row, done=now.done, seconds=now.seconds, metrics=now.metrics)
        self._running.pop(run.id, None)
        row = replace(
            row,
            seconds=_seconds(run),
            metrics=batch.metrics_of(trial),
            found=trial.event == "found",
            words=_words(batch, trial),
        )
        if self._over and status in ENDED:
            self._ended[trial.index] = row
        return row

    @staticmethod
    def _best(batch: Batch) -> int | None:
        best = batch.best()
        if best is None:
            return None
        return next(
            (t.index for t in batch.trials if t.run is not None and t.run.id == best.id), None
        )


def _status_of(batch: Batch, trial: BatchTrial) -> str:
    name = WAITING if trial.run is None else batch.status_of(trial).name
    return WAITING if name in ("staged", "pending") else name


def _seconds(run: RecordedRun) -> float | None:
    try:
        duration_us = run.duration_us
    except (MetaError, OSError):
        return None
    return None if duration_us is None else duration_us / 1e6


def _words(batch: Batch, trial: BatchTrial) -> str:
    status = batch.status_of(trial)
    return status_words(status.name, status.exit_code, status.reason)


def in_order(statuses: Sequence[str], best: int | None) -> list[int]:
    """Return the trials in the order of their display, by their place in the plan.

    That is the order of the plan, unless there are too many to see at once: then running, failed
    and best trials come first, then other ended ones.
    """
    if len(statuses) <= MAX_ROWS:
        return list(range(len(statuses)))
    failed = ("error", "terminated", "damaged")

    def rank(index: int) -> tuple[int, int]:
        status = statuses[index]
        if status == "running":
            return 0, index
        if status in failed:
            return 1, index
        if index == best:
            return 2, index
        return (4 if status == WAITING else 3), index

    return sorted(range(len(statuses)), key=rank)
