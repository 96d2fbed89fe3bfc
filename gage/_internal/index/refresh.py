"""Updating the index: only runs that have changed are read again.

An ended run does not change, except for the attributes of the user. Its row has a stamp: the
modification times of its side-car and of the directory `user` in it, the latest change of the files
that its facts are made from (all in nanoseconds), and whether the run directory exists. A row whose
stamp agrees with the disk is right. All other runs are read again: new ones, those that have not
ended, and those that were changed or damaged.
"""

from __future__ import annotations

import os

from gage._internal.errors import MetaError
from gage._internal.record.layout import META_SUFFIX, run_at, run_meta_path
from gage._internal.record.run_meta import read_attr
from gage._internal.running.facts import encode, facts_of, latest_change_ns
from gage._internal.store.store import run_ids
from gage._internal.text import valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gage._internal.index.database import Database
    from gage._internal.types import Run

__all__ = ["refresh", "refresh_only"]


def refresh(database: Database, home: str) -> None:
    """Update the rows of a database from a directory of runs; none if it does not exist.

    Raises
    ------
    StoreError
        If the directory cannot be read.
    """
    found = run_ids(home)
    known = dict(database.rows("SELECT id, stamp FROM runs"))
    rows = []
    for run_id, has_run_dir in found.items():
        stamp = _stamp(home, run_id, has_run_dir=has_run_dir)
        if known.get(run_id) != stamp:
            rows.append(_row(database, home, run_id, stamp))
    database.change(rows, known.keys() - found.keys())


def refresh_only(database: Database, home: str, ids: Iterable[str]) -> bool:
    """Update only some runs; return whether any row has changed."""
    rows = []
    for run_id in ids:
        has_run_dir = os.path.isdir(os.path.join(home, run_id))
        stamp = _stamp(home, run_id, has_run_dir=has_run_dir)
        if database.rows("SELECT stamp FROM runs WHERE id = ?", [run_id]) != [(stamp,)]:
            rows.append(_row(database, home, run_id, stamp))
    database.change(rows, ())
    return bool(rows)


def _stamp(home: str, run_id: str, *, has_run_dir: bool) -> str:
    meta_dir = f"{home}{os.sep}{run_id}{META_SUFFIX}"
    times = (_modified_ns(meta_dir), _modified_ns(f"{meta_dir}{os.sep}user"))
    return f"{times[0]} {times[1]} {latest_change_ns(meta_dir) or 0} {has_run_dir:d}"


def _modified_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _row(database: Database, home: str, run_id: str, stamp: str) -> dict[str, Any]:
    run = run_at(home, run_id)
    user = _user_attrs(run, stamp)
    label, tags = user.get("label"), user.get("tags")
    facts = facts_of(run)
    if not database.is_json(facts):  # the file was damaged after it had been written
        facts = facts_of(run, use_kept=False)
    return {
        "id": run_id,
        "name": run.name,
        "facts": facts,
        "modified_us": int(stamp.partition(" ")[0]) // 1000,
        "label": None if label is None else valid(str(label)),
        "tags": encode([str(tag) for tag in tags] if isinstance(tags, list) else []),
        "user": encode(user) if user else "{}",
        "stamp": stamp,
    }


def _user_attrs(run: Run, stamp: str) -> dict[str, Any]:
    """Return those attributes of the user that can be read."""
    if stamp.split(" ")[1] == "0":
        return {}
    attrs = {}
    try:
        names = os.listdir(run_meta_path(run, "user"))
    except OSError:
        return {}
    for name in sorted(names):
        if not name.endswith(".tmp"):
            try:
                attrs[name] = read_attr(run, "user", name)
            except (MetaError, OSError):
                continue  # `gage verify` says what is wrong
    return attrs
