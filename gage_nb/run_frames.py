"""Frames of runs from the index: of all runs, those that match a filter, or given ones.

The columns of all runs are kept for each directory of runs, so that only runs that have changed are
read for the next frame.
"""

from __future__ import annotations

import contextlib
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.index.listing import asked
from gage._internal.index.reading import parsed, read_anew
from gage._internal.index.runs import run_index
from gage_nb.kept_columns import keep_columns, kept_columns
from gage_nb.run_columns import ColumnsChanged, RunRows, frame_of, merged, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from gage._internal.index.language import Condition
    from gage._internal.index.runs import RunIndex, Seen
    from gage._internal.types import Run
    from gage_nb.run_columns import Columns

__all__ = ["every_run", "forget", "given_runs", "matching_runs"]


_MOST_BEHIND = 1000


class _Kept(NamedTuple):
    """The columns, and how many rows of them are not in the file (`kept_columns`)."""

    seen: Seen
    columns: Columns
    behind: int


_kept: dict[tuple[int, str], _Kept] = {}


def every_run(home: str) -> pd.DataFrame:
    """Return the frame of all runs in a directory of runs."""
    key = os.getpid(), os.path.realpath(home)
    index = run_index(home)
    before = _kept.pop(key, None) or _of_earlier_process(index)
    try:
        kept = _followed(index, before)
    except ColumnsChanged:
        kept = _followed(index, None)
    if index.path and kept.behind > _MOST_BEHIND:
        keep_columns(index.path, kept.seen, kept.columns)
        kept = kept._replace(behind=0)
    _kept[key] = kept
    return frame_of(kept.columns)


def matching_runs(
    home: str,
    where: Sequence[str] = (),
    limit: int | None = None,
    *,
    also: Sequence[Condition] = (),
    measures: Iterable[str] = (),
) -> pd.DataFrame:
    """Return the frame of the newest runs that match the words of a filter.

    Parameters
    ----------
    also
        Conditions that must hold besides the filter.
    measures
        Which measures of each metric there are besides its last value (`facts.MEASURES`).
    """
    index = run_index(home)

    def ask(text: str) -> Columns:
        rows = RunRows(measures)
        with _without_collector():
            for chunk, facts in index.chunks(text, limit, also):
                rows.add(chunk, facts)
        return rows.columns()

    columns = asked(where, ask)
    positions = index.positions() if where or also else {}
    ids = columns["", "id", ""].array
    return frame_of(columns, [positions.get(str(id), at) for at, id in enumerate(ids, 1)])


def given_runs(runs: Iterable[Run], measures: Iterable[str] = ()) -> pd.DataFrame:
    """Return the frame of some runs, in their order; each is read."""
    rows = RunRows(measures)
    for run in runs:
        home = str(Path(run.meta_dir).parent)
        read = [read_anew(home, run.id, has_dir=Path(run.run_dir).is_dir())]
        rows.add(read, parsed(home, read))
    return frame_of(rows.columns(in_order=False))


def forget() -> None:
    """Forget the columns that are kept for the next frame."""
    _kept.clear()


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Make many small objects, which are no cycles, without the collector."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _of_earlier_process(index: RunIndex) -> _Kept | None:
    found = kept_columns(index.path) if index.path else None
    return None if found is None else _Kept(*found, behind=0)


def _followed(index: RunIndex, kept: _Kept | None) -> _Kept:
    rows = RunRows()
    with _without_collector():
        changes = index.changes(None if kept is None else kept.seen, rows.add)
    if kept is None or changes.is_whole:
        return _Kept(changes.seen, rows.columns(), rows.count)
    columns = kept.columns
    if changes.gone:
        columns = without(changes.gone, columns)
    if rows.count:
        columns = merged(rows.columns(), columns)
    return _Kept(changes.seen, columns, kept.behind + rows.count + len(changes.gone))
