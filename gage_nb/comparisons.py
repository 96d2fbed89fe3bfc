"""Many runs side by side as DataFrames: `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from gage._internal.api.comparing import Asked, chosen_rows
from gage._internal.api.comparing import compare as compared
from gage._internal.api.place import home_of
from gage._internal.api.runs import nothing_found
from gage._internal.compare.comparison import CHANGES
from gage._internal.compare.comparison_text import comparison_table, shared_text
from gage._internal.text import printable
from gage._internal.types import STATUSES, Run
from gage_nb.frames import series_of, typed
from gage_nb.tables import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.compare.comparison import Comparison

__all__ = ["compare", "compare_at", "comparison_frame", "names_of"]

_CHANGE = pd.CategoricalDtype(list(CHANGES))
_DTYPES: dict[str, Any] = {
    "run": "string",
    "operation": "string",
    "status": pd.CategoricalDtype(list(STATUSES)),
    "label": "string",
    "tags": "object",
    "runs": "Int64",
    "id": "string",
    "started_us": "datetime64[us, UTC]",
    "duration_us": "timedelta64[us]",
}
_OF_METRICS: dict[str, Any] = {
    **dict.fromkeys(("metric", "mean", "std", "low", "high"), "Float64"),
    **dict.fromkeys(("delta", "percent", "p"), "Float64"),
    **dict.fromkeys(("n", "needed"), "Int64"),
    "change": _CHANGE,
}


def compare(
    runs: str | pd.DataFrame | Iterable[Run | str | int] | None = None,
    *,
    baseline: Run | str | int | None = None,
    by: str | Sequence[str] | None = None,
    minimize: str | Sequence[str] = (),
    maximize: str | Sequence[str] = (),
    every: bool = False,
    interval: str = "student",
    directory: str | None = None,
) -> pd.DataFrame:
    """Return runs side by side, or groups of them: what differs, and by how much.

        gage_nb.compare("operation = train.py", baseline="kafom", minimize="loss")
        gage_nb.compare(by="all but seed", maximize="accuracy")

    Columns of runs: `run` (string); `operation`, `status`, `label`, `tags`, `config.KEY`,
    `metric.NAME` (Float64, the last value) and `attr.NAME` if they differ; `id` (string). With a
    baseline, which is the first row, each metric also has `delta.NAME` and `percent.NAME`
    (Float64) and, if it is known which values are better, `change.NAME` (category: better, worse,
    same).

    Columns of groups: the keys; `runs` (Int64, how many); of each metric `mean.NAME`, `std.NAME`,
    `low.NAME`, `high.NAME` (Float64, of the 95 % interval of the mean), and `n.NAME` (Int64) if not
    all runs have a finite value. With a baseline, else with the best group if it is known which
    values are better, `delta.NAME`, `percent.NAME` and `p.NAME` (Float64), `change.NAME` (category:
    better, worse, same, differs, cannot be told apart) and `needed.NAME` (Int64, how many runs of
    each group would tell).

    Parameters
    ----------
    runs
        A filter, a DataFrame with runs (`run` or `id`), or runs. Default: all runs.
    baseline
        A run, or a filter for the runs of one group.
    by
        Keys that make groups: `"lr, model"`, `["lr", "model"]` or `"all but seed"`.
    minimize, maximize
        Metrics of which low or high values are better. Known without it: the objectives of the
        batches of the runs.
    every
        Whether to return all columns, those that differ first.
    interval
        `student`, or `bootstrap`, which needs the extra `statistics`.
    directory
        Default: the current directory.
    """
    asked = Asked(baseline, by, _names(minimize), _names(maximize), every, interval)
    return compare_at(home_of(directory), runs, asked)


def compare_at(
    home: str, runs: str | pd.DataFrame | Iterable[Run | str | int] | None, asked: Asked
) -> pd.DataFrame:
    """Return the frame of `compare` for runs of a directory of runs."""
    where = runs if isinstance(runs, str) else None
    rows = chosen_rows(home, names_of(runs), where)
    frame = comparison_frame(compared(home, rows, asked))
    if not rows:
        frame.attrs["if_empty"] = nothing_found(home, [where] if where else [])
    return frame


def names_of(
    runs: str | pd.DataFrame | Iterable[Run | str | int] | None,
) -> Iterable[Run | str | int] | None:
    """Return the runs that are given as such; None for a filter, or for all."""
    if isinstance(runs, pd.DataFrame):
        column = next((name for name in ("id", "run") if name in runs), None)
        if column is None:
            found = ", ".join(map(str, runs.columns))
            raise ValueError(f"expected a DataFrame with a column run or id, found {found}")
        return [str(name) for name in runs[column]]
    if isinstance(runs, Run | int):
        return [runs]
    return None if isinstance(runs, str) else runs


def comparison_frame(comparison: Comparison) -> pd.DataFrame:
    """Return a comparison as a DataFrame, which is displayed in fewer columns."""
    rows = comparison.rows
    names = list(rows[0]) if rows else list(dict.fromkeys([*comparison.keys, "id"]))
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [row[name] for row in rows]
        if name in _DTYPES:
            columns[name.removesuffix("_us")] = series_of(values, _DTYPES[name])
        else:
            dtype = _OF_METRICS.get(name.partition(".")[0])
            columns[printable(name)] = typed(values, dtype, pd.RangeIndex(len(rows)))
    frame = pd.DataFrame(columns)
    shared = shared_text(comparison)
    notes = [*([f"all: {shared}"] if shared else []), *map(printable, comparison.notes)]
    if rows:
        frame.attrs["notes"] = notes
    return readable(frame, (lambda: _shown(comparison, notes)) if rows else None)


def _shown(comparison: Comparison, notes: list[str]) -> pd.DataFrame:
    """Return the texts of a comparison as a frame, for display only."""
    table = comparison_table(comparison)
    shown = pd.DataFrame(table.cells, columns=table.headings)
    shown.index = pd.RangeIndex(1, len(shown) + 1)
    shown.attrs = {"notes": notes, "numbers": [table.headings[at] for at in table.numbers]}
    return shown


def _names(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given
