"""Batches started from a notebook: planned, launched, shown in one panel, bound with their frame.

request → plan → panel, all waiting → launch → panel that fills in → the batch, or the error
that says which trials failed
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.core.getipython import get_ipython

from gage._internal.api.batches import request_of
from gage._internal.api.runs import user_attrs
from gage._internal.batch.batch import Batch, find_batch
from gage._internal.batch.launch import BatchOptions, PlannedBatch, launch_batch, plan_batch
from gage._internal.batch.plan import Request, parse_objective
from gage._internal.batch.rows import read_rows
from gage._internal.operations.run_line import LineError, RunLine
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.store.store import runs_home
from gage._internal.suggestions import did_you_mean
from gage._internal.types import STATUSES, Operation
from gage_nb.cell import DEFAULT_NAME
from gage_nb.frames import from_rows
from gage_nb.running import recorder
from gage_nb.running_cells import staged_cell
from gage_nb.shown import mark_shown, was_shown
from gage_nb.variables import variable_names
from gage_nb.views.batch_panel import batch_bundle, batch_text
from gage_nb.views.batch_state import BatchReader, BatchState
from gage_nb.views.choosing import choose_view, make_batch_view
from gage_nb.views.live import Panel, watch, watch_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "BatchChoices",
    "NotebookBatch",
    "attach_batch",
    "display_batch",
    "rows_of",
    "run_batch",
    "run_line",
    "run_planned",
]


class NotebookBatch(Batch):
    """A batch in a notebook: what `gage.Batch` is, and its frame."""

    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with a row for each trial of the plan.

        Columns: `run` (string), `status` (category), `duration` (timedelta64[us]), the keys that
        vary (dtypes as their values have them), the last value of each metric (float64),
        `exit_code` (Int64), `reason` (string), `id` (string). The index, `trial`, counts the plan
        from 0. A trial that was not begun has missing values. A key or metric that is called
        like a column before it is `config.NAME` or `metric.NAME`.
        """
        rows = self.rows()
        fixed = {
            "run": "string",
            "status": pd.CategoricalDtype(list(STATUSES)),
            "duration_us": "timedelta64[us]",
        }
        last = {"exit_code": "Int64", "reason": "string", "id": "string"}
        frame = from_rows(rows, fixed)
        given = {name for row in rows[:1] for name in row} - {"index", *fixed, *last}
        metric_start = len(self.columns)
        names = [name for row in rows[:1] for name in row if name in given]
        for position, name in enumerate(names):
            values = [row[name] for row in rows]
            if position < metric_start:
                frame[name] = pd.Series(values).infer_objects()
            else:
                frame[name] = pd.Series(values, dtype="float64")
        frame = pd.concat([frame, from_rows(rows, last)], axis=1)
        frame.index = pd.RangeIndex(len(rows), name="trial")
        return frame


@dataclass(frozen=True)
class BatchChoices:
    """How a batch is started and shown; the same words as the options of `%gage_run`.

    `on_made` is called with the batch as soon as there is one.
    """

    run: BatchOptions = field(default_factory=BatchOptions)
    label: str | None = None
    tags: Sequence[str] = ()
    background: bool = False
    quiet: bool = False
    check: bool = True
    view: str | None = None
    on_made: Callable[[NotebookBatch], object] | None = None


def run_batch(  # noqa: PLR0913  # the words of the line
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    rows: Any = None,
    trials: int | None = None,
    seed: int | None = None,
    optimize: str | None = None,
    jobs: int = 1,
    fail_fast: bool = False,
    resume: bool = False,
    needed: bool = False,
    args: Sequence[str] = (),
    directory: str | None = None,
    with_files: Sequence[str] = (),
    strict: bool = False,
    **choices: Any,
) -> NotebookBatch:
    """Run a target several times and show it live: `%gage_run TARGET k=[a,b]`.

    Parameters are those of `gage.run_batch`; `rows` may be a DataFrame. `choices` are the other
    fields of `BatchChoices`.

    Raises
    ------
    GageError
        As `gage.run_batch`; and `BatchFailed` if a run does not complete, unless `check` is False.
    KeyboardInterrupt
        When the kernel was interrupted: what ran was stopped, what had ended is kept.
    """
    operation = with_given_files(
        resolve_target(target, None, args, directory, strict=strict), with_files
    )
    request = Request(
        dict(config or {}),
        None if rows is None else rows_of(rows),
        trials,
        seed,
        None if optimize is None else parse_objective(optimize),
    )
    planned = plan_batch(operation, request, strict=strict)
    options = BatchOptions(jobs, fail_fast, resume, needed)
    return run_planned(planned, BatchChoices(options, **choices))


def run_line(
    line: RunLine,
    cell: str | None,
    choices: BatchChoices,
    namespace: Mapping[str, Any],
) -> NotebookBatch | None:
    """Run what a line that may ask for several runs asks for; None if it is one run after all.

    `namespace` has the DataFrame of `--each`.

    Raises
    ------
    LineError
        If options of the line do not go together, or there is no such DataFrame.
    """
    options = line.options
    rows = None if options.each is None else rows_of(_named_rows(options.each, namespace))
    request = request_of(line, rows)
    if options.outputs:
        raise LineError(f"expected one run for -o {options.outputs[0]}, found several")
    if cell is None:
        operation = resolve_target(line.target, None, line.args, strict=options.strict)
        operation = with_given_files(operation, options.with_files)
        planned = plan_batch(operation, request, strict=options.strict)
        return _run_several(planned, choices, line)
    name = line.target or DEFAULT_NAME
    inputs = variable_names(options.inputs)
    with staged_cell(cell, name, None, inputs) as staged:
        operation = with_given_files(staged.operation, options.with_files)
        planned = plan_batch(operation, request, staged.directory, strict=options.strict)
        return _run_several(planned, choices, line, staged.system_attrs)


