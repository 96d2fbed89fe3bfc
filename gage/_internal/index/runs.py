"""Questions about a directory of runs: which runs match, and their data in the index."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.index.database import KINDS, Database, DatabaseReplaced
from gage._internal.index.language import And, parse_filter, searched_texts
from gage._internal.index.output_words import runs_with_words
from gage._internal.index.refresh import Refresh, refresh_only
from gage._internal.index.sql import TEXT_COLUMNS, Vocabulary, condition_sql
from gage._internal.running.facts import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gage._internal.index.language import Condition
    from gage._internal.index.reading import Facts, Row
    from gage._internal.index.refresh import OnChunk

__all__ = ["MEASURES", "ROW", "IndexedRun", "RunIndex", "Seen", "run_index"]

# What a row has of the columns of `database`, the first of them.
ROW = (
    *("id", "name", "op_ns", "op_name", "status", "reason", "exit_code", "order_us"),
    *("initialized_us", "started_us", "duration_us", "label", "tags", "user", "facts"),
)
_QUERY = f"SELECT {', '.join(ROW)} FROM runs WHERE {{}} ORDER BY order_us DESC, id DESC"  # noqa: S608

_CHUNK = 1000
_FACTS = ROW.index("facts")

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


_PLAIN = IndexedRun._fields.index("tags")


class Seen(NamedTuple):
    """How far somebody knows the rows: values of `state` in the database."""

    token: int
    version: int
    removed: int


class Changes(NamedTuple):
    """What was given: all runs or only the changed ones, and which are gone."""

    seen: Seen
    is_whole: bool
    gone: list[str]


class RunIndex:
    """The index of one directory of runs; a process has one for each directory."""

    def __init__(self, home: str) -> None:
        self.home = home
        self._database = Database(home)

    def select(self, where: str = "", limit: int | None = None) -> list[IndexedRun]:
        """Return the runs that match a filter, the newest first.

        Parameters
        ----------
        where
            A filter (`language`); an empty one matches every run.
        limit
            At most this many runs, the newest. Without a filter, only these are looked at.

        Raises
        ------
        FilterError
            If the filter is not valid, or names something that no run has.
        StoreError
            If the directory cannot be read.
        """
        now_us = time.time_ns() // 1000
        return [
            _decoded(row, data, now_us)
            for rows, facts in self.chunks(where, limit)
            for row, data in zip(rows, facts, strict=True)
        ]

    def chunks(
        self, where: str = "", limit: int | None = None, also: Sequence[Condition] = ()
    ) -> Iterator[tuple[list[Row], list[Facts]]]:
        """Yield the rows that `select` decodes, some at a time, with their facts.

        A row has the values of `ROW`. The conditions `also` must hold too.
        """
        condition = parse_filter(where)  # first, so that a wrong filter reads nothing
        if also:
            condition = And((*([] if condition is None else [condition]), *also))
        try:
            rows = self._rows(where, condition, limit)
        except DatabaseReplaced:  # damaged, or on a full disk: try again with the new one
            rows = self._rows(where, condition, limit)
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            yield chunk, _facts_of(chunk)

    def _rows(self, where: str, condition: Condition | None, limit: int | None) -> list[Row]:
        if condition is None and limit is not None:
            return self._page(limit)
        self._look()
        now = dt.datetime.now().astimezone()
        names = self.names() if condition else {}
        found = {
            text: runs_with_words(self._database, self.home, text)
            for text in searched_texts(condition)
        }
        sql, values = condition_sql(where, condition, Vocabulary(names, now, found))
        query = _QUERY.format(sql) + ("" if limit is None else f" LIMIT {int(limit)}")
        return self._database.rows(query, values)

    def changes(self, seen: Seen | None, on_chunk: OnChunk) -> Changes:
        """Look at all runs, and give those that have changed since an earlier look.

        Parameters
        ----------
        seen
            What an earlier look returned; None gives all runs.
        on_chunk
            A function that is called with rows, which begin with the values of `ROW`, and their
            facts, again and again. Later ones of the same run replace earlier ones.
        """
        try:
            return self._changes(seen, on_chunk)
        except DatabaseReplaced:
            return self._changes(None, on_chunk)

    def _changes(self, seen: Seen | None, on_chunk: OnChunk) -> Changes:
        before = self._seen()
        is_current = before == (seen or Seen(before.token, 0, 0))
        found = Refresh(self._database, self.home)
        found.everything(on_chunk if is_current else _nothing)
        found.write()
        now = self._seen()
        if is_current:  # all that has changed is what the look has found
            version, removed = before.version + bool(found.rows), before.removed + bool(found.gone)
            # Something else means that another process has written too: all is read again then.
            is_ours = now == (before.token, version, removed)
            return Changes(now if is_ours else before, seen is None, found.gone)
        is_whole = seen is None or (seen.token, seen.removed) != (now.token, now.removed)
        query = _QUERY.format("version > ?")
        values = [0 if is_whole or seen is None else seen.version]
        for rows in self._database.chunks(query, values, _CHUNK):
            on_chunk(rows, _facts_of(rows))
        return Changes(now, is_whole, [])

    def _seen(self) -> Seen:
        state = self._database.state()
        return Seen(*(state.get(name, 0) for name in Seen._fields))

    def _page(self, limit: int) -> list[Row]:
        found = Refresh(self._database, self.home)
        found.names()
        found.write()
        query = f"{_QUERY.format(1)} LIMIT {int(limit)}"
        rows = self._database.rows(query)
        if self.look_again([row[0] for row in rows]):
            rows = self._database.rows(query)
        return rows

    def _look(self) -> None:
        found = Refresh(self._database, self.home)
        found.everything()
        found.write()

    @property
    def path(self) -> str:
        """The file of the index, "" if it is only in memory."""
        return self._database.path

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
        found = self._database.keys()
        return {kind: [key for of, key in found if of == kind] for kind in KINDS}

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
        bare = key if dot and kind in KINDS else name
        found: dict[str, None] = {}
        for place in places:
            if place != "metric" and not set(bare) & set('"\\'):
                column, start = KINDS[place]
                path = f'{start}."{bare}"'
                rows = self._database.rows(_RECORDED.format(column=column), [path, path])
                found |= {str(row[0]): None for row in rows if row[0] is not None}
        return list(found)


_indexes: dict[tuple[int, str], RunIndex] = {}


def run_index(home: str) -> RunIndex:
    """Return this process's index of a directory of runs."""
    key = os.getpid(), os.path.realpath(home)  # a fork must not use its parent's connection
    if key not in _indexes:
        _indexes[key] = RunIndex(home)
    return _indexes[key]


def _nothing(_rows: list[Row], _facts: list[Facts]) -> None:
    """Pass over rows that are going to be read from the database."""


def _facts_of(rows: list[Row]) -> list[Facts]:
    return list(json.loads(f"[{','.join([row[_FACTS] for row in rows])}]"))


def _decoded(row: Row, facts: Facts, now_us: int) -> IndexedRun:
    values = dict(zip(ROW, row, strict=True))
    run = IndexedRun(
        **{name: values[name] for name in IndexedRun._fields[:_PLAIN]},
        tags=json.loads(values["tags"]),
        config=facts["config"],
        metrics=facts["metrics"],
        attributes=facts["attributes"],
        user=json.loads(values["user"]),
    )
    if run.duration_us is None and run.status == "running" and run.started_us is not None:
        return run._replace(duration_us=max(now_us - run.started_us, 0))
    return run
