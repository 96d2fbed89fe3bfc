"""Reads an output by lines: a range, a stream, a time, the end; it may grow meanwhile."""

from __future__ import annotations

import os
import time

from gage._internal.output.format import (
    RECORD_BYTES,
    STDOUT,
    Switches,
    decode_records,
    index_path,
    whole_records,
)
from gage._internal.types import OutputLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

__all__ = [
    "OutputReader",
]

_READ_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 18
_TICK_S = 0.02


class OutputReader:
    """Reads an output that is finished, or grows while it is read; it need not exist yet.

    Lines are read by blocks; a reader keeps where the blocks' lines begin, so that a range of lines
    is found without reading what is before it twice. A line is held as a whole while it is read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # The number of line ends before each block, as far as it is known.
        self._ends_before = [0]

    @property
    def line_count(self) -> int:
        """The number of lines, an unfinished last one included; from the size of the index."""
        return _size(index_path(self.path)) // RECORD_BYTES

    @property
    def size_bytes(self) -> int:
        return _size(self.path)

    def tail(self, max_bytes: int) -> bytes:
        """Return the last bytes, the unfinished line included; may begin inside a line."""
        try:
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - max_bytes))
                return file.read(min(size, max_bytes))
        except FileNotFoundError:
            return b""

    def last_lines(self, count: int, max_bytes: int) -> str:
        r"""Return the last lines as text; of a line that `\r` wrote anew, what stood last."""
        text = self.tail(max_bytes).decode("utf-8", "replace")
        lines = text.removesuffix("\n").split("\n")[-count:]
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)

    def lines(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        stream: int | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> Iterator[OutputLine]:
        """Read the lines that are there now, an unfinished last one included.

        A line that both streams wrote to is given in parts, one for each change of stream, with
        the same number and time. Filters leave out lines and parts; they change no number.

        Parameters
        ----------
        start, stop
            The range of line numbers, from 0, `stop` excluded.
        stream
            Only what this stream wrote (0 stdout, 1 stderr).
        since_ms, until_ms
            Only lines that began in this time, epoch milliseconds, `until_ms` excluded.
        """
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError(f"expected line numbers from 0, found {start}, {stop}")
        try:
            files = _Files(self.path)
        except FileNotFoundError:
            return
        with files:
            size = files.size_bytes()
            if since_ms is not None:
                start = max(start, files.first_since(since_ms))
            offset = self._offset_of(start, files, size)
            if offset is None:
                return
            cursor = _Cursor(start, offset)
            for line in cursor.advance(files, size, stop, final=True):
                if stream is not None and line.stream != stream:
                    continue
                if since_ms is not None and line.time_ms < since_ms:
                    continue
                if until_ms is not None and line.time_ms >= until_ms:
                    continue
                yield line

    def follow(
        self, finished: Callable[[], bool], *, start: int = 0, poll_s: float = 0.03
    ) -> Iterator[OutputLine]:
        """Read lines as they are completed, until `finished` and all are read.

        An unfinished last line comes only at the end (`tail` has it before). `finished` is to be
        true no sooner than the last byte is written.
        """
        files: _Files | None = None
        cursor: _Cursor | None = None
        try:
            while True:
                final = finished()
                if files is None:
                    try:
                        files = _Files(self.path)
                    except FileNotFoundError:
                        pass
                if files is not None:
                    size = files.size_bytes()
                    if cursor is None:
                        offset = self._offset_of(start, files, size)
                        cursor = None if offset is None else _Cursor(start, offset)
                    if cursor is not None:
                        yield from cursor.advance(files, size, None, final=final)
                if final:
                    return
                time.sleep(poll_s)
        finally:
            if files is not None:
                files.close()

    def _offset_of(self, number: int, files: _Files, size: int) -> int | None:
        """Return where a line begins, None if it does not yet."""
        if number == 0:
            return 0
        from bisect import bisect_left

        while self._ends_before[-1] < number:
            block = len(self._ends_before) - 1
            data = files.read(block * _BLOCK_BYTES, _BLOCK_BYTES)
            if len(data) < _BLOCK_BYTES:
                if self._ends_before[-1] + data.count(b"\n") < number:
                    return None
                break
            self._ends_before.append(self._ends_before[-1] + data.count(b"\n"))
        block = bisect_left(self._ends_before, number) - 1
        data = files.read(block * _BLOCK_BYTES, _BLOCK_BYTES)
        rest = data.split(b"\n", number - self._ends_before[block])[-1]
        offset = block * _BLOCK_BYTES + len(data) - len(rest)
        return None if offset >= size else offset


class _Files:
    """The files of an output, open for reading."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._output_fd = os.open(path, os.O_RDONLY)
        self._index_fd: int | None = None
        self.switches = Switches(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        for fd in (self._output_fd, self._index_fd):
            if fd is not None:
                os.close(fd)
        self._index_fd = None
        self._output_fd = -1

    def size_bytes(self) -> int:
        return os.fstat(self._output_fd).st_size

    def modified_ms(self) -> int:
        return os.fstat(self._output_fd).st_mtime_ns // 1_000_000

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._output_fd, size, offset)

    def records(self, number: int, count: int) -> bytes:
        """Return the whole records of lines, as many as there are."""
        if self._index_fd is None:
            try:
                self._index_fd = os.open(index_path(self._path), os.O_RDONLY)
            except FileNotFoundError:
                return b""
        parts = []
        offset, left = number * RECORD_BYTES, count * RECORD_BYTES
        while left:
            data = os.pread(self._index_fd, left, offset)
            if not data:
                break
            parts.append(data)
            offset += len(data)
            left -= len(data)
        return whole_records(b"".join(parts))

    def settled_records(self, number: int, count: int) -> bytes:
        """Return what `records` does, once a writer that lives had time to write them.

        Bytes are written before their records: records are missing for good only when none come.
        """
        found = self.records(number, count)
        for _ in range(5):
            if len(found) == count * RECORD_BYTES:
                break
            time.sleep(_TICK_S)
            found = self.records(number, count)
        return found

    def last_record(self) -> tuple[int, int] | None:
        """Return time and stream of the last record."""
        self.records(0, 0)
        if self._index_fd is None:
            return None
        count = os.fstat(self._index_fd).st_size // RECORD_BYTES
        data = self.records(count - 1, 1) if count else b""
        times, streams = decode_records(data)
        return (times[0], streams[0]) if times else None

    def first_since(self, time_ms: int) -> int:
        """Return the number of the first line that has a record of this time or later."""
        number = 0
        while data := self.records(number, _READ_BYTES):
            for line_time_ms in decode_records(data)[0]:
                if line_time_ms >= time_ms:
                    return number
                number += 1
        return number


