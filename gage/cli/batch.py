"""`gage run` for several runs: prints the plan, the trials as they end, and a summary.

A terminal has a table of the trials that fills in, with a bar below it; a pipe or a file has a line
for each trial that has ended.

Exit codes: 0 if every run completed, 1 if not; 130 after Ctrl-C.
"""

from __future__ import annotations

import sys

from gage._internal.batch.record import ENDED, FOUND, TrialEvent
from gage._internal.errors import BatchFailed
from gage._internal.people import format_counts
from gage._internal.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.operations.options import RunOptions

__all__ = ["follow_batch", "print_end", "print_plan", "print_start", "watch_batch"]

_STEP_S = 0.1
_SCREEN_STEP_S = 0.2
_SHOWN_METRICS = 3


def print_plan(planned: PlannedBatch, options: RunOptions) -> None:
    """Print what is going to be run."""
    several = options.several
    jobs = f" ({several.jobs} at a time)" if several.jobs > 1 else ""
    _print_message(f"{planned.plan.text}{jobs}", options.quiet)
    for note in (*planned.operation.notes, *planned.config.notes, *planned.plan.notes):
        _print_message(f"note: {note}", options.quiet)


def print_start(batch: Batch, options: RunOptions, begun_us: int) -> None:
    """Print how a batch has started; runs completed before `begun_us` are not run again."""
    for note in batch.notes:
        _print_message(f"note: {note}", options.quiet)
    if options.several.resume:
        done = _completed_before(batch, begun_us)
        left = f", {batch.count - done} to run" if done < batch.count else ": nothing to do"
        _print_message(f"{done} completed before{left}", options.quiet)
    if options.background:
        _print_message(
            f"Started batch {batch.name}. Watch it with: gage attach {batch.name}", options.quiet
        )


def watch_batch(batch: Batch, stop: Callable[[], object], *, quiet: bool) -> int:
    """Follow a batch to its end and print how it ended; return the exit code. Ctrl-C stops it."""

    def stopping() -> None:
        _print_message(f"\nStopping batch {batch.name}", quiet)
        stop()

    try:
        follow_batch(batch, stopping, quiet=quiet)
    except KeyboardInterrupt:
        print_end(batch, quiet=quiet)
        raise
    return print_end(batch, quiet=quiet)


def follow_batch(
    batch: Batch, stop: Callable[[], object] | None = None, *, quiet: bool = False
) -> None:
    """Show a batch until its end. An interrupt calls `stop`, and is raised again."""
    if quiet or not _has_terminal():
        try:
            _follow_by_lines(batch, quiet=quiet)
        except KeyboardInterrupt:
            if stop is not None:
                stop()
            raise
    else:
        _follow_on_screen(batch, stop)


def _has_terminal() -> bool:
    """Return whether lines can be redrawn; what draws them is loaded for a terminal only."""
    if not sys.stderr.isatty():
        return False
    from gage._internal.batch.screen import is_terminal

    return is_terminal(sys.stderr)


def _follow_on_screen(batch: Batch, stop: Callable[[], object] | None) -> None:
    """Draw the table of a batch again and again until its end; the table stays."""
    from gage._internal.batch.screen import BatchScreen
    from gage._internal.batch.state import BatchReader

    screen, reader = BatchScreen(sys.stderr), BatchReader(batch=batch)
    try:
        while not batch.wait(_SCREEN_STEP_S):
            screen.update(reader.read())
    except KeyboardInterrupt:
        screen.erase()
        if stop is not None:
            stop()
            screen.finish(reader.read())
        raise
    screen.finish(reader.read())


def _follow_by_lines(batch: Batch, *, quiet: bool) -> None:
    """Print a line for each trial that has ended, until all have."""
    over = False
    printed: set[TrialEvent] = set()
    while True:
        events = [event for event in batch.update() if event.event in (ENDED, FOUND)]
        if events:
            _print_ended(batch, events, printed, quiet=quiet)
        if over:
            return
        over = batch.wait(_STEP_S)


def _print_ended(
    batch: Batch, events: list[TrialEvent], printed: set[TrialEvent], *, quiet: bool
) -> None:
    """Print a line for each trial that has ended; when quiet, only for those that failed."""
    lines = []
    for event in events:
        if event in printed:
            continue
        printed.add(event)
        trial = batch.trial_at(event.index)
        if not quiet or trial.run is None or batch.status_of(trial).name != "completed":
            lines.append(f"[{len(printed)}/{batch.count}] {_described(batch, trial)}")
    if lines:
        _print_message("\n".join(lines), quiet=False)


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


def print_end(batch: Batch, *, quiet: bool) -> int:
    """Print how a batch has ended, when quiet only if a run failed; return the exit code."""
    failure: BatchFailed | None = None
    try:
        batch.check()
    except BatchFailed as error:
        failure = error
    quiet = quiet and failure is None
    counts = batch.counts()
    missing = batch.count - sum(counts.values())
    later = {"not started": missing} if missing else {}
    _print_message(f"batch {batch.name}: {format_counts(counts | later)}", quiet)
    if {"running", "staged"} & counts.keys():
        _print_message(
            f"Its supervisor is gone. Stop what is still running: gage stop {batch.name}; "
            "then give the same line again with --resume",
            quiet,
        )
    if batch.objective is not None:
        best = batch.best()
        if best is not None:
            _print_message(f"best: {best.name} of {batch.objective}", quiet)
    if failure is None:
        return 0
    if not counts.keys() - {"completed"} and not missing:
        _print_message(f"gage: {failure}", quiet=False)
    return 1


def _print_message(text: str, quiet: bool) -> None:
    if not quiet:
        print(printable(text), file=sys.stderr)
