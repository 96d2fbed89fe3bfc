"""The public functions for several runs at once."""

from __future__ import annotations

from gage._internal.api.driver import Asked, run_several
from gage._internal.api.observer import Observer
from gage._internal.api.place import home_of
from gage._internal.batch.batch import Batch, list_batches
from gage._internal.operations.options import RunOptions, Several

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gage._internal.batch.launch import PlannedBatch

__all__ = ["batches", "run_batch"]


def run_batch(  # noqa: PLR0913  # the words of the line
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    label: str | None = None,
    tags: Sequence[str] = (),
    with_files: Sequence[str] = (),
    find: bool = True,
    metrics: Sequence[str] = (),
    no_metrics: bool = False,
    strict: bool = True,
    needed: bool = False,
    background: bool = False,
    directory: str | None = None,
    runs_home: str | None = None,
    rows: Sequence[Mapping[str, Any]] | str | None = None,
    trials: int | None = None,
    seed: int | None = None,
    optimize: str | None = None,
    jobs: int = 1,
    fail_fast: bool = False,
    resume: bool = False,
    check: bool = False,
    on_plan: Callable[[PlannedBatch], None] | None = None,
) -> Batch:
    """Run a script, an operation or a notebook several times, each as a run of its own.

        gage.run_batch("train.py", {"lr": [0.1, 0.01], "epochs": 5}, jobs=2)
        gage.run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=20, seed=1)
        gage.run_batch("train.py", rows=[{"lr": 0.1, "epochs": 5}, {"lr": 0.01, "epochs": 10}])

    Parameters
    ----------
    target
        As in `gage.run`.
    config
        Values by key for every run; a list is a grid, a string like `uniform(0, 1)` a distribution
        (`gage help several`).
    args, label, tags, with_files, find, metrics, no_metrics, strict
        As in `gage.run`.
    needed
        Skip trials that a completed run with the same code, values and inputs has done.
    background
        Return as soon as the batch has started.
    directory, runs_home
        As in `gage.run`.
    rows
        The values of one run in each row, or the path of a CSV or JSON file with such rows.
    trials
        How many times to draw from the distributions for each row and point of the grid, or the
        number of runs of a search.
    seed
        The seed for drawing.
    optimize
        `minimize:METRIC` or `maximize:METRIC`: search with Optuna.
    jobs
        How many runs are running at the same time.
    fail_fast
        Stop at the first run that fails.
    resume
        Run only what is missing from the newest batch of the same request and code.
    check
        Raise `BatchFailed` if a run does not complete.
    on_plan
        A function that is called with the plan before anything is started.

    Raises
    ------
    OptionError
        If options mean nothing together.
    TargetError, ConfigError, PatternError, DependencyError, StoreError
        If the batch cannot be planned or its sources cannot be staged; nothing was started.
    BatchFailed
        With `check`, if a run does not complete.
    KeyboardInterrupt
        After an interrupt: running runs were stopped, ended runs are kept.
    """
    options = RunOptions(
        label=label,
        tags=tags,
        with_files=with_files,
        find=find,
        metrics=metrics,
        no_metrics=no_metrics,
        strict=strict,
        needed=needed,
        background=background,
        directory=directory,
        runs_home=runs_home,
        check=check,
        several=Several(
            rows=rows,
            trials=trials,
            seed=seed,
            optimize=optimize,
            jobs=jobs,
            fail_fast=fail_fast,
            resume=resume,
        ),
    )
    return run_several(Asked(target, config or {}, args, options), _Plans(on_plan))


class _Plans(Observer):
    """Passes the plan to a function."""

    def __init__(self, on_plan: Callable[[PlannedBatch], None] | None) -> None:
        self._on_plan = on_plan

    def planned(self, planned: PlannedBatch) -> None:
        if self._on_plan is not None:
            self._on_plan(planned)


def batches(directory: str | None = None, *, runs_home: str | None = None) -> list[Batch]:
    """Return the batches recorded for work in a directory, the newest first."""
    return list_batches(home_of(directory, runs_home))
