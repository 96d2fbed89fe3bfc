"""Questions about a directory of runs: which runs match, and their data in the index."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.index.database import Database, DatabaseReplaced
from gage._internal.index.language import parse_filter
from gage._internal.index.refresh import refresh, refresh_only
from gage._internal.index.sql import KINDS, TEXT_COLUMNS, Vocabulary, condition_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.index.language import Condition

__all__ = ["IndexedRun", "RunIndex", "run_index"]

_COLUMNS = (
    *("id", "name", "op_ns", "op_name", "status", "reason", "exit_code", "initialized_us"),
    *("started_us", "duration_us", "label", "tags", "config", "metrics", "attributes", "user"),
    "stamp",
)
_QUERY = f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {{}} ORDER BY order_us DESC, id DESC"  # noqa: S608

# Values of a column, of the tags, and of a place in JSON that are words or numbers.
_VALUES = (
    "SELECT {column} FROM runs WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY max(order_us) DESC"
)
_TAGS = (
    "SELECT json_each.value FROM runs, json_each(runs.tags) GROUP BY 1 ORDER BY max(order_us) DESC"
)
_RECORDED = (
    "SELECT json_extract({column}, ?) FROM runs"
    " WHERE json_type({column}, ?) IN ('text', 'integer', 'real')"
    " GROUP BY 1 ORDER BY max(order_us) DESC"
)


class IndexedRun(NamedTuple):
    """The data of a run in the index; times in epoch µs (UTC), durations in µs.

    `metrics` has the values of `facts.MEASURES` for each name; the `duration_us` of a running run
    ends now.
    """

    id: str
    name: str
    op_ns: str
    op_name: str
    status: str
    reason: str
    exit_code: int | None
    initialized_us: int | None
    started_us: int | None
    duration_us: int | None
    label: str | None
    tags: list[str]
    config: dict[str, Any]
    metrics: dict[str, list[Any]]
    attributes: dict[str, Any]
    user: dict[str, Any]


class RunIndex:
    """The index of one directory of runs; a process has one for each directory."""

    def __init__(self, home: str) -> None:
        self.home = home
        self._database = Database(home)
        # Decoded rows by id, each with its stamp: unchanged rows are not decoded again.
        self._decoded: dict[str, tuple[str, IndexedRun]] = {}

    def select(self, where: str = "", limit: int | None = None) -> list[IndexedRun]:
        """Return the runs that match a filter, the newest first.

        Parameters
        ----------
        where
            A filter (`language`); an empty one matches every run.
        limit
            At most this many runs, the newest. Without a filter, only these are read.

        Raises
        ------
        FilterError
            If the filter is not valid, or names something that no run has.
        StoreError
            If the directory cannot be read.
        """
        condition = parse_filter(where)  # first, so that a wrong filter reads nothing
        try:
            return self._select(where, condition, limit)
        except DatabaseReplaced:  # damaged, or on a full disk: try again with the new one
            return self._select(where, condition, limit)

    def _select(
        self, where: str, condition: Condition | None, limit: int | None
    ) -> list[IndexedRun]:
        refresh(self._database, self.home)
        now = dt.datetime.now().astimezone()
        sql, values = condition_sql(where, condition, self._vocabulary(now, needed=bool(condition)))
        query = _QUERY.format(sql) + ("" if limit is None else f" LIMIT {int(limit)}")
        return self._decode(self._database.rows(query, values), now)

    def positions(self) -> dict[str, int]:
        """Return the position of each run among all, as of the last refresh: 1 is the newest."""
        rows = self._database.rows("SELECT id FROM runs ORDER BY order_us DESC, id DESC")
        return {row[0]: number for number, row in enumerate(rows, 1)}

    def count(self) -> int:
        """Return how many runs there are, as of the last refresh."""
        found = self._database.rows("SELECT count(*) FROM runs")
        return int(found[0][0]) if found else 0

    def look_again(self, ids: Sequence[str]) -> bool:
        """Read some runs again if they have changed; return whether any had."""
        return refresh_only(self._database, self.home, ids)

    def names(self) -> dict[str, list[str]]:
        """Return the names that the runs have, by kind (`sql.KINDS`), sorted."""
        return {
            kind: [
                str(row[0])
                for row in self._database.rows(
                    f"SELECT DISTINCT key FROM runs, json_each(runs.{column}) ORDER BY key"  # noqa: S608
                )
            ]
            for kind, column in KINDS.items()
        }

    def values(self, name: str) -> list[str]:
        """Return the words that a name of a filter is equal to in the runs, the newest first."""
        kind, dot, key = name.partition(".")
        if name in TEXT_COLUMNS:
            rows = self._database.rows(_VALUES.format(column=TEXT_COLUMNS[name]))
            return [str(row[0]) for row in rows]
        if name in {"tag", "tags"}:
            rows = self._database.rows(_TAGS)
            return [str(row[0]) for row in rows]
        places = [kind] if dot and kind in KINDS else ["config", "attr", "user"]
        path = f'$."{key if dot and kind in KINDS else name}"'
        found: dict[str, None] = {}
        for place in places:
            if place != "metric":
                rows = self._database.rows(_RECORDED.format(column=KINDS[place]), [path, path])
                found |= {str(row[0]): None for row in rows if row[0] is not None}
        return list(found)

    def _vocabulary(self, now: dt.datetime, *, needed: bool) -> Vocabulary:
        return Vocabulary(self.names() if needed else {}, now)

    def _decode(self, rows: list[tuple[Any, ...]], now: dt.datetime) -> list[IndexedRun]:
        now_us = round(now.timestamp() * 1e6)
        runs = []
        for row in rows:
            run_id, stamp = row[0], row[-1]
            known = self._decoded.get(run_id)
            if known is None or not stamp or known[0] != stamp:
                known = self._decoded[run_id] = (stamp, _decoded(row))
            run = known[1]
            if run.duration_us is None and run.status == "running" and run.started_us is not None:
                run = run._replace(duration_us=max(now_us - run.started_us, 0))
            runs.append(run)
        return runs


_indexes: dict[tuple[int, str], RunIndex] = {}


def run_index(home: str) -> RunIndex:
    """Return this process's index of a directory of runs."""
    key = os.getpid(), os.path.realpath(home)  # a fork must not use its parent's connection
    if key not in _indexes:
        _indexes[key] = RunIndex(home)
    return _indexes[key]


def _decoded(row: tuple[Any, ...]) -> IndexedRun:
    *plain, tags, config, metrics, attributes, user, _ = row
    parts = (tags, config, metrics, attributes, user)
    return IndexedRun(*plain, *map(json.loads, parts))
