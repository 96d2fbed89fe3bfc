"""The one way from a request to runs: resolve → stage → start → follow → check.

The shell, the magics and the functions all call this module, each with its observer:

    run_one        makes one run
    run_several    makes several runs, as a batch
    start_staged   starts a run that was only staged
    run_line       does what a line says: one run, several, or a text about them (`--preview`)

The life of a run is `launch`, and below it `run_util`.
"""

from __future__ import annotations

import os

from gage._internal.api.launch import launch
from gage._internal.api.place import home_of
from gage._internal.errors import RunFailed
from gage._internal.named import NamedTuple
from gage._internal.operations.found_files import with_found_files
from gage._internal.operations.option_checks import check_options
from gage._internal.operations.run_line import asks_for_several, config_of
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.run_util import stop_run
from gage._internal.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gage._internal.api.observer import Observer, Work
    from gage._internal.batch.batch import Batch
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.operations.options import RunOptions
    from gage._internal.operations.run_line import RunLine
    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.types import Operation


__all__ = [
    "Asked",
    "Cell",
    "asked_of_line",
    "resolve",
    "run_line",
    "run_one",
    "run_planned",
    "run_several",
    "start_staged",
    "user_attrs",
]


class Cell(NamedTuple):
    """A cell of a notebook, staged in a directory, as the operation that runs it."""

    operation: Operation
    directory: str
    system_attrs: Mapping[str, Any]


class Asked(NamedTuple):
    """A request: a target or a cell, its values as given, arguments, options."""

    target: str | None
    config: Mapping[str, Any]
    args: Sequence[str]
    options: RunOptions
    cell: Cell | None = None


def run_one(asked: Asked, observer: Observer) -> RecordedRun:
    """Make one run; return it, ended unless it is only staged or runs in the background.

    Raises
    ------
    OptionError
        If options mean nothing together.
    GageError
        If it cannot be resolved or staged; a run that was begun stays listed with status `error`.
    RunFailed
        With `check`, if the run does not complete.
    KeyboardInterrupt
        After an interrupt, as the observer handled it.
    """
    options = asked.options
    check_options(options, several=False, of_cell=asked.cell is not None)
    operation = resolve(asked)
    try:
        run = launch(
            operation,
            _home(asked, operation),
            observer,
            user_attrs=user_attrs(options.label, options.tags),
            system_attrs=None if asked.cell is None else asked.cell.system_attrs,
            stage_only=options.stage,
            needed=options.needed,
        )
    except BaseException:
        observer.failed()
        raise
    waits = not (options.stage or options.background or run.found)
    return _finish_run(run, options, observer, waits=waits)


def start_staged(
    run: RecordedRun, options: RunOptions, observer: Observer, *, force: bool = False
) -> RecordedRun:
    """Start a staged run, with `background` and `check` of the options; return it.

    With `force` also one whose files were changed since it was staged.

    Raises
    ------
    RunStateError
        If the run is not staged, was changed since, or was started before.
    RunFailed, KeyboardInterrupt
        As `run_one`.
    """
    run.start(force=force)
    return _finish_run(run, options, observer, waits=not options.background)


def run_several(asked: Asked, observer: Observer) -> Batch:
    """Make several runs, as the values say; return the batch.

    Raises
    ------
    OptionError, GageError, KeyboardInterrupt
        As `run_one`; a batch that cannot be staged leaves nothing behind.
    BatchFailed
        With `check`, if a run does not complete.
    """
    check_options(asked.options, several=True)
    return run_planned(asked, _plan(asked), observer)


def run_planned(asked: Asked, planned: PlannedBatch, observer: Observer) -> Batch:
    """Run a plan: the second half of `run_several`."""
    from gage._internal.batch.launch import launch_batch

    options = asked.options
    try:
        observer.planned(planned)
        batch = launch_batch(
            planned,
            _home(asked, planned.operation),
            options,
            user_attrs=user_attrs(options.label, options.tags),
            system_attrs=None if asked.cell is None else asked.cell.system_attrs,
            recordings=observer.recordings(),
        )
    except BaseException:
        observer.failed()
        raise
    waits = not options.background
    _follow(batch, observer, lambda: batch.stop(by="interrupt"), waits=waits)
    if waits and options.check:
        batch.check()
    return batch


