"""A batch at one moment, read from its files, cheaply and again and again.

    plan, trials, side-cars → BatchReader → BatchState

A trial that has ended is read once; of those that run, what the panel shows of them. However many
trials there are, the state holds `MAX_ROWS` of them, and how many more there are.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage_nb.views.run_state import StateReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.batch.launch import PlannedBatch

__all__ = ["MAX_ROWS", "BatchReader", "BatchState", "TrialRow"]

MAX_ROWS = 20
MAX_COLUMNS = 8

_WAITING = "waiting"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialRow:
    """A trial: `index` in the plan, the name of its run, its status (`waiting` before it is begun).

    `done` is how much of it is done, from 0 to 1, where it says so; `seconds` how long it took or
    has been running.
    """

    index: int
    name: str = ""
    status: str = _WAITING
    done: float | None = None
    seconds: float | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    found: bool = False


@dataclass(frozen=True)
class BatchState:
    """A batch at one moment.

    `text` is the plan in words; `counts` how many trials have each status, `waiting` too; `rows`
    are some of the trials and `more` counts the others; `columns` and `metrics` are what the rows
    show, `left_out` names the columns that had no place. Times are epoch µs (UTC).
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
        """How many trials have ended."""
        going_on = (_WAITING, "pending", "staged", "running")
        return sum(count for status, count in self.counts.items() if status not in going_on)


class BatchReader:
    """Reads a batch again and again: its plan, and once `batch` is set, what became of it."""

    def __init__(self, planned: PlannedBatch | None = None, batch: Batch | None = None) -> None:
        self._planned = planned
        self.batch = batch
        self._states: dict[str, StateReader] = {}
        self._begun_us = now_us()
        self._over = False
        self._notes: tuple[str, ...] | None = None

    def read(self) -> BatchState:
        """Return what the batch's files say now."""
        if self.batch is None:
            return self._of_plan()
        return self._of_batch(self.batch)

    def _of_plan(self) -> BatchState:
        planned = self._planned
        assert planned is not None  # noqa: S101  # there is one or the other
        plan = planned.plan
        rows = tuple(
            TrialRow(index, asked=trial.asked) for index, trial in enumerate(plan.trials[:MAX_ROWS])
        )
        return BatchState(
            operation=planned.operation.opref.op_name,
            name="",
            id="",
            text=plan.text,
            count=plan.count,
            as_of_us=now_us(),
            ended=False,
            counts={_WAITING: plan.count},
            rows=rows,
            more=plan.count - len(rows),
            columns=plan.columns[:MAX_COLUMNS],
            left_out=plan.columns[MAX_COLUMNS:],
            objective="" if plan.objective is None else str(plan.objective),
            notes=tuple(dict.fromkeys([*planned.operation.notes, *plan.notes])),
        )

    def _of_batch(self, batch: Batch) -> BatchState:
        # Looked at first: what is read afterwards is then its last word.
        ended = self._over or not batch.running
        self._over = ended
        trials = batch.trials
        statuses = [
            _WAITING if trial.run is None else batch.status_of(trial).name for trial in trials
        ]
        counts: dict[str, int] = {}
        for status in statuses:
            counts[status] = counts.get(status, 0) + 1
        shown = _chosen(statuses, ended=ended)
        rows = tuple(self._row(batch, trials[index], statuses[index]) for index in shown)
        metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
        best = self._best(batch) if ended and batch.objective else None
        created_us = int(batch.plan.get("created_us") or self._begun_us)
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
            more=batch.count - len(rows),
            columns=batch.columns[:MAX_COLUMNS],
            metrics=tuple(metrics[:MAX_COLUMNS]),
            left_out=(*batch.columns[MAX_COLUMNS:], *metrics[MAX_COLUMNS:]),
            seconds=None if ended else max(0, now_us() - created_us) / 1e6,
            objective=batch.objective or "",
            best=best,
            notes=self._notes_of(batch),
        )

    def _notes_of(self, batch: Batch) -> tuple[str, ...]:
        if self._notes is None:
            planned = self._planned
            said = [] if planned is None else [*planned.operation.notes, *planned.plan.notes]
            self._notes = tuple(dict.fromkeys([*said, *batch.notes]))
        return self._notes

    def _row(self, batch: Batch, trial: BatchTrial, status: str) -> TrialRow:
        run = trial.run
        if run is None:
            return TrialRow(trial.index, asked=trial.asked)
        found = trial.event == "found"
        if status != "running":
            self._states.pop(run.id, None)
            try:
                duration_us = run.duration_us
            except MetaError:
                duration_us = None
            return TrialRow(
                trial.index,
                run.name,
                status,
                None,
                None if duration_us is None else duration_us / 1e6,
                trial.asked,
                batch.metrics_of(trial),
                found,
            )
        reader = self._states.get(run.id)
        if reader is None:
            reader = self._states[run.id] = StateReader(run)
        state = reader.read()
        return TrialRow(
            trial.index,
            run.name,
            state.status,
            None if state.progress is None else state.progress.fraction,
            state.seconds,
            trial.asked,
            {name: series.last for name, series in state.metrics.items()},
            found,
        )

    @staticmethod
    def _best(batch: Batch) -> int | None:
        best = batch.best()
        if best is None:
            return None
        return next(
            (t.index for t in batch.trials if t.run is not None and t.run.id == best.id), None
        )


def _chosen(statuses: Sequence[str], *, ended: bool) -> list[int]:
    """Return the trials that are shown: what runs, what failed, what is next, what ended last."""
    order = ("running", "pending", "staged")
    first = [i for i, status in enumerate(statuses) if status in order]
    failed = [
        i for i, status in enumerate(statuses) if status in ("error", "terminated", "damaged")
    ]
    done = [i for i, status in enumerate(statuses) if status == "completed"]
    waiting = [i for i, status in enumerate(statuses) if status == _WAITING]
    if ended:
        chosen = [*failed[: MAX_ROWS // 2], *done, *failed[MAX_ROWS // 2 :], *first, *waiting]
    else:
        latest = done[::-1]
        chosen = [
            *first[:MAX_ROWS],
            *failed[::-1][: MAX_ROWS // 4],
            *latest[: MAX_ROWS // 2],
            *waiting,
            *latest[MAX_ROWS // 2 :],
            *failed[::-1][MAX_ROWS // 4 :],
        ]
    return sorted(chosen[:MAX_ROWS])
