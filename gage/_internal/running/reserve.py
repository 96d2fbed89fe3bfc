"""Disk space that is kept for recording the end of a run or a batch while it is running.

    proc/reserve of a run, reserve of a batch    random bytes, which no file system can compress
    proc/reserve.0, reserve.1, ...               empty files

When the disk is full, a part of the first file is cut off to make room for a write. A file system
may have no room for one more file, however small: so one of the others is removed too.
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

    __slots__ = ("_freed", "_path", "_size_bytes", "_spares")

    def __init__(self, path: str, size_bytes: int, files: int = 8) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._freed = False
        self._spares = [f"{path}.{number}" for number in range(files)]

    def write(self) -> None:
        """Write the files that take the space.

        Raises
        ------
        OSError
            If there is no space for it.
        """
        try:
            replace(self._path, os.urandom(self._size_bytes))
            for spare in self._spares:
                os.close(os.open(spare, os.O_CREAT | os.O_WRONLY, 0o666))
        except OSError as error:
            self.release()
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
        """Free a part of the space, and one file; the rest stays for later writes."""
        self._freed = True
        for spare in self._spares:
            if _remove(spare):
                break
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
        for path in (self._path, *self._spares):
            _remove(path)


def _remove(path: str) -> bool:
    """Remove a file; return whether it is gone now and was there."""
    try:
        os.unlink(path)
    except OSError:
        return False  # if it cannot be removed, the write that needs the space reports it
    return True