def run_line(line: RunLine, asked: Asked, observer: Observer) -> Work | str:
    """Do what a line says; return the run, the batch, or the preview as text.

    `asked` comes from `asked_of_line`; for a cell it has the staged program.

    Raises
    ------
    OptionError, GageError, RunFailed, BatchFailed, KeyboardInterrupt
        As `run_one` and `run_several`.
    """
    if line.only.help_op:
        from gage._internal.staging.preview import operation_text

        return printable(operation_text(resolve(asked._replace(config={}), complete=False)))
    planned = _plan(asked) if asks_for_several(line) else None
    if planned is not None and (planned.plan.columns or planned.request.rows is not None):
        check_options(asked.options, line.only, several=True, typed=True)
        if line.only.preview:
            from gage._internal.batch.preview import plan_preview, plan_text

            return _shown(plan_preview(planned), plan_text, line)
        return run_planned(asked, planned, observer)
    of_cell = asked.cell is not None
    check_options(asked.options, line.only, several=False, typed=True, of_cell=of_cell)
    if line.only.preview:
        from gage._internal.staging.preview import preview, preview_text

        operation = resolve(asked)
        source_dir = None if asked.cell is None else asked.cell.directory
        data = preview(operation, _home(asked, operation), source_dir)
        return _shown(data, preview_text, line)
    return run_one(asked, observer)


def asked_of_line(line: RunLine, cell: Cell | None = None) -> Asked:
    """Return the request that a line makes."""
    return Asked(line.target, config_of(line), line.args, line.options, cell)


def resolve(asked: Asked, *, complete: bool = True) -> Operation:
    """Return the requested operation, with its values and its files.

    Parameters
    ----------
    complete
        Whether the arguments that a script requires must have a value.

    Raises
    ------
    TargetError, ConfigError, PatternError, DependencyError
        If there is no such operation, value or file.
    OptionError
        If an expression of `metrics` cannot be used.
    """
    options = asked.options
    if asked.cell is None:
        operation = resolve_target(
            asked.target,
            asked.config,
            asked.args,
            options.directory,
            strict=options.strict,
            complete=complete,
        )
    else:
        operation = asked.cell.operation.but(config=dict(asked.config))
        if asked.config:
            from gage._internal.operations.configuring import configure

            operation = configure(operation, asked.cell.directory, strict=options.strict)
    if options.metrics or options.no_metrics:
        from gage._internal.operations.printed_metrics import with_printed_metrics

        operation = with_printed_metrics(operation, options.metrics)
    given = with_given_files(operation, options.with_files, options.directory)
    return with_found_files(given) if options.find else given


def user_attrs(label: str | None, tags: Sequence[str]) -> dict[str, Any]:
    """Return a label and tags in the form in which they are stored."""
    attrs: dict[str, Any] = {}
    if label is not None:
        attrs["label"] = label
    if tags:
        attrs["tags"] = list(dict.fromkeys(tags))
    return attrs


def _plan(asked: Asked) -> PlannedBatch:
    from gage._internal.batch.launch import plan_batch
    from gage._internal.batch.plan import Request, parse_objective
    from gage._internal.batch.rows import read_rows

    options, several = asked.options, asked.options.several
    files = [several.rows] if isinstance(several.rows, str) else several.batch
    rows = None if isinstance(several.rows, str) else several.rows
    for name in files:
        path = os.path.join(options.directory or "", os.path.expanduser(name))
        rows = [*(rows or ()), *read_rows(path)]
    request = Request(
        dict(asked.config),
        rows,
        several.trials,
        several.seed,
        None if several.optimize is None else parse_objective(several.optimize),
    )
    return plan_batch(
        resolve(asked._replace(config={}), complete=False),
        request,
        None if asked.cell is None else asked.cell.directory,
        strict=options.strict,
    )


def _shown(data: dict[str, Any], text: Callable[[dict[str, Any]], str], line: RunLine) -> str:
    if not line.only.json:
        return printable(text(data))
    import json

    return json.dumps(data, indent=2, default=str)


def _finish_run(
    run: RecordedRun, options: RunOptions, observer: Observer, *, waits: bool
) -> RecordedRun:
    _follow(run, observer, lambda: stop_run(run, by="interrupt"), waits=waits)
    if waits and options.check and run.status != "completed":
        try:
            run.check(hint=observer.hint(run))
        except RunFailed as error:
            error.is_shown = observer.shows_output()
            raise
    return run


def _follow(work: Work, observer: Observer, stop: Callable[[], object], *, waits: bool) -> None:
    asked = False

    def stop_once() -> None:
        nonlocal asked
        if not asked:
            asked = True
            if observer.interrupt_means_stop():
                stop()

    try:
        observer.launched(work)
        if waits:
            observer.follow(work, stop_once)
    except KeyboardInterrupt:
        if waits:  # wherever the interrupt arrived
            stop_once()
        raise


def _home(asked: Asked, operation: Operation) -> str:
    options = asked.options
    return home_of(options.directory, options.runs_home, operation.project_dir)
