"""Text search in what runs printed: `output ~ "nan loss"`.

A run is found if every word of the text is in the output of its command, in capital or small
letters, anywhere in any order. The words of each output are indexed at the first such question, and
again when an output has changed, in two tables beside those of `database`:

    outputs         id, doc, size_bytes, modified_ns: which output was indexed, with a number
    output_words    SQLite's FTS5, without positions: the different words of each document

A word of the index is made of letters, `_`, and bytes beyond ASCII. Other words of a question, such
as numbers, are looked for in the outputs that have all the others. Without FTS5 every output is
read.
"""

from __future__ import annotations

import os

from gage._internal.guarded import open_regular
from gage._internal.record.layout import META_SUFFIX, RUN_OUTPUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gage._internal.index.database import Database

__all__ = ["runs_with_words"]

_BLOCK_BYTES = 1 << 20
_MOST_WORD_BYTES = 60
_BATCH = 200
_LETTERS = bytes(range(ord("a"), ord("z") + 1)) + b"_" + bytes(range(128, 256))
# Capital letters become small ones, and everything that is not a letter a space.
_LETTERS_ONLY = bytes(
    code if code in _LETTERS else code + 32 if 65 <= code <= 90 else 32  # ASCII
    for code in range(256)
)
_LOWER = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))
_WORDS_TABLE = """
CREATE VIRTUAL TABLE IF NOT EXISTS output_words USING fts5(
    words, content = '', detail = none, tokenize = "unicode61 remove_diacritics 0 tokenchars '_'"
)
"""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS outputs (id PRIMARY KEY, doc, size_bytes, modified_ns)",
    _WORDS_TABLE,
)
_FOUND = (
    "SELECT id FROM outputs WHERE doc IN"
    " (SELECT rowid FROM output_words WHERE output_words MATCH ?)"
)


def runs_with_words(database: Database, home: str, text: str) -> list[str]:
    """Return the ids of the runs whose output has all words of a text.

    Raises
    ------
    DatabaseReplaced
        As `Database.rows`.
    """
    wanted = text.encode("utf-8", "surrogateescape").translate(_LOWER).split()
    ids = [str(row[0]) for row in database.rows("SELECT id FROM runs")]
    if not wanted:
        return ids
    words = sorted({word for each in wanted for word in _words(each) if word.isascii()})
    if not database.has_tables(_TABLES):
        return [run_id for run_id in ids if _has_all(_path(home, run_id), wanted)]
    _index(database, home, ids)
    if words:
        query = " ".join(f'"{word.decode()}"' for word in words)
        known = set(ids)
        ids = [str(row[0]) for row in database.rows(_FOUND, [query]) if row[0] in known]
    if all(each in words for each in wanted):
        return ids
    return [run_id for run_id in ids if _has_all(_path(home, run_id), wanted)]


def _index(database: Database, home: str, ids: Iterable[str]) -> None:
    known = {
        row[0]: row[1:] for row in database.rows("SELECT id, size_bytes, modified_ns FROM outputs")
    }
    changed = []
    for run_id in ids:
        try:
            found = os.lstat(_path(home, run_id))
        except OSError:
            state = (0, 0)
        else:
            state = (found.st_size, found.st_mtime_ns)
        if known.get(run_id) != state:
            changed.append((run_id, state))
    for start in range(0, len(changed), _BATCH):
        batch = changed[start : start + _BATCH]
        database.change_outputs(
            (run_id, state, b" ".join(_words_of(_path(home, run_id))).decode("utf-8", "replace"))
            for run_id, state in batch
        )


def _path(home: str, run_id: str) -> str:
    return os.path.join(home, run_id + META_SUFFIX, "output", RUN_OUTPUT)


def _words(data: bytes) -> list[bytes]:
    return [word[:_MOST_WORD_BYTES] for word in data.translate(_LETTERS_ONLY).split()]


def _words_of(path: str) -> set[bytes]:
    found: set[bytes] = set()
    for block in _blocks(path):
        found.update(_words(block))
    return found


def _has_all(path: str, wanted: Iterable[bytes]) -> bool:
    missing = set(wanted)
    for block in _blocks(path):
        lower = block.translate(_LOWER)
        missing -= {word for word in missing if word in lower}
        if not missing:
            return True
    return not missing


def _blocks(path: str) -> Iterator[bytes]:
    """Yield an output in blocks that end between words, if words are not endless."""
    rest = b""
    try:
        with open_regular(path) as file:
            while block := file.read(_BLOCK_BYTES):
                block = rest + block
                cut = max(block.rfind(b" "), block.rfind(b"\n")) + 1 or len(block)
                rest = block[cut:]
                yield block[:cut]
    except OSError:
        pass  # a damaged run: its status says what is wrong
    if rest:
        yield rest
