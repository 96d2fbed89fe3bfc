"""The output of a command on disk: its exact bytes, with time and stream of each line.

    NN_phase            the bytes of both streams in the order of their arrival, nothing else
    NN_phase.index      a record for each line: time of its first byte in epoch milliseconds
                        (unsigned, 64 bit), stream of its first byte (8 bit, 0 stdout, 1 stderr)
    NN_phase.switches   exists only if lines hold bytes of both streams (an unfinished progress
                        bar in stderr, then a line of stdout): a record for each change inside a
                        line: offset in NN_phase of the first byte of the other stream
                        (unsigned, 64 bit), that stream (8 bit)

All records have 9 bytes, big endian. A line ends with its line feed; the last one may lack it.
A line has its record as soon as it has a byte, so the number of records is the number of lines,
including an unfinished last one.

Bytes are written in the portions in which they come: first the bytes, then their index. If the
writer is killed in between, the index lacks the last portion. A reader gives such lines the time of
the last record (or of the file, if there is none) and the stream 0. A last record of less than 9
bytes, cut off by a crash, is ignored. A switch is written before its bytes; a switch at the end of
the file has no meaning. A record whose stream is neither 0 nor 1, or whose time is after the year
9999, is damaged: a reader raises MetaError with its place.

Order. The bytes of one stream are always in the order in which they were written. The order of the
two streams is that of their portions: everything that both streams receive between two reads of the
recorder becomes one portion of each stream, whichever was written first. The recorder reads as soon
as there is output, so this affects only bursts: lines that are written to both streams within about
a millisecond (longer while the machine is busy). Of 100 lines written alternately without a pause,
some 96 are out of place; with a pause after each line, none. If a portion ends with an unfinished
line and its stream has the rest, that is read before the other stream.

Programs expect two pipes, and nothing else orders the streams better without breaking programs.
Measured with the same 100 lines on Linux 6.18: datagram sockets with one receiver keep the order
(none out of place), but a program can no longer open /dev/stderr (ENXIO; shells do so for
`>/dev/stderr`), and a write of more than 200 KB fails (EMSGSIZE). Two pseudo terminals are no
better than pipes (60 to 98 out of place), and `isatty` becomes true. Pipes of one packet each stop
the program at every line and still leave up to 96 out of place.
"""

from __future__ import annotations

import errno
import os
import stat

from gage._internal.errors import MetaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "RECORD_BYTES",
    "STDERR",
    "STDOUT",
    "Switches",
    "decode_index",
    "decode_streams",
    "encode_record",
    "index_path",
    "open_output",
    "switches_path",
    "whole_records",
]

STDOUT, STDERR = 0, 1

RECORD_BYTES = 9
_MAX_TIME_MS = 253_402_300_799_999  # the end of the year 9999


def index_path(path: str) -> str:
    """Return the path of an output's index."""
    return path + ".index"


def switches_path(path: str) -> str:
    """Return the path of an output's switches; the file may not exist."""
    return path + ".switches"


def open_output(path: str) -> int:
    """Open one of the files of an output for reading; return the descriptor.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
        MetaError
        If it is not a regular file: a pipe would block for ever, a device may have no end.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise MetaError(f"{path}: expected a regular file, found a link or socket") from None
        raise
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise MetaError(f"{path}: expected a regular file, found a directory, pipe or device")


def encode_record(number: int, stream: int) -> bytes:
    """Return a record: a time in epoch milliseconds or an offset, and a stream."""
    return number.to_bytes(8, "big") + bytes((stream,))


def decode_index(data: bytes, path: str, first: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the times (epoch milliseconds) and the streams of whole records.

    Parameters
    ----------
    data
        Records of an index.
    path
        The output.
    first
        The number of the first record, which is the number of its line.

    Raises
    ------
    MetaError
        If a record is damaged.
    """
    times, streams = _decode(data)
    if times and (max(times) > _MAX_TIME_MS or max(streams) > STDERR):
        for number, (time_ms, stream) in enumerate(zip(times, streams, strict=True), first):
            _check_stream(stream, index_path(path), number)
            if time_ms > _MAX_TIME_MS:
                raise MetaError(
                    f"{index_path(path)}: expected a time in epoch milliseconds in record "
                    f"{number}, found {time_ms}. The output itself is whole: {path}"
                )
    return times, streams


def decode_streams(data: bytes, path: str, first: int) -> bytes:
    """Return the streams that `decode_index` returns, a byte each, without the times."""
    streams = data[RECORD_BYTES - 1 :: RECORD_BYTES]
    if streams and max(streams) > STDERR:
        for number, stream in enumerate(streams, first):
            _check_stream(stream, index_path(path), number)
    return streams


def whole_records(data: bytes) -> bytes:
    """Return data without an incomplete last record."""
    return data[: len(data) - len(data) % RECORD_BYTES]


class Switches:
    """The changes of stream inside the lines of an output, which may grow."""

    def __init__(self, path: str) -> None:
        self._path = switches_path(path)

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return offset and stream of the switches in a range of the output.

        Raises
        ------
        MetaError
            If a record is damaged.
        """
        try:
            fd = open_output(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        from bisect import bisect_left

        def offset_of(number: int) -> int:
            return int.from_bytes(os.pread(fd, 8, number * RECORD_BYTES), "big")

        try:
            count = os.fstat(fd).st_size // RECORD_BYTES
            first = bisect_left(range(count), start, key=offset_of)
            last = bisect_left(range(count), end, lo=first, key=offset_of)
            # No two switches have the same offset, unless the file is damaged.
            size = min(last - first, max(0, end - start)) * RECORD_BYTES
            data = whole_records(os.pread(fd, size, first * RECORD_BYTES))
        finally:
            os.close(fd)
        offsets, streams = _decode(data)
        for number, stream in enumerate(streams, first):
            _check_stream(stream, self._path, number)
        return list(zip(offsets, streams, strict=True))


def _decode(data: bytes) -> tuple[Sequence[int], Sequence[int]]:
    import struct

    if not data:
        return (), ()
    numbers, streams = zip(*struct.iter_unpack(">QB", data), strict=True)
    return numbers, streams


def _check_stream(stream: int, path: str, number: int) -> None:
    if stream > STDERR:
        at = (number + 1) * RECORD_BYTES - 1
        raise MetaError(
            f"{path}: expected stream 0 or 1 in record {number} (byte {at}), found {stream}. "
            f"The output itself is whole: {path.rpartition('.')[0]}"
        )
