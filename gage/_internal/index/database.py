"""The SQLite database with the index of a directory of runs.

    CACHE/gage/index/DIGEST.1.sqlite    DIGEST: of the real path of the directory of runs

`CACHE` is the user's cache directory (`platformdirs`) on this machine, even if the runs are on
another file system. 1 is the version of the tables; another version has another file. Each run has
a row:

    id              the run's id                    name            the name made from it
    op_ns op_name   its operation                   status reason exit_code
    order_us        order of listings: the time when it was made, else when its side-car was
    initialized_us started_us duration_us           epoch µs (UTC), µs
    label tags      the user's: a string; a JSON list
    config metrics attributes                       JSON, as in `facts`
    user            the user's attributes, JSON
    stamp           the state of the disk that the row was read from (`refresh`); empty for a run
                    that has not ended, which is always read again

The database is only a cache: if it is damaged or cannot be made, an empty one, in memory if
necessary, takes its place and is filled again from the runs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["COLUMNS", "Database", "DatabaseReplaced"]

_VERSION = 1
_BUSY_TIMEOUT_S = 10.0

COLUMNS = (
    *("id", "name", "op_ns", "op_name", "status", "reason", "exit_code", "order_us"),
    *("initialized_us", "started_us", "duration_us", "config", "metrics", "attributes"),
    *("label", "tags", "user", "stamp"),
)
# SQLite extracts the facts, which are not decoded here: `id name facts modified_us user`.
_INSERT = """
INSERT OR REPLACE INTO runs
SELECT :id, :name,
    json_extract(:facts, '$.operation[0]'), json_extract(:facts, '$.operation[1]'),
    json_extract(:facts, '$.status[0]'), json_extract(:facts, '$.status[1]'),
    json_extract(:facts, '$.status[2]'),
    COALESCE(json_extract(:facts, '$.initialized_us'), :modified_us),
    json_extract(:facts, '$.initialized_us'), json_extract(:facts, '$.started_us'),
    json_extract(:facts, '$.duration_us'), json_extract(:facts, '$.config'),
    json_extract(:facts, '$.metrics'), json_extract(:facts, '$.attributes'),
    :label, :tags, :user,
    CASE WHEN json_extract(:facts, '$.duration_us') IS NOT NULL
        AND json_extract(:facts, '$.status[0]') IN ('completed', 'error', 'terminated')
    THEN :stamp ELSE '' END
"""
_TABLE = f"""
CREATE TABLE IF NOT EXISTS runs ({", ".join(COLUMNS)}, PRIMARY KEY (id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (order_us DESC, id DESC);
"""


class DatabaseReplaced(Exception):  # noqa: N818  # nothing is wrong: read the runs again
    """The database was damaged or cannot be written: an empty one has taken its place."""


class Database:
    """The rows of one directory of runs."""

    def __init__(self, home: str) -> None:
        self._path = _path_of(home)
        self._in_memory = False
        self._connection = self._opened()

    def close(self) -> None:
        """Close the connection; the rows stay."""
        self._connection.close()

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises
        ------
        DatabaseReplaced
            If the database could not be read: an empty one, in memory, has taken its place.
        """
        try:
            return self._connection.execute(query, tuple(values)).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._replaced(error) from error

    def is_json(self, text: str) -> bool:
        """Return whether the database can read a string as JSON."""
        return bool(self.rows("SELECT json_valid(?)", [text])[0][0])

    def change(self, rows: Iterable[Mapping[str, Any]], gone: Iterable[str]) -> None:
        """Write rows, and remove those whose ids are gone.

        A row has `id`, `name`, `facts` (JSON), `modified_us`, `label`, `tags`, `user` (JSON) and
        `stamp`.

        Raises
        ------
        DatabaseReplaced
            As `rows`.
        """
        rows, gone = list(rows), list(gone)
        if not rows and not gone:
            return
        try:
            with self._transaction() as cursor:
                cursor.executemany(_INSERT, rows)
                cursor.executemany("DELETE FROM runs WHERE id = ?", [(id,) for id in gone])
        except sqlite3.DatabaseError as error:
            raise self._replaced(error) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        # Locked for writing at once: before a reader becomes a writer, another one may write.
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")

    def _replaced(self, error: sqlite3.DatabaseError) -> Exception:
        """Continue in memory, since other processes may use the file, unless the fault is ours."""
        if self._in_memory or isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
            return error
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._connection, self._in_memory = _connected(":memory:"), True
        return DatabaseReplaced(str(error))

    def _opened(self) -> sqlite3.Connection:
        for attempt in range(2):
            try:
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
                return _connected(self._path)
            except sqlite3.DatabaseError as error:
                if attempt or isinstance(error, sqlite3.OperationalError):
                    break  # locked for too long, or not writable
                self._remove()
            except OSError:
                break
        self._in_memory = True
        return _connected(":memory:")

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(self._path + suffix)


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # As a cache, it may be lost after a crash of the machine, but is never wrong.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_function("regexp", 2, _matches, deterministic=True)
        connection.executescript(_TABLE)
        found = [column[1] for column in connection.execute("PRAGMA table_info(runs)")]
        if tuple(found) != COLUMNS:
            raise sqlite3.DatabaseError("the table has other columns")
        connection.execute("SELECT count(*) FROM runs").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _matches(pattern: str, value: object) -> bool:
    import re

    return value is not None and re.search(pattern, str(value)) is not None


def _path_of(home: str) -> str:
    import hashlib

    import platformdirs

    real = os.path.realpath(home).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(real).hexdigest()[:24]
    directory = platformdirs.user_cache_dir("gage", appauthor=False)
    return os.path.join(directory, "index", f"{digest}.{_VERSION}.sqlite")
