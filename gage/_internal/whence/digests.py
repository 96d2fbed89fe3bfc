"""The digests of all files and pictures of a directory of runs, in a SQLite database.

    CACHE/gage/whence/DIGEST.1.sqlite   DIGEST: of the real path of the directory of runs

    digests   digest (sha256 in hex), run (its id), kind (`file`, `picture`)
    known     run, meta_ns: the modification time of the side-car when it was read, -1 if the run
              had ended
    home      modified_ns: that of the directory of runs when its names were read

`CACHE` is the user's cache directory. 1 is the version of the tables. The database is only a cache:
if it is damaged or cannot be written, an empty one in memory takes its place. What it says is
looked up in the run before it is an answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from gage._internal.errors import MetaError
from gage._internal.output.results import DATA_DIR, RESULTS_DIR
from gage._internal.record.layout import META_SUFFIX, run_at, run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.store.store import run_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FILE", "PICTURE", "runs_with"]

FILE, PICTURE = "file", "picture"

_VERSION = 1
_TIMEOUT_S = 10.0
_ENDED = -1
# Times of file systems are this coarse at worst: what changes twice within it may look unchanged.
_COARSE_NS = 2_000_000_000
_NOT_ENDED = "SELECT run, meta_ns FROM known WHERE meta_ns != -1"
_TABLES = """
CREATE TABLE IF NOT EXISTS digests (digest TEXT, run TEXT, kind TEXT);
CREATE INDEX IF NOT EXISTS by_digest ON digests (digest);
CREATE INDEX IF NOT EXISTS by_run ON digests (run);
CREATE TABLE IF NOT EXISTS known (run TEXT PRIMARY KEY, meta_ns INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS not_ended ON known (meta_ns) WHERE meta_ns != -1;
CREATE TABLE IF NOT EXISTS home (modified_ns INTEGER);
"""


def runs_with(home: str, digests: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return digest, id of the run and kind for each run that has one of the digests.

    Raises
    ------
    StoreError
        If the directory of runs cannot be read.
    """
    wanted = list(dict.fromkeys(digests))
    try:
        with contextlib.closing(_connected(_path_of(home))) as connection:
            return _found(connection, home, wanted)
    except (sqlite3.DatabaseError, OSError):
        with contextlib.closing(_connected(":memory:")) as connection:
            return _found(connection, home, wanted)


def _found(
    connection: sqlite3.Connection, home: str, wanted: list[str]
) -> list[tuple[str, str, str]]:
    _refresh(connection, home)
    query = "SELECT DISTINCT digest, run, kind FROM digests WHERE digest = ?"
    return [row for digest in wanted for row in connection.execute(query, [digest])]


def _refresh(connection: sqlite3.Connection, home: str) -> None:
    """Read the runs that are new or have not ended; forget those that are gone."""
    home_ns = _modified_ns(home)
    is_same = connection.execute("SELECT 1 FROM home WHERE modified_ns = ?", [home_ns]).fetchone()
    known = dict(connection.execute(_NOT_ENDED if is_same else "SELECT run, meta_ns FROM known"))
    present = known if is_same else run_ids(home)
    found_ns = {
        run_id: _state_ns(home, run_id) for run_id in present if known.get(run_id) != _ENDED
    }
    changed = [run_id for run_id, state_ns in found_ns.items() if known.get(run_id) != state_ns]
    gone = [run_id for run_id in known if run_id not in present]
    if not changed and not gone and is_same:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        old = [(run_id,) for run_id in (*changed, *gone)]
        connection.executemany("DELETE FROM digests WHERE run = ?", old)
        connection.executemany("DELETE FROM known WHERE run = ?", old)
        of_runs = ((run_id, _of_run(home, run_id)) for run_id in changed)
        connection.executemany(
            "INSERT INTO digests VALUES (?, ?, ?)",
            ((digest, run_id, kind) for run_id, found in of_runs for digest, kind in found),
        )
        connection.executemany(
            "INSERT INTO known VALUES (?, ?)", ((run_id, found_ns[run_id]) for run_id in changed)
        )
        connection.execute("DELETE FROM home")
        if time.time_ns() - home_ns > _COARSE_NS:  # else a run may come within the same tick
            connection.execute("INSERT INTO home VALUES (?)", [home_ns])


def _state_ns(home: str, run_id: str) -> int:
    """Return the modification time of a side-car, `_ENDED` if the run has ended before that."""
    meta_dir = f"{home}{os.sep}{run_id}{META_SUFFIX}"
    modified_ns = _modified_ns(meta_dir)
    stopped_ns = _modified_ns(f"{meta_dir}{os.sep}stopped")
    is_over = stopped_ns and time.time_ns() - max(modified_ns, stopped_ns) > _COARSE_NS
    return _ENDED if is_over else modified_ns


def _of_run(home: str, run_id: str) -> Iterator[tuple[str, str]]:
    run = run_at(home, run_id)
    try:
        for entry in read_manifest(run_meta_path(run, "manifest")):
            yield entry.digest, FILE
    except (MetaError, OSError, ValueError):
        pass  # `gage verify` says what is wrong
    try:
        names = os.listdir(os.path.join(run.meta_dir, RESULTS_DIR, DATA_DIR))
    except OSError:
        return
    yield from ((name, PICTURE) for name in names)


def _modified_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _connected(path: str) -> sqlite3.Connection:
    if path != ":memory:":
        os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        return _opened(path)
    except sqlite3.OperationalError:
        raise  # locked for too long, or not writable
    except sqlite3.DatabaseError:  # damaged
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(path + suffix)
        return _opened(path)


def _opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # a cache may be lost
        connection.executescript(_TABLES)
        connection.execute("SELECT digest, run, kind FROM digests LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _path_of(home: str) -> str:
    import platformdirs

    real = os.path.realpath(home).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(real).hexdigest()[:24]
    directory = platformdirs.user_cache_dir("gage", appauthor=False)
    return os.path.join(directory, "whence", f"{digest}.{_VERSION}.sqlite")
