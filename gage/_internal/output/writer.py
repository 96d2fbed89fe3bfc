"""The writer of an output: it moves bytes from pipes to the file and writes their records.

On Linux the kernel moves the bytes from the pipe to the file (splice), so that each is always in
one of them. A killed writer loses nothing, since another process can hold the pipe and continue
(`Capture.resume`). Elsewhere the bytes pass through this process, and a kill loses at most the
portion (64 KiB) that it holds.
"""

from __future__ import annotations

import errno
import os
import time

from gage._internal.atomic import check_place, write_all
from gage._internal.output.format import (
    RECORD_BYTES,
    STDOUT,
    encode_record,
    index_path,
    switches_path,
)

__all__ = [
    "PIPE_BYTES",
    "Capture",
    "open_journal",
]

# The maximum size of a pipe for most users.
PIPE_BYTES = 1 << 20
_PORTION_BYTES = 1 << 18  # read back to count lines, so it should fit in the processor's cache
_READ_BYTES = 1 << 16
_JOURNAL_BYTES = 96


class Capture:
    """The writer of an output and its index.

    Parameters
    ----------
    path
        The file of the output; an existing file is overwritten unless resuming.
    journal_fd
        An open file for the state before the last portion, from which `resume` continues if this
        process is killed. It outlives the process if another has it open. Without it, an
        interrupted portion cannot be indexed later.
    """

    def __init__(self, path: str, journal_fd: int | None = None, *, _resumed: bool = False) -> None:
        self.path = path
        self.size_bytes = 0
        self.line_count = 0
        # The stream of the last byte of an unfinished last line; -1 if there is no such line.
        self.open_stream = -1
        self._journal_fd = journal_fd
        self._state: tuple[int, int, int, int] | None = None
        self._buffer = bytearray(_PORTION_BYTES)
        self._splice = hasattr(os, "splice")
        # Bytes that were read but could not be written, with their stream.
        self._unwritten: tuple[bytes, int] | None = None
        self._switches_fd: int | None = None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | (0 if _resumed else os.O_TRUNC)
        if not _resumed:
            _remove(switches_path(path))
        self._output_fd = os.open(path, flags, 0o666)
        self._index_fd = os.open(index_path(path), flags, 0o666)

    @classmethod
    def resume(cls, path: str, journal_fd: int) -> Capture:
        """Continue the work of a killed writer, from its journal.

        Everything after the start of the last portion belongs to that portion: its index is written
        again, no matter how much of it had been written.
        """
        self = cls(path, journal_fd, _resumed=True)
        # Without a state, the writer was killed before the first portion.
        self._redo(_read_journal(journal_fd) or (0, 0, -1, STDOUT))
        return self

    def take(self, pipe_fd: int, stream: int) -> int | None:
        """Write the content of a pipe; return its size, 0 at the pipe's end, None if it is empty.

        Raises
        ------
        OSError
            If the file cannot be written (a full disk). The bytes stay in the pipe; on systems
            without splice, `repair` writes them when there is room.
        """
        switching = self.open_stream not in {-1, stream}
        self._begin_portion(stream)
        moved: int | None = 0
        try:
            if switching:
                self._write_switch(stream)
            moved = self._move(pipe_fd, stream)
        finally:
            if switching and not moved and self._switches_fd is not None:
                _cut_switches(self._switches_fd, self.size_bytes)
        if moved:
            self._index(moved, stream)
        return moved

    def write(self, data: bytes, stream: int) -> None:
        """Write bytes that do not come from a pipe."""
        if not data:
            return
        self._begin_portion(stream)
        if self.open_stream not in {-1, stream}:
            self._write_switch(stream)
        write_all(self._output_fd, data, self.size_bytes)
        self._index(len(data), stream)

    def repair(self) -> None:
        """Write what could not be written before; raise OSError if it still cannot be written."""
        if self._unwritten is not None:
            data, stream = self._unwritten
            os.ftruncate(self._output_fd, self.size_bytes)
            self.write(data, stream)
            self._unwritten = None
        elif self._state is not None:
            self._redo(self._state)

    @property
    def unwritten_bytes(self) -> int:
        """The number of bytes that were read from pipes and could not be written."""
        return 0 if self._unwritten is None else len(self._unwritten[0])

    def deleted(self) -> list[str]:
        """Return the paths of the files that were deleted or replaced."""
        return [path for path, fd in self._files() if not _is_at(fd, path)]

    def restore(self, path: str) -> None:
        """Restore a deleted file, whose bytes exist as long as it is open.

        Raises
        ------
        OSError
            If it cannot be written; FileExistsError if another file has taken its place.
        """
        source = dict(self._files())[path]
        check_place(path)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            offset = 0
            while data := os.pread(source, _PORTION_BYTES, offset):
                write_all(fd, data)
                offset += len(data)
        except OSError:
            _remove(path)
            raise
        finally:
            os.close(fd)

    def _files(self) -> list[tuple[str, int]]:
        files = [(self.path, self._output_fd), (index_path(self.path), self._index_fd)]
        if self._switches_fd is not None:
            files.append((switches_path(self.path), self._switches_fd))
        return files

    def close(self) -> None:
        """Close the files."""
        for fd in (self._output_fd, self._index_fd, self._switches_fd):
            if fd is not None:
                os.close(fd)
        self._switches_fd = None

    def _move(self, pipe_fd: int, stream: int) -> int | None:
        if self._splice:
            try:
                return os.splice(
                    pipe_fd,
                    self._output_fd,
                    PIPE_BYTES,
                    offset_dst=self.size_bytes,
                    flags=os.SPLICE_F_NONBLOCK,
                )
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno not in {errno.EINVAL, errno.ENOSYS}:
                    raise
                self._splice = False  # not possible on this file system
        try:
            data = os.read(pipe_fd, _READ_BYTES)
        except BlockingIOError:
            return None
        self._unwritten = (data, stream)
        write_all(self._output_fd, data, self.size_bytes)
        self._unwritten = None
        return len(data)

    def _index(self, size_bytes: int, stream: int) -> None:
        """Append the records of the lines that begin in the next `size_bytes` of the output."""
        now_ms = time.time_ns() // 1_000_000
        end = self.size_bytes + size_bytes
        view = memoryview(self._buffer)
        position, line_ends, last = self.size_bytes, 0, 0
        while position < end:
            part = view[: min(_PORTION_BYTES, end - position)]
            count = os.preadv(self._output_fd, [part], position)
            if count == 0:
                raise OSError(errno.EIO, "output became shorter while it was written", self.path)
            line_ends += self._buffer.count(b"\n", 0, count)
            last = self._buffer[count - 1]
            position += count
        unfinished = last != 0x0A
        begun = line_ends + unfinished - (self.open_stream >= 0)
        if begun:
            record = encode_record(now_ms, stream)
            write_all(self._index_fd, record * begun, self.line_count * RECORD_BYTES)
        self.size_bytes = end
        self.line_count += begun
        self.open_stream = stream if unfinished else -1

    def _write_switch(self, stream: int) -> None:
        if self._switches_fd is None:
            check_place(self.path)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._switches_fd = os.open(switches_path(self.path), flags, 0o666)
        os.write(self._switches_fd, encode_record(self.size_bytes, stream))

    def _begin_portion(self, stream: int) -> None:
        state = (self.size_bytes, self.line_count, self.open_stream, stream)
        if state != self._state:
            self._state = state
            if self._journal_fd is not None:
                # A single write to one page: after a kill it holds the old state or the new one.
                os.pwrite(self._journal_fd, (b"%d %d %d %d" % state).ljust(_JOURNAL_BYTES), 0)

    def _redo(self, state: tuple[int, int, int, int]) -> None:
        """Index everything after a state again, no matter how much of it had been indexed."""
        self._state = state
        self.size_bytes, self.line_count, self.open_stream, stream = state
        os.ftruncate(self._index_fd, self.line_count * RECORD_BYTES)
        if os.path.exists(switches_path(self.path)) and self._switches_fd is None:
            self._switches_fd = os.open(switches_path(self.path), os.O_RDWR | os.O_APPEND)
        if self._switches_fd is not None:
            _cut_switches(self._switches_fd, self.size_bytes)
        portion_bytes = os.fstat(self._output_fd).st_size - self.size_bytes
        if portion_bytes < 0:  # deleted while there was no writer: the output starts anew
            self._redo((0, 0, -1, stream))
        elif portion_bytes:
            if self.open_stream not in {-1, stream}:
                self._write_switch(stream)
            self._index(portion_bytes, stream)


def open_journal() -> int:
    """Return an open, unnamed file for the journal of a `Capture`."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gage-capture")
    import tempfile

    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd


def _read_journal(journal_fd: int) -> tuple[int, int, int, int] | None:
    fields = os.pread(journal_fd, _JOURNAL_BYTES, 0).split()
    if len(fields) != 4:
        return None
    size_bytes, line_count, open_stream, stream = map(int, fields)
    return size_bytes, line_count, open_stream, stream


def _cut_switches(switches_fd: int, size_bytes: int) -> None:
    """Remove the switches from an offset of the output on; this can be only the last one."""
    size = os.fstat(switches_fd).st_size
    kept = size - size % RECORD_BYTES
    if kept:
        last = os.pread(switches_fd, 8, kept - RECORD_BYTES)
        if int.from_bytes(last, "big") >= size_bytes:
            kept -= RECORD_BYTES
    if kept != size:
        os.ftruncate(switches_fd, kept)


def _is_at(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(fd))
    except OSError:
        return False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
