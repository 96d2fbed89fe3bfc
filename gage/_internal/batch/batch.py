"""A batch with methods to read it and act on it: what `gage.run_batch` returns.

Its directory (`batch.record`) has the plan and the log of its trials; the trials' runs say what
became of them. The batch itself records nothing about a run.
"""

from __future__ import annotations

import os
import time

from gage._internal.batch.record import ENDED as TRIAL_ENDED
from gage._internal.batch.record import (
    FOUND,
    TrialEvent,
    TrialLog,
    asked_of,
    batch_directory,
    batch_ids,
    live_keepers,
    read_plan,
)
from gage._internal.batch.trial_table import TrialFacts, trial_table
from gage._internal.clock import name_for_id
from gage._internal.errors import BatchFailed, MetaError, RunNotFound
from gage._internal.metrics.summary_file import read_summary
from gage._internal.named import NamedTuple
from gage._internal.output.own_paths import shorten_paths_in
from gage._internal.people import format_counts
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.stopping import GRACE_S, SIGTERM
from gage._internal.record.layout import run_at
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import read_status
from gage._internal.record.stop_request import make_stop_request, write_stop_request
from gage._internal.running.runner import stop_run
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.text import valid
from gage._internal.types import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gage._internal.batch.trial_table import TrialTable
    from gage._internal.types import Status


__all__ = ["Batch", "BatchTrial", "batch_called", "batch_listing", "find_batch", "list_batches"]


class BatchTrial(NamedTuple):
    """A trial: its place in the plan, its values that vary, its run or None.

    `event` is the last of its events (`batch.record`), empty for a trial that was not started.
    """

    index: int  # type: ignore[assignment]  # that of a tuple finds items; nobody does here
    asked: dict[str, Any]
    run: RecordedRun | None
    event: str


_STEP_S = 1.0
_NO_PLAN: dict[str, Any] = {"operation": "", "text": "", "count": 0, "columns": [], "trials": []}
_NO_SUMMARY: dict[str, dict[str, Any]] = {"metrics": {}, "attributes": {}}


