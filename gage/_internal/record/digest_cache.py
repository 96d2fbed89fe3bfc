r"""A cache of the digests of big files, so that an unchanged file is hashed only once.

The cache is `$XDG_CACHE_HOME/gage/digests`, or `~/.cache/gage/digests`; it can be deleted at any
time. It has one line for each file; of several lines for one file the last counts:

    SHA256 SIZE MODIFIED INODE PATH

SIZE is in bytes, MODIFIED in nanoseconds since the epoch, PATH absolute, written as in `quoting`.
A file whose size, time or inode differs is hashed again.
"""

from __future__ import annotations

import os

from gage._internal.atomic import append
from gage._internal.quoting import quote, unquote
from gage._internal.record.manifest import hash_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["DigestCache"]


class DigestCache:
    """The cache, read at the first use; new digests are written at the end of the `with` block."""

    def __init__(self) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self._path = os.path.join(home, "gage", "digests")
        self._known: dict[tuple[str, str], str] | None = None
        self._new: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._new:
            return
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            append(self._path, "".join(self._new).encode("utf-8", "surrogateescape"))
        except OSError:
            return  # the file will be hashed again

    def digest(self, path: str, info: os.stat_result) -> str:
        """Return the sha256 of a file in hex; `info` is its state before it is read.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        state = f"{info.st_size} {info.st_mtime_ns} {info.st_ino}"
        if self._known is None:
            self._known = self._read()
        known = self._known.get((path, state))
        if known is not None:
            return known
        digest = hash_file(path)
        self._known[path, state] = digest
        self._new.append(f"{digest} {state} {quote(path)}\n")
        return digest

    def _read(self) -> dict[tuple[str, str], str]:
        found = {}
        try:
            with open(self._path, "rb") as file:
                text = file.read().decode("utf-8", "surrogateescape")
        except OSError:
            return {}
        for line in text.split("\n")[:-1]:
            digest, _, rest = line.partition(" ")
            *state, name = rest.split(" ", 3)
            if len(digest) == 64 and len(state) == 3:
                try:
                    found[unquote(name), " ".join(state)] = digest
                except ValueError:
                    continue  # a damaged line is ignored
        return found
