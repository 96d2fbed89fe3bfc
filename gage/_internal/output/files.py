"""The files of an output, open for reading while they may grow."""

from __future__ import annotations

import os
import time

from gage._internal.output.format import (
    RECORD_BYTES,
    Switches,
    decode_index,
    decode_streams,
    index_path,
    open_output,
    whole_records,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

__all__ = ["OutputFiles", "open_files"]

_RECORDS_AT_ONCE = 1 << 16
_SETTLE_S = 0.02
_SETTLE_TIMES = 5


class OutputFiles:
    """The files of an output, for use in a `with` block.

    Raises
    ------
    FileNotFoundError
        If there is no output yet.
    MetaError
        If one of the files is not a regular file; while reading, if a record is damaged.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._output_fd = open_output(path)
        self._index_fd: int | None = None
        self._switches = Switches(path)
        # The size of an index that stayed too short: waiting for it again is useless.
        self._settled_bytes = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for fd in (self._output_fd, self._index_fd):
            if fd is not None:
                os.close(fd)
        self._output_fd, self._index_fd = -1, None

    def size_bytes(self) -> int:
        """Return the size of the output."""
        return os.fstat(self._output_fd).st_size

    def modified_ms(self) -> int:
        """Return the time of the last write to the output, in epoch milliseconds."""
        return os.fstat(self._output_fd).st_mtime_ns // 1_000_000

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the output, fewer only at its end."""
        return _read_all(self._output_fd, offset, size)

    def records(self, number: int, count: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return times and streams of lines, as far as they have records."""
        return decode_index(self._records(number, count), self._path, number)

    def streams(self, number: int, count: int) -> bytes:
        """Return the streams of lines, a byte each, as far as they have records."""
        return decode_streams(self._records(number, count), self._path, number)

    def settled_records(self, number: int, count: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return `records`, after giving a live writer time to write them.

        Bytes are written before their records, so missing records may still come.
        """
        data = self._records(number, count)
        for _ in range(_SETTLE_TIMES):
            if len(data) == count * RECORD_BYTES or self._index_bytes() == self._settled_bytes:
                break
            time.sleep(_SETTLE_S)
            data = self._records(number, count)
        else:
            self._settled_bytes = self._index_bytes()
        return decode_index(data, self._path, number)

    def record_count(self) -> int:
        """Return the number of lines that have a record."""
        return self._index_bytes() // RECORD_BYTES

    def first_since(self, time_ms: int) -> int:
        """Return the number of the first line with a record of this time or later."""
        number = 0
        while times := self.records(number, _RECORDS_AT_ONCE)[0]:
            for line_time_ms in times:
                if line_time_ms >= time_ms:
                    return number
                number += 1
        return number

    def switches(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return offset and stream of the switches in a range of the output."""
        return self._switches.between(start, end)

    def _records(self, number: int, count: int) -> bytes:
        fd = self._index()
        if fd is None:
            return b""
        return whole_records(_read_all(fd, number * RECORD_BYTES, count * RECORD_BYTES))

    def _index_bytes(self) -> int:
        fd = self._index()
        return 0 if fd is None else os.fstat(fd).st_size

    def _index(self) -> int | None:
        if self._index_fd is None:
            try:
                self._index_fd = open_output(index_path(self._path))
            except FileNotFoundError:
                return None
        return self._index_fd


def open_files(path: str) -> OutputFiles | None:
    """Open the files of an output; return None if there is no output yet.

    Raises
    ------
    MetaError
        If one of the files is not a regular file.
    """
    try:
        return OutputFiles(path)
    except FileNotFoundError:
        return None


def _read_all(fd: int, offset: int, size: int) -> bytes:
    parts = []
    while size > 0:
        data = os.pread(fd, size, offset)
        if not data:
            break
        parts.append(data)
        offset += len(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
