"""Disk space that is kept for recording the end of a run or a batch while it is running.

    proc/reserve of a run, reserve of a batch: random bytes, which no file system can compress

When the disk is full, parts of the file are cut off to make room for a write.
"""

from __future__ import annotations

import errno
import os

from gage._internal.atomic import NO_ROOM, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reserve"]

# Errors of a write to a full disk, also over a network or beyond a limit of the process.
_FULL = (*NO_ROOM, errno.EFBIG, errno.EIO)
# Enough for an entry of a log or a small file.
_RECORD_BYTES = 8 << 10


class Reserve:
    """The reserve of a run or a batch; its file need not exist."""

    __slots__ = ("_freed", "_path", "_size_bytes")

    def __init__(self, path: str, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._freed = False

    def write(self) -> None:
        """Write the file that takes the space.

        Raises
        ------
        OSError
            If there is no space for it.
        """
        try:
            replace(self._path, os.urandom(self._size_bytes))
        except OSError as error:
            what = f"no room to record the run ({error.strerror})"
            raise OSError(error.errno, what, self._path) from error

    def refill(self) -> None:
        """Take freed space again, if there is space by now."""
        if self._freed:
            try:
                self.write()
            except OSError:
                return
            self._freed = False

    def free(self, size_bytes: int) -> None:
        """Free a part of the space; the rest stays for later writes."""
        self._freed = True
        try:
            os.truncate(self._path, max(0, os.stat(self._path).st_size - size_bytes))
        except OSError:
            pass  # the file is gone: the write that needs the space reports it

    def with_room(self, write: Callable[[], object]) -> None:
        """Call `write`; if the disk is full, free a part of the space and call it again.

        Raises
        ------
        OSError
            If the write fails for another reason, or a second time.
        """
        try:
            write()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self.free(_RECORD_BYTES)
            write()

    def release(self) -> None:
        """Free all of the space."""
        try:
            os.unlink(self._path)
        except OSError:
            pass  # the file is gone or cannot be removed: the write that needs the space reports it
