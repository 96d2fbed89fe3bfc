"""What happened in a run, on one axis of time: as a DataFrame, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gage._internal.api.runs import find
from gage._internal.errors import OptionError
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.timeline import KINDS, timeline_rows
from gage._internal.types import Run
from gage_nb.frames import from_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_timeline", "timeline"]

_DTYPES = {
    "time_us": "datetime64[us, UTC]",
    "kind": pd.CategoricalDtype(list(KINDS)),
    "name": "string",
    "text": "string",
    "value": "Float64",
}


def timeline(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return what happened in a run, one event in each row, in order of time.

    Columns: `time` (datetime64[us, UTC]), `kind` (category: phase, output, result, file, metric,
    progress, resources, damaged), `name` (string: the phase, stream, kind of result, event, metric,
    or `cpu`, `memory`), `text` (string: the line, caption, path or step), `value` (Float64: of a
    metric; the fraction of a progress, the last that was reported; cores in use; resident bytes).
    """
    return from_rows(timeline_rows(_run(run)), _DTYPES)


def plot_timeline(run: Run | str | int | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw what happened in a run; return Matplotlib's axes, which a notebook shows as the picture.

    Below each other: the run from start to stop, how much was printed when, results, files, the
    course of each metric, and what the processes used.

    Raises
    ------
    OptionError
        If the run has not started.
    GageError
        If Matplotlib is missing (extra `pictures`).
    """
    from gage_nb.plots.lanes import draw_lanes, lanes_of
    from gage_nb.plots.picture import new_axes, showing, style

    recorded = _run(run)
    rows = timeline_rows(recorded)
    start_us = recorded.timestamp("started")
    if start_us is None:
        raise OptionError(f"run {recorded.name} has not started: there is nothing to draw")
    lanes = lanes_of(rows)
    with style():
        axes = ax or new_axes(7.2, 0.9 + 0.42 * len(lanes))
        draw_lanes(axes, lanes, start_us)
        axes.set_title(f"{recorded.name}  {recorded.opref.op_name}", loc="left", fontsize=9)
    return showing(axes)


def _run(run: Run | str | int | None) -> RecordedRun:
    return RecordedRun.of(run) if isinstance(run, Run) else find(run)
