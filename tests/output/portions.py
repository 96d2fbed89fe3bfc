"""Outputs made of portions, and what their files hold."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.writer import Capture
from gage._internal.types import OutputLine

_PIPE_BYTES = 1 << 16  # less than a pipe holds is never waited for


def contents(path: str) -> bytes:
    return Path(path).read_bytes()


def records(path: str) -> list[tuple[int, int]]:
    return list(struct.iter_unpack(">QB", Path(path + ".index").read_bytes()))


def by_stream(lines: Iterable[OutputLine]) -> tuple[bytes, bytes]:
    found = {STDOUT: b"", STDERR: b""}
    for line in lines:
        found[line.stream] += line.data
    return found[STDOUT], found[STDERR]


@contextlib.contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Have files that cannot become larger, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def written(path: str, *portions: tuple[int, bytes]) -> Capture:
    """Write portions of streams through pipes, as a recording does."""
    capture = Capture(path, None)
    for stream, data in portions:
        take(capture, stream, data)
    return capture


def take(capture: Capture, stream: int, data: bytes) -> None:
    """Have a stream's data taken from a pipe, in as many portions as the pipe makes of it."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    for start in range(0, len(data), _PIPE_BYTES):
        os.write(write_end, data[start : start + _PIPE_BYTES])
        while capture.take(read_end, stream):
            pass
    os.close(write_end)
    os.close(read_end)