class _Cursor:
    """A place in an output: before the line `number`, which begins at `offset`."""

    def __init__(self, number: int, offset: int) -> None:
        self.number = number
        self.offset = offset
        # From here on no line end was looked for; what is before has none.
        self._scanned = offset

    def advance(
        self, files: _Files, size: int, stop: int | None, *, final: bool
    ) -> Iterator[OutputLine]:
        """Read complete lines up to `size`, with `final` also the unfinished one."""
        if final:
            self._scanned = self.offset
        while self._scanned < size and (stop is None or self.number < stop):
            data = files.read(self._scanned, min(_BLOCK_BYTES, size - self._scanned))
            if not data:
                return
            cut = data.rfind(b"\n") + 1
            at_end = final and self._scanned + len(data) >= size
            if not cut and not at_end:
                self._scanned += len(data)
                continue
            end = self._scanned + (len(data) if at_end else cut)
            # What was scanned before is the beginning of a long line: read as a whole only now.
            before = _read_exactly(files, self.offset, self._scanned)
            body = before + data[: end - self._scanned]
            lines = [line + b"\n" for line in body.split(b"\n")]
            rest = lines.pop()[:-1]
            if rest:
                lines.append(rest)
            if stop is not None:
                del lines[stop - self.number :]
            if not final:
                # What has no record yet will have it the next time.
                ready = len(files.records(self.number, len(lines))) // RECORD_BYTES
                size = size if ready == len(lines) else 0
                del lines[ready:]
            first, begin = self.number, self.offset
            self.number += len(lines)
            self.offset = begin + sum(map(len, lines))
            self._scanned = self.offset
            yield from _with_records(files, first, begin, self.offset, lines)


def _with_records(
    files: _Files, first: int, begin: int, end: int, lines: list[bytes]
) -> Iterator[OutputLine]:
    times, streams = decode_records(files.settled_records(first, len(lines)))
    missing = len(lines) - len(times)
    if missing:
        last = files.last_record()
        times = [*times, *[files.modified_ms() if last is None else last[0]] * missing]
        streams = [*streams, *[STDOUT] * missing]
    numbers = range(first, first + len(lines))
    switches = files.switches.between(begin, end)
    if not switches:
        yield from map(OutputLine, numbers, times, streams, lines)
        return
    switches.reverse()
    for number, time_ms, stream, line in zip(numbers, times, streams, lines, strict=True):
        line_end = begin + len(line)
        part_begin, part_stream = begin, stream
        while switches and switches[-1][0] < line_end:
            offset, next_stream = switches.pop()
            if offset > part_begin:
                data = line[part_begin - begin : offset - begin]
                yield OutputLine(number, time_ms, part_stream, data)
            part_begin, part_stream = offset, next_stream
        yield OutputLine(number, time_ms, part_stream, line[part_begin - begin :])
        begin = line_end


def _read_exactly(files: _Files, start: int, end: int) -> bytes:
    if start == end:
        return b""
    parts = []
    while start < end:
        data = files.read(start, end - start)
        if not data:
            break
        parts.append(data)
        start += len(data)
    return b"".join(parts)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0
