"""What users ask of gage for several runs at once, as functions."""

from __future__ import annotations

from gage._internal.api.runs import user_attrs
from gage._internal.batch.batch import Batch, list_batches
from gage._internal.batch.launch import BatchOptions, PlannedBatch, launch_batch, plan_batch
from gage._internal.batch.plan import Request, parse_objective
from gage._internal.batch.rows import read_rows
from gage._internal.operations.run_line import LineError, RunLine, config_of
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.store.store import runs_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["batches", "options_of", "request_of", "run_batch"]


def run_batch(  # noqa: PLR0913  # the words of the line
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    rows: str | Sequence[Mapping[str, Any]] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    optimize: str | None = None,
    jobs: int = 1,
    fail_fast: bool = False,
    resume: bool = False,
    needed: bool = False,
    args: Sequence[str] = (),
    label: str | None = None,
    tags: Sequence[str] = (),
    with_files: Sequence[str] = (),
    directory: str | None = None,
    background: bool = False,
    check: bool = False,
    strict: bool = False,
    on_plan: Callable[[PlannedBatch], None] | None = None,
) -> Batch:
    """Run a script, an operation or a notebook several times, each as a run of its own.

        gage.run_batch("train.py", {"lr": [0.1, 0.01], "epochs": 5}, jobs=2)
        gage.run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=20, seed=1)
        gage.run_batch("train.py", rows=[{"lr": 0.1, "epochs": 5}, {"lr": 0.01, "epochs": 10}])

    Parameters
    ----------
    target
        As of `gage.run`.
    config
        Values by key, for every run; a list is a grid, a text like `uniform(0, 1)` a distribution:
        see `gage._internal.batch.axes`.
    rows
        The values of a run in each row, or the path of a CSV or JSON file of them.
    trials
        How often is drawn from the distributions for each row and point of the grid, or how many
        runs a search has.
    seed
        Of what is drawn.
    optimize
        `minimize:METRIC` or `maximize:METRIC`: search with Optuna.
    jobs
        How many runs go on at the same time.
    fail_fast
        Stop at the first run that fails.
    resume
        Run only what is missing of the newest batch of the same request and code.
    needed
        Skip what a completed run with the same code, values and inputs has done.
    args, label, tags, with_files, directory, strict
        As of `gage.run`.
    background
        Return as soon as the batch has started.
    check
        Raise `BatchFailed` if a run does not complete.
    on_plan
        Called with the plan before anything is started.

    Raises
    ------
    TargetError, ConfigError, PatternError, DependencyError, StoreError
        If it cannot be planned or its sources cannot be staged; nothing was started then.
    BatchFailed
        With `check`.
    KeyboardInterrupt
        After an interrupt: what ran was stopped, what had ended is kept.
    """
    operation = resolve_target(target, None, args, directory, strict=strict)
    operation = with_given_files(operation, with_files)
    request = Request(
        dict(config or {}),
        read_rows(rows) if isinstance(rows, str) else rows,
        trials,
        seed,
        None if optimize is None else parse_objective(optimize),
    )
    planned = plan_batch(operation, request, strict=strict)
    if on_plan is not None:
        on_plan(planned)
    batch = launch_batch(
        planned,
        runs_home(operation.project_dir),
        BatchOptions(jobs, fail_fast, resume, needed),
        attrs=user_attrs(label, tags),
    )
    if not background:
        try:
            batch.wait()
        except KeyboardInterrupt:
            batch.stop(by="interrupt")
            raise
    if check:
        batch.check()
    return batch


def batches(directory: str | None = None) -> list[Batch]:
    """Return the batches recorded for work in a directory, the newest first."""
    return list_batches(runs_home(directory))


def request_of(line: RunLine, rows: Sequence[Mapping[str, Any]] | None = None) -> Request:
    """Return the request of a line; `rows` are those of `--each`.

    Raises
    ------
    LineError
        If its options do not go together.
    ConfigError
        If a file of rows or the objective cannot be read.
    """
    options = line.options
    if options.stage:
        raise LineError("expected one run to be staged (--stage), found several")
    if options.batch is not None and rows is not None:
        raise LineError("expected rows from one place, found --batch and --each")
    if options.batch is not None:
        rows = read_rows(options.batch)
    objective = None if options.optimize is None else parse_objective(options.optimize)
    return Request(config_of(line), rows, options.trials, options.seed, objective)


def options_of(line: RunLine) -> BatchOptions:
    """Return how a line wants a batch to be run."""
    options = line.options
    return BatchOptions(options.jobs, options.fail_fast, options.resume, options.needed)
