"""Batches started from a notebook: planned, launched, shown in one panel.

request → plan → panel, all waiting → launch → panel that fills in → the batch, or an error
with the trials that failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from gage._internal.api.driver import Asked, run_several
from gage._internal.batch.batch import Batch, find_batch
from gage._internal.batch.rows import Rows, read_rows
from gage._internal.batch.state import BatchReader, BatchState
from gage._internal.errors import OptionError
from gage._internal.operations.run_line import LineError
from gage._internal.store.store import runs_home
from gage._internal.suggestions import did_you_mean
from gage_nb.batch_display import NotebookBatch
from gage_nb.frame_index import index_data
from gage_nb.keywords import documented, taken
from gage_nb.observer import NotebookObserver
from gage_nb.shown import fill_prompt, mark_shown, was_shown
from gage_nb.views.batch_panel import batch_bundle
from gage_nb.views.batch_results import send_batch_results
from gage_nb.views.choosing import choose_view, make_batch_view
from gage_nb.views.live import Panel, watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from gage._internal.operations.run_line import RunLine
    from gage_nb.keywords import BatchKeywords

__all__ = [
    "NotebookBatch",
    "attach_batch",
    "display_batch",
    "rows_of",
    "run_batch",
    "with_rows_of",
]


@documented("gage_nb.run_batch")
def run_batch(
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    **options: Unpack[BatchKeywords],
) -> NotebookBatch:
    """Run a target several times and show it live: `%gage_run TARGET k=[a,b]`.

    Parameters
    ----------
    target, config, args, options
        As in `gage.run_batch`; `rows` may be a DataFrame, and `check` is True by default.
    quiet, view, on_made
        As in `run`; `on_made` is called with the batch.

    Raises
    ------
    GageError
        As `gage.run_batch`; and `BatchFailed` if a run does not complete, unless `check` is False.
    KeyboardInterrupt
        If the kernel was interrupted: running runs were stopped, ended runs are kept.
    """
    chosen, display = taken("gage_nb.run_batch", options)
    if chosen.several.rows is not None:
        chosen = chosen._replace(several=chosen.several._replace(rows=rows_of(chosen.several.rows)))
    observer = NotebookObserver(chosen, display)
    batch = run_several(Asked(target, config or {}, args, chosen), observer)
    return NotebookBatch(batch.home, batch.id)


def with_rows_of(line: RunLine, namespace: Mapping[str, Any]) -> RunLine:
    """Return a line with the rows of the DataFrame that its `--each` names.

    Raises
    ------
    LineError
        If there is no such DataFrame.
    """
    if line.only.each is None:
        return line
    several = line.options.several._replace(rows=rows_of(_named_rows(line.only.each, namespace)))
    return line._replace(options=line.options._replace(several=several))


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

    Missing values (None, NaN, NA) are left out. A DataFrame's index and the names of its columns
    come with its rows, for the frame of the batch.

    Raises
    ------
    OptionError
        If two columns of a DataFrame have the same name.
    """
    if isinstance(rows, str):
        return read_rows(rows)
    if not isinstance(rows, pd.DataFrame):
        return [dict(row) for row in rows]
    names = [str(name) for name in rows.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OptionError(
            f"expected each column of the DataFrame once, found {', '.join(twice)} twice or more: "
            "rename or drop one"
        )
    frame = {"columns": names, "index": index_data(rows.index)}
    values = rows.set_axis(names, axis=1).to_dict("records")
    return Rows(({str(name): value for name, value in row.items()} for row in values), frame)


def attach_batch(reference: Batch | str | None = None, *, view: str | None = None) -> NotebookBatch:
    """Show a batch live until it has ended; an interrupt ends the display, not the batch."""
    found = reference if isinstance(reference, Batch) else find_batch(runs_home(), reference)
    batch = NotebookBatch(found.home, found.id)
    reader = BatchReader(batch=batch)
    panel = Panel[BatchState](
        f"batch {batch.name}",
        reader,
        lambda stop: make_batch_view(choose_view(view), batch.id, reader, stop),
    )
    watch(panel, wait=batch.wait)
    mark_shown(batch.id)
    return batch


def display_batch(batch: Batch) -> None:
    """Display a batch as its static panel, or nothing if the same cell has shown it live."""
    from IPython.display import display

    if was_shown(batch.id):
        fill_prompt(batch)
    else:
        state = BatchReader(batch=batch).read()
        display(batch_bundle(state), raw=True)
        send_batch_results(batch, state.best)
