"""Disk space that is kept for recording the end of a run or a batch while it is running.

    proc/reserve of a run, reserve of a batch    empty blocks that belong to the file; where the
                                                 file system does not give them, random bytes,
                                                 which none can compress
    proc/reserve.0, reserve.1, ...               empty files

When the disk is full, a part of the first file is cut off to make room for a write. A file system
may have no room for one more file, however small: so one of the others is removed too.
"""

from __future__ import annotations

import errno
import os
import sys

from gage._internal.atomic import NO_ROOM, check_place, write_all

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
        self.write_first()
        self._write(self._make_spares)

    def write_first(self) -> None:
        """Write the first file alone, which is quick.

        Raises
        ------
        OSError
            If there is no space for it.
        """
        self._write(lambda: _take_room(self._path, self._size_bytes))

    def write_rest(self) -> None:
        """Write the other files after the first, as many as there is room for."""
        try:
            self._make_spares()
        except OSError:
            return  # writes that need the space report it

    def _make_spares(self) -> None:
        for spare in self._spares:
            os.close(os.open(spare, os.O_CREAT | os.O_WRONLY, 0o666))

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
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
            check_place(self._path)
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


def _take_room(path: str, size_bytes: int) -> None:
    """Make a file that takes this room on the disk."""
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666)
    try:
        if sys.platform == "linux":
            os.posix_fallocate(fd, 0, size_bytes)
        # Some file systems promise the room without taking it.
        if os.fstat(fd).st_blocks * 512 < size_bytes:
            write_all(fd, os.urandom(size_bytes), 0)
    finally:
        os.close(fd)


def _remove(path: str) -> bool:
    """Remove a file; return whether it is gone now and was there."""
    try:
        check_place(path)
        os.unlink(path)
    except OSError:
        return False  # if it cannot be removed, the write that needs the space reports it
    return True
