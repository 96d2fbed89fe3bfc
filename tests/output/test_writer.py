"""Bytes of two streams in one file, each line with its record, whoever is killed."""

from __future__ import annotations

import errno
import itertools
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import OutputReader
from gage._internal.output.writer import Capture, open_journal
from tests.output.portions import by_stream, contents, file_size_limit, records, take, written


def test_a_switch_inside_a_line_is_recorded(path: str, way: str) -> None:
    written(
        path,
        (STDERR, b" 50%|##"),
        (STDOUT, b"hello\nwor"),
        (STDERR, b"\r100%|####\n"),
        (STDOUT, b"ld\n"),
    ).close()
    assert contents(path) == b" 50%|##hello\nwor\r100%|####\nld\n"
    assert [stream for _, stream in records(path)] == [STDERR, STDOUT, STDOUT]
    switches = Path(path + ".switches").read_bytes()
    assert list(struct.iter_unpack(">QB", switches)) == [(7, STDOUT), (16, STDERR)]
    parts = [(line.number, line.stream, line.data) for line in OutputReader(path).lines()]
    assert parts == [
        (0, STDERR, b" 50%|##"),
        (0, STDOUT, b"hello\n"),
        (1, STDOUT, b"wor"),
        (1, STDERR, b"\r100%|####\n"),
        (2, STDOUT, b"ld\n"),
    ]


def test_an_empty_pipe_leaves_no_switch(path: str, way: str) -> None:
    capture = written(path, (STDERR, b"open"))
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    assert capture.take(read_end, STDOUT) is None
    os.close(write_end)
    assert capture.take(read_end, STDOUT) == 0
    os.close(read_end)
    capture.close()
    assert Path(path + ".switches").read_bytes() == b""


@given(
    portions=st.lists(
        st.tuples(
            st.sampled_from([STDOUT, STDERR]),
            st.lists(st.sampled_from([b"\n", b"a", b"bc\r", b"\xff\0"]), min_size=1).map(b"".join),
        ),
        max_size=12,
    ),
    cut=st.integers(0, 12),
    splice=st.booleans(),
)
def test_each_stream_can_be_told_from_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    portions: list[tuple[int, bytes]],
    cut: int,
    splice: bool,
) -> None:
    path = str(tmp_path_factory.mktemp("out") / "o")
    journal = open_journal()
    capture = Capture(path, journal)
    capture._splice = splice and capture._splice
    for stream, data in portions[:cut]:
        take(capture, stream, data)
    capture.close()
    capture = Capture.resume(path, journal)
    for stream, data in portions[cut:]:
        take(capture, stream, data)
    capture.close()
    os.close(journal)
    whole = b"".join(data for _, data in portions)
    reader = OutputReader(path)
    lines = list(reader.lines())
    assert b"".join(line.data for line in lines) == whole
    assert by_stream(lines) == tuple(
        b"".join(data for stream, data in portions if stream == wanted)
        for wanted in (STDOUT, STDERR)
    )
    assert reader.line_count == len(whole.split(b"\n")) - (not whole or whole.endswith(b"\n"))
    assert lines == sorted(lines, key=lambda line: line.number)


@pytest.mark.parametrize(
    "index_bytes", [0, 5, 9, 14, 18], ids=lambda size: f"{size}-bytes-of-index"
)
def test_a_killed_writer_s_last_portion_is_indexed_by_its_successor(
    path: str, index_bytes: int
) -> None:
    """Killed after the bytes, at any moment before or after their index was written."""
    journal = open_journal()
    capture = Capture(path, journal)
    take(capture, STDOUT, b"one\nleft ")
    read_end, write_end = os.pipe()
    os.write(write_end, b"right\ntwo\nthr")
    assert capture.take(read_end, STDERR) == 13
    assert len(contents(path + ".index")) == 4 * 9
    with Path(path + ".index").open("r+b") as file:
        file.truncate(2 * 9 + index_bytes)
    capture.close()

    os.write(write_end, b"ee\n")
    resumed = Capture.resume(path, journal)
    assert resumed.take(read_end, STDERR) == 3
    resumed.close()
    for fd in (journal, read_end, write_end):
        os.close(fd)

    assert [stream for _, stream in records(path)] == [STDOUT, STDOUT, STDERR, STDERR]
    assert by_stream(OutputReader(path).lines()) == (b"one\nleft ", b"right\ntwo\nthree\n")


def test_a_writer_killed_before_its_first_byte_is_succeeded(path: str) -> None:
    journal = open_journal()
    capture = Capture.resume(path, journal)
    take(capture, STDOUT, b"one\n")
    capture.close()
    assert contents(path) == b"one\n"
    assert len(records(path)) == 1


def test_an_index_that_cannot_be_written_is_repaired(path: str) -> None:
    capture = written(path, (STDOUT, b"a" * 50 + b"\n"))
    with file_size_limit(200), pytest.raises(OSError, match="large") as caught:
        take(capture, STDOUT, b"\n" * 60)
    assert caught.value.errno == errno.EFBIG
    capture.repair()
    capture.close()
    assert len(records(path)) == 61
    assert OutputReader(path).line_count == 61


def test_bytes_that_cannot_be_written_stay_or_are_written_later(path: str, way: str) -> None:
    capture = written(path, (STDERR, b"x"))
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.write(write_end, b"a" * 300)
    with file_size_limit(200), pytest.raises(OSError, match="large"):
        # What is left of the room is used first.
        all(capture.take(read_end, STDOUT) for _ in itertools.count())
    capture.repair()
    capture.take(read_end, STDOUT)
    capture.close()
    os.close(read_end)
    os.close(write_end)
    assert contents(path) == b"x" + b"a" * 300
    assert by_stream(OutputReader(path).lines()) == (b"a" * 300, b"x")
