"""`gage run` for several runs: the plan, a line for each run that has ended, a summary.

Exit codes: 0 if every run completed, 1 if not; 130 after Ctrl-C.
"""

from __future__ import annotations

import sys

from gage._internal.api.batches import options_of, request_of
from gage._internal.api.runs import user_attrs
from gage._internal.batch.launch import launch_batch, plan_batch
from gage._internal.batch.record import ENDED, FOUND, TrialEvent
from gage._internal.clock import now_us
from gage._internal.errors import BatchFailed
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.store.store import runs_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.operations.run_line import RunLine

__all__ = ["follow_batch", "run_batch_line", "tell_end"]

_INTERRUPTED = 130
_STEP_S = 0.1
_SHOWN_METRICS = 3


def run_batch_line(line: RunLine) -> int | None:
    """Run what a line asks for; return the exit code, None if it asks for one run after all."""
    options = line.options
    operation = resolve_target(line.target, None, line.args, strict=options.strict)
    operation = with_given_files(operation, options.with_files)
    planned = plan_batch(operation, request_of(line), strict=options.strict)
    plan = planned.plan
    if not plan.columns and options.batch is None:
        return None
    quiet = options.quiet
    jobs = f" ({options.jobs} at a time)" if options.jobs > 1 else ""
    _tell(f"{plan.text}{jobs}", quiet=quiet)
    for note in (*operation.notes, *planned.config.notes, *plan.notes):
        _tell(f"note: {note}", quiet)
    if options.preview:
        return 0
    begun_us = now_us()
    batch = launch_batch(
        planned,
        runs_home(operation.project_dir),
        options_of(line),
        attrs=user_attrs(options.label, options.tag),
    )
    for note in batch.notes:
        _tell(f"note: {note}", quiet)
    if options.resume:
        done = _completed_before(batch, begun_us)
        _tell(f"{done} completed before, {batch.count - done} to run", quiet)
    if options.bg:
        _tell(f"Started batch {batch.name}. Watch it with: gage attach {batch.name}", quiet)
        return 0
    try:
        follow_batch(batch, quiet=quiet)
    except KeyboardInterrupt:
        _tell(f"\nStopping batch {batch.name}", quiet)
        batch.stop(by="interrupt")
        tell_end(batch, quiet=quiet)
        return _INTERRUPTED
    return tell_end(batch, quiet=quiet)


def follow_batch(batch: Batch, *, quiet: bool = False) -> None:
    """Say what has ended of a batch, a line each, until all has."""
    over = False
    said: set[TrialEvent] = set()
    while True:
        events = [event for event in batch.update() if event.event in (ENDED, FOUND)]
        if not quiet and events:
            _tell_ended(batch, events, said)
        if over:
            return
        over = batch.wait(_STEP_S)


def _tell_ended(batch: Batch, events: list[TrialEvent], said: set[TrialEvent]) -> None:
    trials = batch.trials
    lines = []
    for event in events:
        if event in said:
            continue
        said.add(event)
        lines.append(f"[{len(said)}/{batch.count}] {_described(batch, trials[event.trial])}")
    _tell("\n".join(lines), quiet=False)


def _described(batch: Batch, trial: BatchTrial) -> str:
    if trial.run is None:
        return f"trial {trial.index}: its run is gone"
    status = batch.status_of(trial)
    what = status.name if trial.event == ENDED else "completed before"
    reason = f" ({status.reason})" if status.name != "completed" else ""
    asked = " ".join(f"{key}={value}" for key, value in trial.asked.items())
    metrics = " ".join(
        f"{name}={value:g}"
        for name, value in list(batch.metrics_of(trial).items())[:_SHOWN_METRICS]
        if value is not None
    )
    parts = [f"{trial.run.name} {what}{reason}", asked, metrics]
    return "  ".join(part for part in parts if part)


def _completed_before(batch: Batch, time_us: int) -> int:
    completed = (run for run in batch.runs if run.status == "completed")
    return sum((run.timestamp("stopped") or time_us) < time_us for run in completed)


def tell_end(batch: Batch, *, quiet: bool) -> int:
    """Say how a batch has ended; return the exit code."""
    counts = batch.counts()
    missing = batch.count - sum(counts.values())
    words = [f"{count} {name}" for name, count in counts.items()]
    words += [f"{missing} not begun"] if missing else []
    _tell(f"batch {batch.name}: {', '.join(words)}", quiet)
    if {"running", "staged"} & counts.keys():
        _tell(
            f"Its supervisor is gone. End what runs with: gage stop {batch.name}; "
            "then give the same line again with --resume",
            quiet,
        )
    if batch.objective is not None:
        best = batch.best()
        if best is not None:
            _tell(f"best: {best.name} of {batch.objective}", quiet)
    try:
        batch.check()
    except BatchFailed as error:
        if not counts.keys() - {"completed"} and not missing:
            _tell(f"gage: {error}", quiet=False)
        return 1
    return 0


def _tell(text: str, quiet: bool) -> None:
    if not quiet:
        print(text, file=sys.stderr)
