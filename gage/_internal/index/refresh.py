"""Updating the index: only runs that have changed are read again.

An ended run does not change, except for the attributes of the user. Its row has the state of the
disk that it was read from: the modification times of its side-car and of the directory `user` in it
(0 if there is none), whether the run directory exists, and the latest change of the files that its
facts are made from (all in nanoseconds). What is looked at:

- the names in the directory of runs, unless its own modification time says that they are the same;
- each run's side-car and its directory `user`: files that were added, replaced or removed there;
- the single files of `_LOOKS` ended runs, which may have been damaged in place: those that have
  just been read, and others each time, in turns; in a small directory of runs, all of them;
- every file of a run that has not ended, is damaged, or has changed a moment ago.

For the first page of a listing (`refresh_names`, `refresh_only`), only the names are looked at, the
runs that have not ended, and those of the page.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right

from gage._internal.index.database import COLUMNS
from gage._internal.index.reading import ALWAYS, parsed, read_anew, read_row
from gage._internal.record.layout import META_SUFFIX
from gage._internal.running.facts import latest_change_ns
from gage._internal.store.store import run_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from gage._internal.index.database import Database
    from gage._internal.index.reading import Facts, Row

    # What the database knows of a run: meta_ns, user_ns, has_dir, facts_ns
    Known: TypeAlias = tuple[int, int, bool, int]
    OnChunk: TypeAlias = Callable[[list[Row], list[Facts]], object]

__all__ = ["Refresh", "refresh_only"]

_LOOKS = 500
_CHUNK = 1000
# Times of file systems are this coarse at worst: what changes twice within it may look unchanged.
_COARSE_NS = 2_000_000_000
_CONTENT = COLUMNS.index("meta_ns")
_FACTS_NS = COLUMNS.index("facts_ns")
_STATE = slice(_CONTENT, _FACTS_NS)
_KNOWN = "SELECT id, meta_ns, user_ns, has_dir, facts_ns FROM runs"


class Refresh:
    """One look at a directory of runs, and what it has found.

    Attributes
    ----------
    rows
        The rows of new and changed runs.
    gone
        The ids of runs that are gone.
    state
        What is to be known of the whole from now on.
    """

    def __init__(self, database: Database, home: str) -> None:
        self._database = database
        self._home = home
        self.rows: list[Row] = []
        self.gone: list[str] = []
        self.state: dict[str, Any] = {}

    def everything(self, on_chunk: OnChunk = lambda _rows, _facts: None) -> None:
        """Look at every run.

        Parameters
        ----------
        on_chunk
            A function that is called with the rows and facts of some runs, again and again.

        Raises
        ------
        StoreError
            If the directory cannot be read.
        """
        before = self._database.state()
        known = {row[0]: row[1:] for row in self._database.rows(f"{_KNOWN} ORDER BY id")}
        found = self._names(before, known)
        self._read(found, self._changed(found, known), on_chunk)
        self._look(before, found, known, on_chunk)

    def names(self) -> None:
        """Look at the names, and at the runs that are new, have not ended, or are damaged."""
        before = self._database.state()
        if self._is_listed(before, _modified_ns(self._home)):
            rows = self._database.rows(f"{_KNOWN} WHERE meta_ns = ?", [ALWAYS])
            known = {row[0]: row[1:] for row in rows}
            found = {run_id: bool(row[2]) for run_id, row in known.items()}
        else:
            known = {row[0]: row[1:] for row in self._database.rows(_KNOWN)}
            found = self._names(before, known)
        changed = [
            run_id
            for run_id, has_dir in found.items()
            if run_id not in known or known[run_id][0] == ALWAYS or known[run_id][2] != has_dir
        ]
        self._read(found, changed, lambda _rows, _facts: None)

    def write(self) -> None:
        """Write into the database what was found."""
        self._database.change(self.rows, self.gone, self.state)

    def _names(self, before: dict[str, Any], known: dict[str, Known]) -> dict[str, bool]:
        """Return the ids of all runs, each with whether its run directory exists."""
        home_ns = _modified_ns(self._home)
        if self._is_listed(before, home_ns):
            return {run_id: bool(row[2]) for run_id, row in known.items()}
        found = run_ids(self._home)
        self.gone = [run_id for run_id in known if run_id not in found]
        is_settled = home_ns < time.time_ns() - _COARSE_NS
        self.state["home_ns"] = home_ns if is_settled else 0
        return found

    @staticmethod
    def _is_listed(before: dict[str, Any], home_ns: int) -> bool:
        return bool(home_ns) and before.get("home_ns") == home_ns

    def _changed(self, found: dict[str, bool], known: dict[str, Known]) -> list[str]:
        """Return the ids of runs that are new or whose directories have changed."""
        try:
            fd = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return list(found)
        changed = []
        stat = os.stat
        try:
            for run_id, has_dir in found.items():
                row = known.get(run_id)
                if row is None or row[0] == ALWAYS or row[2] != has_dir:
                    changed.append(run_id)
                    continue
                try:
                    if stat(run_id + META_SUFFIX, dir_fd=fd).st_mtime_ns == row[0] and (
                        not row[1]
                        or stat(f"{run_id}{META_SUFFIX}/user", dir_fd=fd).st_mtime_ns == row[1]
                    ):
                        continue
                except OSError:
                    pass
                changed.append(run_id)
        finally:
            os.close(fd)
        return changed

    def _read(self, found: dict[str, bool], ids: Sequence[str], on_chunk: OnChunk) -> None:
        for start in range(0, len(ids), _CHUNK):
            rows = [
                read_row(self._home, run_id, has_dir=found[run_id])
                for run_id in ids[start : start + _CHUNK]
            ]
            on_chunk(rows, parsed(self._home, rows))
            self.rows += rows

    def _look(
        self,
        before: dict[str, Any],
        found: dict[str, bool],
        known: dict[str, Known],
        on_chunk: OnChunk,
    ) -> None:
        """Look at the single files of some ended runs; read those anew that were changed."""
        facts_ns = {row[0]: row[_FACTS_NS] for row in self.rows[:_LOOKS]}
        left = _LOOKS - len(facts_ns)
        if left and len(self.rows) < len(found):
            ids = list(known)  # sorted
            start = bisect_right(ids, str(before.get("next_look", "")))
            turn = (ids[start:] + ids[:start])[:left]
            read = {row[0] for row in self.rows}
            for run_id in turn:
                if run_id in found and run_id not in read:
                    facts_ns[run_id] = known[run_id][3]
            if len(ids) > left:
                self.state["next_look"] = turn[-1]
        rows = []
        for run_id, read_ns in facts_ns.items():
            changed_ns = latest_change_ns(f"{self._home}{os.sep}{run_id}{META_SUFFIX}") or 0
            if changed_ns > read_ns or (read_ns and not changed_ns):
                rows.append(read_anew(self._home, run_id, has_dir=found[run_id]))
        if rows:
            on_chunk(rows, parsed(self._home, rows))
            self.rows += rows


def refresh_only(database: Database, home: str, ids: Iterable[str]) -> bool:
    """Look at all files of some runs; return whether any of the rows has changed."""
    rows, have_changed = [], False
    for run_id in ids:
        known = database.rows("SELECT * FROM runs WHERE id = ?", [run_id])
        meta_dir = f"{home}{os.sep}{run_id}{META_SUFFIX}"
        has_dir = os.path.isdir(os.path.join(home, run_id))
        state = (_modified_ns(meta_dir), _modified_ns(f"{meta_dir}{os.sep}user"), has_dir)
        is_same = bool(known) and known[0][_STATE] == state
        if is_same and (latest_change_ns(meta_dir) or 0) <= known[0][_FACTS_NS]:
            continue
        new = [(read_anew if is_same else read_row)(home, run_id, has_dir=has_dir)]
        if (latest_change_ns(meta_dir) or 0) > new[0][_FACTS_NS]:
            new = [read_anew(home, run_id, has_dir=has_dir)]
        parsed(home, new)
        rows += new
        have_changed = have_changed or not known or known[0][:_CONTENT] != new[0][:_CONTENT]
    database.change(rows)
    return have_changed


def _modified_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
