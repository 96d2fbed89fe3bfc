"""Comparing runs: which runs, the baseline, and which values are better."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gage._internal.api.runs import find, run_listing
from gage._internal.batch.batch import list_batches
from gage._internal.compare.comparison import Comparison, compare_groups, compare_runs
from gage._internal.compare.directions import directions_of
from gage._internal.compare.groups import group_rows, grouping_of
from gage._internal.compare.means import check_interval
from gage._internal.errors import OptionError, RunNotFound
from gage._internal.named import NamedTuple
from gage._internal.text import listed
from gage._internal.types import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gage._internal.compare.groups import Group
    from gage._internal.store.recorded_run import RecordedRun

    Row = dict[str, Any]

__all__ = ["Asked", "chosen_rows", "compare", "known_directions"]


class Asked(NamedTuple):
    """What is asked of a comparison: the words of `gage compare`.

    Attributes
    ----------
    baseline
        A run, or a filter for the baseline's runs; None without one.
    by
        Keys to group by, `all but KEY`, or None.
    minimize, maximize
        Metrics of which low or high values are better.
    every
        Whether to return all columns.
    interval
        `student` or `bootstrap`.
    """

    baseline: Run | str | int | None = None
    by: str | Sequence[str] | None = None
    minimize: Sequence[str] = ()
    maximize: Sequence[str] = ()
    every: bool = False
    interval: str = "student"


def chosen_rows(
    home: str,
    references: Iterable[Run | str | int] | None = None,
    where: str | None = None,
) -> list[Row]:
    """Return the rows of `index.listing` for runs by name or filter, each with its `home`.

    Default: all runs.

    Raises
    ------
    RunNotFound
        If there is no run with one of the names.
    """
    if references is None:
        return [{**row, "home": home} for row in run_listing(home, [where] if where else [])]
    runs = [item if isinstance(item, Run) else _find(home, item) for item in references]
    homes = dict.fromkeys([os.path.dirname(run.run_dir) for run in runs])
    rows = {row["id"]: {**row, "home": each} for each in homes for row in run_listing(each)}
    missing = [run.name for run in runs if run.id not in rows]
    if missing:
        raise RunNotFound(f"there is no run {listed(missing, most=5)} any more")
    return [rows[run_id] for run_id in dict.fromkeys(run.id for run in runs)]


def compare(home: str, rows: Sequence[Row], asked: Asked) -> Comparison:
    """Return runs side by side, or groups of them.

    Parameters
    ----------
    home
        The directory of runs in which a baseline is found.
    rows
        Rows of `chosen_rows`.

    Raises
    ------
    OptionError
        If a key or metric does not exist, or the baseline is not one run or one group.
    """
    check_interval(asked.interval)
    rows, baseline = _with_baseline(home, list(rows), asked.baseline)
    directions = known_directions(home, rows, asked.minimize, asked.maximize)
    if asked.by is None:
        if len(baseline) > 1:
            raise OptionError(f"expected one run as the baseline, found {_names(rows, baseline)}")
        first = next(iter(baseline), None)
        return compare_runs(rows, directions, first, every=asked.every)
    grouping = grouping_of(asked.by, rows)
    is_baseline: Callable[[Group], bool] | None = None
    if baseline:
        with_it = [
            group
            for group in group_rows(rows, grouping.keys)
            if any(row["id"] in baseline for row in group.rows)
        ]
        if len(with_it) > 1:
            raise OptionError(
                f"expected runs of one group as the baseline, found {_names(rows, baseline)} in "
                f"{len(with_it)} groups: name one run, or a filter that only one group matches"
            )
        wanted = with_it[0].key_values

        def is_baseline(group: Group) -> bool:
            return group.key_values == wanted

    return compare_groups(
        rows,
        grouping,
        directions,
        is_baseline,
        every=asked.every,
        interval=asked.interval,
    )


def known_directions(
    home: str, rows: Sequence[Row], minimize: Sequence[str], maximize: Sequence[str]
) -> dict[str, Any]:
    """Return the direction of each metric of the runs that has one: `compare.directions`."""
    metrics = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    ids = {row["id"] for row in rows}
    objectives = [
        (batch.objective, batch.name)
        for batch in list_batches(home)
        if batch.objective is not None and not ids.isdisjoint(run.id for run in batch.runs)
    ]
    return directions_of(metrics, {"minimize": minimize, "maximize": maximize}, objectives)


def _with_baseline(
    home: str, rows: list[Row], baseline: Run | str | int | None
) -> tuple[list[Row], set[str]]:
    """Return the rows, with those of the baseline, and the ids of the baseline's runs."""
    if baseline is None:
        return rows, set()
    if isinstance(baseline, str) and any(sign in baseline for sign in " =<>"):
        found = {row["id"] for row in run_listing(home, [baseline])}
        ids = {row["id"] for row in rows} & found
        if not ids:
            raise RunNotFound(f"none of the runs is a baseline with {baseline!r}")
        return rows, ids
    (row,) = chosen_rows(home, [baseline])
    known = any(each["id"] == row["id"] for each in rows)
    return (rows if known else [row, *rows]), {row["id"]}


def _find(home: str, reference: str | int) -> RecordedRun:
    return find(reference, runs_home=home)


def _names(rows: Sequence[Row], ids: set[str]) -> str:
    return listed([row["run"] for row in rows if row["id"] in ids], most=5)