def _run_several(
    planned: PlannedBatch,
    choices: BatchChoices,
    line: RunLine,
    system_attrs: Mapping[str, Any] | None = None,
) -> NotebookBatch | None:
    if not planned.plan.columns and planned.request.rows is None:
        return None
    if line.options.preview:
        print(batch_text(BatchReader(planned).read()))  # noqa: T201  # what was asked for
        return None
    return run_planned(planned, choices, system_attrs)


def _named_rows(name: str, namespace: Mapping[str, Any]) -> Any:
    frames = [key for key, value in namespace.items() if isinstance(value, pd.DataFrame)]
    if name not in namespace:
        near = did_you_mean(name, frames)
        shown = ", ".join(key for key in frames if not key.startswith("_"))
        raise LineError(
            f"expected the name of a DataFrame after --each, found {name!r}. "
            f"{near or f'DataFrames: {shown or None}'}"
        )
    value = namespace[name]
    if not isinstance(value, (pd.DataFrame, list)):
        raise LineError(
            f"expected a DataFrame or a list of dicts after --each, found {name}, "
            f"which is {type(value).__name__}"
        )
    return value


def rows_of(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a DataFrame, a list of dicts, or a CSV or JSON file.

    Missing values (None, NaN, NA) give no value.
    """
    if isinstance(rows, str):
        return read_rows(rows)
    if isinstance(rows, pd.DataFrame):
        return [
            {str(name): value for name, value in row.items()} for row in rows.to_dict("records")
        ]
    return [dict(row) for row in rows]


def run_planned(
    planned: PlannedBatch,
    choices: BatchChoices,
    system_attrs: Mapping[str, Any] | None = None,
) -> NotebookBatch:
    """Launch a planned batch with its panel; `system_attrs` are recorded with every run."""
    kind = choose_view(choices.view)  # a wrong one starts nothing
    shell = get_ipython()
    operation = planned.operation
    reader = BatchReader(planned)
    holder: list[NotebookBatch] = []
    stop = (lambda: holder[0].stop(by="notebook")) if choices.background else None
    panel = None if choices.quiet else _panel(reader, kind, operation, stop)
    if panel is not None:
        panel.show()
    try:
        launched = launch_batch(
            planned,
            runs_home(operation.project_dir),
            choices.run,
            attrs=user_attrs(choices.label, choices.tags),
            recordings=[
                _Known({name: value for name, value in (system_attrs or {}).items() if value}),
                *([] if shell is None else [recorder(shell).start()]),
            ],
        )
    except BaseException:
        if panel is not None:
            panel.finish()
        raise
    batch = NotebookBatch(launched.home, launched.id)
    holder.append(batch)
    reader.batch = batch
    if choices.on_made is not None:
        choices.on_made(batch)
    if panel is not None:
        mark_shown(batch.id)
    if choices.background:
        if panel is not None:
            watch_in_background(panel, wait=batch.wait)
        return batch
    _follow(batch, panel)
    if choices.check:
        batch.check()
    return batch


def attach_batch(reference: Batch | str | None = None, *, view: str | None = None) -> NotebookBatch:
    """Show a batch live until it has ended; an interrupt ends the showing, not the batch."""
    found = reference if isinstance(reference, Batch) else find_batch(runs_home(), reference)
    batch = NotebookBatch(found.home, found.id)
    panel = Panel[BatchState](
        f"batch {batch.name}",
        BatchReader(batch=batch),
        lambda stop: make_batch_view(choose_view(view), batch.id, stop),
    )
    watch(panel, wait=batch.wait)
    mark_shown(batch.id)
    return batch


def display_batch(batch: Batch) -> None:
    """Display a batch as its static panel; nothing where the same cell has shown it live."""
    from IPython.display import display

    if not was_shown(batch.id):
        display(batch_bundle(BatchReader(batch=batch).read()), raw=True)


class _Known:
    """A recording of what is known already."""

    def __init__(self, attrs: dict[str, Any]) -> None:
        self._attrs = attrs

    def collect(self, deadline_s: float) -> dict[str, Any]:
        """Return it; nobody waits, whatever `deadline_s` is."""
        return self._attrs if deadline_s >= 0 else {}

    def cancel(self) -> None:
        """Do nothing: nothing works for it."""


def _follow(batch: Batch, panel: Panel[BatchState] | None) -> None:
    if panel is not None:
        watch(panel, wait=batch.wait, stop=lambda: batch.stop(by="interrupt"))
        return
    try:
        # Short steps: an interrupt of the kernel is only seen between them.
        while not batch.wait(0.1):
            pass
    except KeyboardInterrupt:
        batch.stop(by="interrupt")
        raise


def _panel(
    reader: BatchReader, kind: str, operation: Operation, stop: Callable[[], object] | None
) -> Panel[BatchState]:
    name = operation.opref.op_name
    key = "batch"
    return Panel[BatchState](
        f"a batch of {name}", reader, lambda button: make_batch_view(kind, key, button), stop
    )
