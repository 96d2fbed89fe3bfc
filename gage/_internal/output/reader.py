"""Reading an output by lines: a range, a stream, a time, the end. It may grow meanwhile."""

from __future__ import annotations

import os

from gage._internal.output.files import open_files
from gage._internal.output.format import RECORD_BYTES, STDOUT, index_path
from gage._internal.types import OutputLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gage._internal.output.files import OutputFiles

__all__ = ["LINE_BYTES", "OutputReader"]

LINE_BYTES = 1 << 20
"""The maximum size of a line, or part of a line, that is read as a whole."""

_BLOCK_BYTES = 1 << 18


class OutputReader:
    """Reads an output, finished or growing, which need not exist yet.

    Lines are read in blocks. A reader keeps the number of each block's first line, so that finding
    a range of lines does not read earlier blocks twice. Memory does not grow with the output, nor
    with the length of a line.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # The number of line ends before each block, as far as known.
        self._ends_before = [0]

    @property
    def line_count(self) -> int:
        """The number of lines including an unfinished last one, from the size of the index."""
        return _size(index_path(self.path)) // RECORD_BYTES

    @property
    def size_bytes(self) -> int:
        """The size of the output, 0 if there is none."""
        return _size(self.path)

    def tail(self, max_bytes: int) -> bytes:
        """Return the last bytes, including an unfinished line; they may begin inside a line.

        Raises
        ------
        MetaError
            If the output is not a regular file.
        """
        files = open_files(self.path)
        if files is None:
            return b""
        with files:
            return _tail(files, files.size_bytes(), max_bytes)

    def last_lines(self, count: int, max_bytes: int) -> str:
        r"""Return the last lines as a string; of a line rewritten by `\r`, the last version."""
        text = self.tail(max_bytes).decode("utf-8", "replace")
        lines = text.removesuffix("\n").split("\n")[-count:]
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)

    def tail_by_stream(self, max_bytes: int, max_lines: int) -> list[tuple[int, bytes]]:
        r"""Return the last lines as (stream, bytes), in order.

        If possible, they begin at the start of a line, or where `\r` starts a line anew. Bytes and
        records are read one after the other while the output grows: a line that arrives in between
        may be assigned to the wrong stream, until the next call.

        Raises
        ------
        MetaError
            If a record is damaged or one of the files is not a regular file.
        """
        files = open_files(self.path)
        if files is None:
            return []
        with files:
            size = files.size_bytes()
            data = _tail(files, size, max_bytes)
            if size > len(data):
                data = _from_a_beginning(data)
            lines = data.split(b"\n")[-max_lines:]
            data = b"\n".join(lines)
            if not data:
                return []
            count = len(lines) - (not lines[-1])
            first = max(0, files.record_count() - count)
            streams = files.streams(first, count)
            streams = bytes((STDOUT,)) * (count - len(streams)) + streams
            begin = size - len(data)
            switches = files.switches(begin + 1, size)
            return _pieces(data, streams, [(offset - begin, to) for offset, to in switches])

    def lines(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        stream: int | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> Iterator[OutputLine]:
        """Read the present lines, including an unfinished last one.

        A line to which both streams wrote is returned in parts, one for each change of stream, with
        the same number and time; a line of more than `LINE_BYTES` (1 MiB) in parts of that size.
        Filters leave out lines and parts; they do not change numbers.

        Parameters
        ----------
        start, stop
            The range of line numbers, from 0, without `stop`.
        stream
            Only output of this stream (0 stdout, 1 stderr).
        since_ms, until_ms
            Only lines that began in this time (epoch milliseconds), without `until_ms`.

        Raises
        ------
        MetaError
            If a record is damaged or one of the files is not a regular file.
        """
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError(f"expected line numbers from 0, found {start}, {stop}")
        files = open_files(self.path)
        if files is None:
            return
        with files:
            size = files.size_bytes()
            if since_ms is not None:
                start = max(start, files.first_since(since_ms))
            offset = self._offset_of(start, files, size)
            if offset is None:
                return
            for line in _Lines(files, start, offset).read(size, stop):
                if stream is not None and line.stream != stream:
                    continue
                if since_ms is not None and line.time_ms < since_ms:
                    continue
                if until_ms is not None and line.time_ms >= until_ms:
                    continue
                yield line

    def _offset_of(self, number: int, files: OutputFiles, size: int) -> int | None:
        """Return the offset of a line, None if it does not exist yet."""
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


class _Lines:
    """Reads lines, beginning with the line `number` at `offset`."""

    def __init__(self, files: OutputFiles, number: int, offset: int) -> None:
        self._files = files
        self._number = number
        self._offset = offset
        # The stream of the part of the line `number` before `offset`, if there is such a part.
        self._stream: int | None = None

    def read(self, size: int, stop: int | None) -> Iterator[OutputLine]:
        """Yield the lines up to `size`, including an unfinished one."""
        while self._offset < size and (stop is None or self._number < stop):
            lines = self._next(size)
            if stop is not None:
                del lines[stop - self._number :]
            if not lines:
                return  # the output became shorter
            yield from self._with_records(lines)

    def _next(self, size: int) -> list[bytes]:
        """Return the lines of the next block, or a part of a line that is too long."""
        for most in (_BLOCK_BYTES, LINE_BYTES):
            data = self._files.read(self._offset, min(most, size - self._offset))
            if b"\n" in data or len(data) < most:
                break
        lines = [line + b"\n" for line in data.split(b"\n")]
        rest = lines.pop()[:-1]
        if rest and (not lines or self._offset + len(data) >= size):
            lines.append(rest)
        return lines

    def _with_records(self, lines: list[bytes]) -> Iterator[OutputLine]:
        first, begin = self._number, self._offset
        times, streams = self._files.settled_records(first, len(lines))
        missing = len(lines) - len(times)
        if missing:
            times = [*times, *[self._last_time_ms()] * missing]
            streams = [*streams, *[STDOUT] * missing]
        if self._stream is not None:
            streams = [self._stream, *streams[1:]]
        ended = lines[-1].endswith(b"\n")
        self._offset = begin + sum(map(len, lines))
        self._number = first + len(lines) - (not ended)
        self._stream = None if ended else streams[-1]
        switches = self._files.switches(begin, self._offset)
        numbers = range(first, first + len(lines))
        if not switches:
            return map(OutputLine, numbers, times, streams, lines)
        return self._parts(map(OutputLine, numbers, times, streams, lines), begin, switches)

    def _parts(
        self, lines: Iterator[OutputLine], begin: int, switches: list[tuple[int, int]]
    ) -> Iterator[OutputLine]:
        """Divide lines where their stream changes."""
        left = switches[::-1]
        for number, time_ms, stream, line in lines:
            line_end = begin + len(line)
            part_begin, part_stream = begin, stream
            while left and left[-1][0] < line_end:
                offset, next_stream = left.pop()
                if offset > part_begin:
                    data = line[part_begin - begin : offset - begin]
                    yield OutputLine(number, time_ms, part_stream, data)
                    part_begin = offset
                part_stream = next_stream
            yield OutputLine(number, time_ms, part_stream, line[part_begin - begin :])
            if self._stream is not None:
                self._stream = part_stream
            begin = line_end

    def _last_time_ms(self) -> int:
        """Return the time for a line without a record: that of the last record, or of the file."""
        count = self._files.record_count()
        times = self._files.records(count - 1, 1)[0] if count else ()
        return times[0] if times else self._files.modified_ms()


def _tail(files: OutputFiles, size: int, max_bytes: int) -> bytes:
    return files.read(max(0, size - max_bytes), min(size, max_bytes))


def _from_a_beginning(data: bytes) -> bytes:
    for end in (b"\n", b"\r"):
        position = data.find(end)
        if 0 <= position < len(data) - 1:
            return data[position + 1 :]
    return data.lstrip(bytes(range(0x80, 0xC0)))  # without the rest of a cut character


def _pieces(
    data: bytes, streams: bytes, switches: list[tuple[int, int]]
) -> list[tuple[int, bytes]]:
    """Return data by stream; `streams` are those of its lines, `switches` those inside lines."""
    points = {offset: stream for offset, stream in switches if 0 < offset < len(data)}
    position = 0
    for stream in streams:
        points[position] = stream
        position = data.find(b"\n", position) + 1
    starts = sorted(points)
    return [
        (points[start], data[start:end])
        for start, end in zip(starts, [*starts[1:], len(data)], strict=True)
    ]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0
