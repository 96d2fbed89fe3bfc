"""The output of a command on disk: its exact bytes, and for each line when it came and whence.

    NN_phase            the bytes of both streams in the order of their arrival, nothing else
    NN_phase.index      a record for each line: time of its first byte in epoch milliseconds
                        (unsigned, 64 bit), stream of its first byte (8 bit, 0 stdout, 1 stderr)
    NN_phase.switches   there only when lines hold bytes of both streams (a progress bar that
                        stands still in stderr, then a line of stdout): a record for each
                        change inside a line: offset in NN_phase of the first byte of the other
                        stream (unsigned, 64 bit), that stream (8 bit)

All records have 9 bytes, big endian. A line ends with its line feed; the last one may lack it.
A line has its record from its first byte on, so the number of records is the number of lines,
an unfinished last one included.

Bytes are written when they come, in whatever portions: bytes first, their index next. A writer
that was killed in between leaves an index that is short by the last portion. A reader gives such
lines the time of the last record (of the file, where there is none) and the stream 0. A last
record of less than 9 bytes, cut by a crash, is not read. A switch is written before its bytes;
one at the end of the file says nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "RECORD_BYTES",
    "STDERR",
    "STDOUT",
    "Switches",
    "decode_records",
    "encode_record",
    "index_path",
    "record_streams",
    "switches_path",
    "whole_records",
]

STDOUT, STDERR = 0, 1

RECORD_BYTES = 9


def index_path(path: str) -> str:
    """Return where the index of an output is."""
    return path + ".index"


def switches_path(path: str) -> str:
    """Return where the switches of an output are, if it has any."""
    return path + ".switches"


def encode_record(number: int, stream: int) -> bytes:
    """Return a record: a time in epoch milliseconds or an offset, and a stream."""
    return number.to_bytes(8, "big") + bytes((stream,))


def decode_records(data: bytes) -> tuple[Sequence[int], Sequence[int]]:
    """Return the numbers (times or offsets) and the streams of whole records."""
    import struct

    if not data:
        return (), ()
    numbers, streams = zip(*struct.iter_unpack(">QB", data), strict=True)
    return numbers, streams


def record_streams(data: bytes) -> bytes:
    """Return the streams of records, a byte each."""
    return data[RECORD_BYTES - 1 :: RECORD_BYTES]


def whole_records(data: bytes) -> bytes:
    """Return data without a last record that was cut."""
    return data[: len(data) - len(data) % RECORD_BYTES]


class Switches:
    """The changes of stream inside lines, of an output that may grow."""

    def __init__(self, path: str) -> None:
        self._path = switches_path(path)
        self._data = b""

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return offset and stream of the switches in a range of the output."""
        from bisect import bisect_left

        self._refresh()
        count = len(self._data) // RECORD_BYTES
        if not count:
            return []
        first = bisect_left(range(count), start, key=self._offset)
        last = bisect_left(range(count), end, lo=first, key=self._offset)
        offsets, streams = decode_records(self._data[first * RECORD_BYTES : last * RECORD_BYTES])
        return list(zip(offsets, streams, strict=True))

    def _refresh(self) -> None:
        try:
            size = os.stat(self._path).st_size
            if size != len(self._data):
                with open(self._path, "rb") as file:
                    self._data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            self._data = b""

    def _offset(self, number: int) -> int:
        at = number * RECORD_BYTES
        return int.from_bytes(self._data[at : at + 8], "big")
