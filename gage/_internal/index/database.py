"""The SQLite database with the index of a directory of runs.

    CACHE/gage/index/DIGEST.2.sqlite    DIGEST: of the real path of the directory of runs

`CACHE` is the user's cache directory (`platformdirs`) on this machine, even if the runs are on
another file system. 2 is the version of the tables; another version has another file. In `runs`
each run has a row:

    id              the run's id                    name            the name made from it
    op_ns op_name   its operation                   status reason exit_code
    order_us        order of listings: the time when it was made, else when its side-car was
    initialized_us started_us duration_us           epoch µs (UTC), µs
    label tags      the user's: a string; a JSON list
    user            the user's attributes, JSON
    facts           JSON, as in `facts.json`: with its configuration, metrics, attributes
    meta_ns user_ns has_dir facts_ns                the state of the disk that the row was read from
                    (`refresh`)
    version         the number of the change that wrote the row

In `state` is what is known of the whole: `token` (a random number for each database), `version` (of
the latest change), `removed` (how often rows were removed), `home_ns` (the modification time of the
directory of runs when its names were read), `next_look` (`refresh`). `keys` has the names of
configuration, metrics and attributes in the rows; it is empty when they are to be collected.

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

__all__ = ["COLUMNS", "KINDS", "Database", "DatabaseReplaced"]

_VERSION = 2
_BUSY_TIMEOUT_S = 10.0

COLUMNS = (
    *("id", "name", "op_ns", "op_name", "status", "reason", "exit_code", "order_us"),
    *("initialized_us", "started_us", "duration_us", "label", "tags", "user", "facts"),
    *("meta_ns", "user_ns", "has_dir", "facts_ns", "version"),
)
# The places of names in the order of the search: columns and paths in their JSON.
KINDS = {
    "config": ("facts", "$.config"),
    "metric": ("facts", "$.metrics"),
    "attr": ("facts", "$.attributes"),
    "user": ("user", "$"),
}
_NAMES = "SELECT DISTINCT '{}', key FROM runs, json_each({}, '{}') WHERE "
_COLLECT = "INSERT OR IGNORE INTO keys " + " UNION ".join(
    _NAMES.format(kind, *place) + "{}" for kind, place in KINDS.items()
)
_INSERT = f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_TABLES = f"""
CREATE TABLE IF NOT EXISTS runs ({", ".join(COLUMNS)}, PRIMARY KEY (id));
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (order_us DESC, id DESC);
CREATE INDEX IF NOT EXISTS runs_by_version ON runs (version);
CREATE INDEX IF NOT EXISTS runs_by_state ON runs (id, meta_ns, user_ns, has_dir, facts_ns);
CREATE TABLE IF NOT EXISTS state (name PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (kind, key, PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""
_STATE = """
INSERT OR IGNORE INTO state VALUES
    ('token', random()), ('version', 0), ('removed', 0), ('home_ns', 0), ('next_look', '')
"""


class DatabaseReplaced(Exception):  # noqa: N818  # nothing is wrong: read the runs again
    """The database was damaged or cannot be written: an empty one has taken its place."""


class Database:
    """The rows of one directory of runs."""

    def __init__(self, home: str) -> None:
        self._path = _path_of(home)
        self._in_memory = False
        self._connection = self._opened()

    @property
    def path(self) -> str:
        """The file, "" if the rows are only in memory."""
        return "" if self._in_memory else self._path

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

    def chunks(
        self, query: str, values: Iterable[Any], size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query, so many at a time.

        Raises
        ------
        DatabaseReplaced
            As `rows`.
        """
        try:
            cursor = self._connection.execute(query, tuple(values))
            while rows := cursor.fetchmany(size):
                yield rows
        except sqlite3.DatabaseError as error:
            raise self._replaced(error) from error

    def change(
        self,
        rows: Iterable[tuple[Any, ...]] = (),
        gone: Iterable[str] = (),
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Write rows, remove those whose ids are gone, and set values of `state`.

        A row has the values of `COLUMNS`; the version is given here.

        Raises
        ------
        DatabaseReplaced
            As `rows`.
        """
        rows, gone, state = list(rows), list(gone), dict(state or {})
        if not rows and not gone and not state:
            return
        try:
            with self._transaction() as cursor:
                if rows:
                    cursor.execute("UPDATE state SET value = value + 1 WHERE name = 'version'")
                    found = cursor.execute("SELECT value FROM state WHERE name = 'version'")
                    version = found.fetchone()[0]
                    cursor.executemany(_INSERT, ((*row[:-1], version) for row in rows))
                if gone:
                    cursor.execute("UPDATE state SET value = value + 1 WHERE name = 'removed'")
                    cursor.executemany("DELETE FROM runs WHERE id = ?", [(id,) for id in gone])
                if gone:
                    cursor.execute("DELETE FROM keys")
                elif rows and cursor.execute("SELECT 1 FROM keys LIMIT 1").fetchone():
                    cursor.execute(_COLLECT.replace("{}", f"version = {int(version)}"))
                cursor.executemany(
                    "INSERT OR REPLACE INTO state VALUES (?, ?)", list(state.items())
                )
        except sqlite3.DatabaseError as error:
            raise self._replaced(error) from error

    def keys(self) -> list[tuple[str, str]]:
        """Return the kinds and names (`KINDS`) in the rows, sorted."""
        query = "SELECT kind, key FROM keys ORDER BY kind, key"
        found = self.rows(query)
        if not found:
            try:
                with self._transaction() as cursor:
                    cursor.execute(_COLLECT.replace("{}", "1"))
            except sqlite3.DatabaseError as error:
                raise self._replaced(error) from error
            found = self.rows(query)
        return [(str(kind), str(key)) for kind, key in found]

    def has_tables(self, statements: Iterable[str]) -> bool:
        """Make further tables; return whether this SQLite can."""
        try:
            for statement in statements:
                self._connection.execute(statement)
        except sqlite3.OperationalError:
            return False
        return True

    def change_outputs(self, outputs: Iterable[tuple[str, tuple[int, int], str]]) -> None:
        """Write the words of outputs (`output_words`): id, size and time, words.

        Raises
        ------
        DatabaseReplaced
            As `rows`.
        """
        outputs = list(outputs)
        try:
            with self._transaction() as cursor:
                last = cursor.execute("SELECT max(doc) FROM outputs").fetchone()[0] or 0
                for doc, (run_id, state, words) in enumerate(outputs, last + 1):
                    cursor.execute(
                        "INSERT INTO output_words (rowid, words) VALUES (?, ?)", (doc, words)
                    )
                    cursor.execute(
                        "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)", (run_id, doc, *state)
                    )
        except sqlite3.DatabaseError as error:
            raise self._replaced(error) from error

    def state(self) -> dict[str, Any]:
        """Return the values of `state` by name."""
        return dict(self.rows("SELECT name, value FROM state"))

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
        connection.executescript(_TABLES)
        found = [column[1] for column in connection.execute("PRAGMA table_info(runs)")]
        if tuple(found) != COLUMNS:
            raise sqlite3.DatabaseError("the table has other columns")
        connection.execute("SELECT id FROM runs LIMIT 1").fetchone()
        if connection.execute("SELECT count(*) FROM state").fetchone()[0] == 0:
            connection.execute(_STATE)
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