class Batch:
    """Several runs of one request.

    `text` is the plan in words, `columns` the keys that vary, `count` the number of trials,
    `given_frame` what is known of the DataFrame that its rows came from (`rows.Rows`). `damage`
    says what is wrong with its plan or its log of trials, which nobody but a listing reads then.
    """

    def __init__(self, home: str, batch_id: str, *, damaged: bool = False) -> None:
        """Read the plan of a batch; with `damaged`, also one that cannot be read.

        Raises
        ------
        MetaError
            If the plan is damaged.
        """
        self.home = os.path.abspath(home)
        self.id = batch_id
        self.name = name_for_id(batch_id)
        self.directory = batch_directory(home, batch_id)
        self.damage = ""
        try:
            self.plan: dict[str, Any] = read_plan(self.directory)
        except MetaError as error:
            if not damaged:
                raise
            self.damage, self.plan = str(error), _NO_PLAN
        self.operation: str = self.plan["operation"]
        self.text: str = self.plan["text"]
        self.count: int = self.plan["count"]
        self.columns: tuple[str, ...] = tuple(map(str, self.plan["columns"]))
        self.objective: str | None = self.plan.get("objective")
        frame = self.plan.get("frame")
        self.given_frame: dict[str, Any] = frame if isinstance(frame, dict) else {}
        self._log = TrialLog(self.directory)
        # The values that a search proposed for a run do not change.
        self._asked: dict[str, dict[str, Any]] = {}
        # An ended trial does not change any more: its status and summary are read once.
        self._ended: dict[str, tuple[Status, dict[str, dict[str, Any]]]] = {}

    def __repr__(self) -> str:
        if self.damage:
            return f"<Batch {self.name} damaged: {valid(self.damage)}>"
        counts = format_counts(self.counts())
        return f"<Batch {self.name} {self.operation} {self.text}; {counts or 'nothing started'}>"

    @property
    def running(self) -> bool:
        """Whether its supervisor is alive."""
        return bool(live_keepers(self.directory))

    @property
    def trials(self) -> list[BatchTrial]:
        """Every trial in the order of the plan; those that were not started have no run."""
        return list(self._trials())

    def trial_at(self, index: int) -> BatchTrial:
        """Return the trial at a place in the plan, as the events that were read last have it."""
        event = self._log.runs.get(index)
        run = None if event is None else _run(self.home, event.run_id)
        asked: dict[str, Any] = {}
        if self.plan["trials"]:
            asked = self.plan["trials"][index]["asked"]
        elif run is not None:
            asked = self._asked.get(run.id) or asked_of(run)
            self._asked[run.id] = asked
        return BatchTrial(index, asked, run, "" if run is None or event is None else event.event)

    @property
    def runs(self) -> list[RecordedRun]:
        """The runs of the trials that were started, in the order of the plan."""
        return [trial.run for trial in self._trials() if trial.run is not None]

    @property
    def notes(self) -> list[str]:
        """Notes of staging the sources for the user: files left out, links, warnings."""
        return read_notes(run_at(self.directory, self.id))

    def counts(self) -> dict[str, int]:
        """Return the number of trials with each status, without those that were not started."""
        counts: dict[str, int] = {}
        for trial in self._trials():
            if trial.run is not None:
                name = self.status_of(trial).name
                counts[name] = counts.get(name, 0) + 1
        return counts

    def status_of(self, trial: BatchTrial) -> Status:
        """Return the status of a trial that was started."""
        return self._status_and_summary(trial)[0]

    def metrics_of(self, trial: BatchTrial) -> dict[str, float | None]:
        """Return the last value of each metric of a trial; none before its end."""
        return self._status_and_summary(trial)[1]["metrics"]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial, with its status, its values and its results.

        Columns: `index`, `run`, `status`, `duration_us`, the keys that vary, the metrics (last
        values), the attributes of the runs' summaries, `exit_code`, `reason`, `id`. A key, metric
        or attribute with the name of an earlier column, or of a column of the DataFrame that gave
        the values, is `config.NAME`, `metric.NAME` or `attr.NAME`. A trial that was not started has
        None in all columns but `index` and its keys.
        """
        return self._table().rows

    def _table(self) -> TrialTable:
        """Return the rows, with the names of their columns by what these hold."""
        facts = []
        for trial in self._trials():
            status, summary = (
                (None, _NO_SUMMARY) if trial.run is None else self._status_and_summary(trial)
            )
            metrics, attributes = summary["metrics"], summary["attributes"]
            facts.append(
                TrialFacts(trial.index, trial.asked, trial.run, status, metrics, attributes)
            )
        columns = self.given_frame.get("columns")
        taken = list(map(str, columns)) if isinstance(columns, list) else []
        return trial_table(facts, self.columns, taken)

    def best(self) -> RecordedRun | None:
        """Return the completed run with the best value of the objective, None if none has a value.

        Raises
        ------
        ValueError
            If the batch has no objective.
        """
        if self.objective is None:
            raise ValueError(f"batch {self.name} has no objective: it was not asked to optimize")
        direction, _, metric = self.objective.partition(":")
        found = []
        for trial in self._trials():
            if trial.run is not None and self.status_of(trial).name == "completed":
                value = self.metrics_of(trial).get(metric)
                if value is not None and value == value:  # noqa: PLR0124  # not NaN
                    found.append((value, trial.index, trial.run))
        if not found:
            return None
        return (min if direction == "minimize" else max)(found, key=lambda item: item[0])[2]

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing of the batch is running; return whether that is so."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while keepers := live_keepers(self.directory):
            left_s = _STEP_S if deadline is None else min(_STEP_S, deadline - time.monotonic())
            if left_s <= 0:
                return False
            wait_for_exit(keepers[0], left_s)
        return True

    def stop(self, by: str = "user", grace_s: float = GRACE_S) -> None:
        """Stop running trials and start no more; return when all are finalised.

        Trials that have ended stay as they are.
        """
        self.request_stop(by, grace_s)
        self.wait()
        for run in self.runs:  # left by supervisors that were killed
            if read_status(run).name == "running":
                stop_run(run, by, grace_s)

    def request_stop(self, by: str = "user", grace_s: float = GRACE_S) -> None:
        """Ask the supervisor to stop; return at once."""
        keepers = live_keepers(self.directory)
        if keepers:
            path = os.path.join(self.directory, "stop")
            write_stop_request(path, make_stop_request(by, grace_s))
            kill(keepers[0], SIGTERM)

    def check(self) -> None:
        """Raise an error that names the trials that failed, if any did.

        Raises
        ------
        BatchFailed
            If a trial was not completed, or none gave the metric of the objective.
        """
        failed, missing = [], 0
        evidence = ""
        for trial in self._trials():
            if trial.run is None:
                missing += 1
                continue
            status = self.status_of(trial)
            if status.name != "completed":
                failed.append((trial.run.name, status.name, status.reason))
                evidence = evidence or shorten_paths_in(trial.run.last_lines(10), trial.run.run_dir)
        if failed or missing:
            raise BatchFailed(self.name, self.count, tuple(failed), missing, evidence)
        if self.objective is not None and self.best() is None:
            raise BatchFailed(self.name, self.count, (), 0, _without_metric(self))

    def update(self) -> list[TrialEvent]:
        """Return the events of trials since the last call."""
        return self._log.update()

    def _trials(self) -> Iterator[BatchTrial]:
        self._log.update()
        return map(self.trial_at, range(self.count))

    def _status_and_summary(self, trial: BatchTrial) -> tuple[Status, dict[str, dict[str, Any]]]:
        """Return the status of a trial that was started, and its summary once it has ended."""
        run = trial.run
        assert run is not None  # noqa: S101  # callers have looked
        known = self._ended.get(run.id)
        if known is not None:
            return known
        status = read_status(run)
        if status.name not in ENDED:
            return status, _NO_SUMMARY
        try:
            summary = read_summary(run)
        except MetaError:
            summary = _NO_SUMMARY
        if trial.event in (TRIAL_ENDED, FOUND) or not self.running:
            self._ended[run.id] = status, summary
        return status, summary


def batch_listing(home: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each batch, the newest first: what it runs, the statuses of its trials.

    What is wrong with a damaged batch takes the place of its trials.
    """
    for batch in list_batches(home):
        yield {
            "batch": batch.name,
            "operation": batch.operation,
            "plan": batch.text,
            "running": batch.running,
            "trials": f"damaged: {batch.damage}" if batch.damage else _trials_text(batch),
            "id": batch.id,
        }


