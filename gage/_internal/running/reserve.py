"""Room on the disk that is kept, while a run or batch is running, for recording its end.

    proc/reserve of a run, reserve of a batch: random bytes, which no file system stores in less
    room than they take

When the disk is full, parts of the file are cut off for what has to be written.
"""

from __future__ import annotations

import errno
import os

from gage._internal.atomic import NO_ROOM, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reserve"]

# What a write to a full disk fails with, also over a network or beyond a limit of the process.
_FULL = (*NO_ROOM, errno.EFBIG, errno.EIO)
# For an entry of a log or a small file.
_RECORD_BYTES = 8 << 10


class Reserve:
    """The reserve of a run or a batch; it need not exist."""

    __slots__ = ("_freed", "_path", "_size_bytes")

    def __init__(self, path: str, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._freed = False

    def write(self) -> None:
        """Take the room.

        Raises
        ------
        OSError
            If there is no room for it.
        """
        try:
            replace(self._path, os.urandom(self._size_bytes))
        except OSError as error:
            what = f"no room to record the run ({error.strerror})"
            raise OSError(error.errno, what, self._path) from error

    def refill(self) -> None:
        """Take what was freed again, if there is room by now."""
        if self._freed:
            try:
                self.write()
            except OSError:
                return
            self._freed = False

    def free(self, size_bytes: int) -> None:
        """Give back a part of the room, so that the rest is there for what comes later."""
        self._freed = True
        try:
            os.truncate(self._path, max(0, os.stat(self._path).st_size - size_bytes))
        except OSError:
            pass  # it is gone: what needs the room will say so

    def with_room(self, write: Callable[[], object]) -> None:
        """Write something; if the disk is full, write it again with a part of the room.

        Raises
        ------
        OSError
            If the write fails for another reason, or the second time too.
        """
        try:
            write()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self.free(_RECORD_BYTES)
            write()

    def release(self) -> None:
        """Give back all of the room."""
        try:
            os.unlink(self._path)
        except OSError:
            pass  # it is gone, or the disk took it: what needs its room will say so