def list_batches(home: str) -> list[Batch]:
    """Return the batches in a directory of runs, the newest first.

    Damaged ones are included: their `damage` says what is wrong, and they have no trials.
    """
    batches = []
    for batch_id in batch_ids(home):
        batch = Batch(home, batch_id, damaged=True)
        try:
            batch.update()
        except (MetaError, OSError, ValueError) as error:
            batch.damage = batch.damage or str(error)
        batches.append(batch)
    return batches


def _trials_text(batch: Batch) -> str:
    counts = batch.counts()
    missing = batch.count - sum(counts.values())
    later = {"waiting" if batch.running else "not started": missing} if missing else {}
    return format_counts(counts | later)


def _run(home: str, run_id: str) -> RecordedRun | None:
    run = run_at(home, run_id)
    # The run was announced and not made, or a user has deleted it.
    return RecordedRun.of(run) if os.path.isdir(run.meta_dir) else None


def batch_called(home: str, reference: object) -> Batch | None:
    """Return the batch with exactly this name or id, or None."""
    text = str(reference or "").strip()
    if text:
        for batch_id in batch_ids(home):
            if text in (batch_id, name_for_id(batch_id)):
                return Batch(home, batch_id)
    return None


def find_batch(home: str, reference: str | None = None) -> Batch:
    """Return the batch with that name, id or prefix of either; default: the newest.

    Raises
    ------
    RunNotFound
        If there is no such batch, or more than one.
    """
    ids = batch_ids(home)
    if not ids:
        raise RunNotFound(f"there are no batches in {home}")
    text = (reference or "").strip()
    found = [i for i in ids if i == text or name_for_id(i) == text] or [
        i for i in ids if i.startswith(text) or name_for_id(i).startswith(text)
    ]
    if text and len(found) != 1:
        choices = ", ".join(f"{name_for_id(i)} ({i[:8]})" for i in (found or ids)[:8])
        what = f"{len(found)} batches are" if found else "there is no batch"
        raise RunNotFound(f"{what} named {text!r}: {choices}")
    return Batch(home, found[0])


def _without_metric(batch: Batch) -> str:
    """Return a message that no trial gave the metric of the objective, with those they gave."""
    metric = (batch.objective or "").partition(":")[2]
    names: dict[str, None] = {}
    for trial in batch.trials:
        if trial.run is not None:
            names.update(dict.fromkeys(batch.metrics_of(trial)))
    from gage._internal.suggestions import did_you_mean

    near = did_you_mean(metric, list(names))
    return (
        f"no trial gave the metric {metric!r} of {batch.objective}. {near + ' ' if near else ''}"
        f"Metrics: {', '.join(names) or 'none'}"
    )
