"""An output is read by line, time and stream, also while it grows."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import MetaError
from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import LINE_BYTES, OutputReader
from gage._internal.output.stream import OutputStream
from gage._internal.output.writer import Capture
from gage._internal.types import OutputLine
from tests.output.portions import by_stream, contents, records, take, written


@pytest.fixture
def numbered(path: str) -> OutputReader:
    """100,000 lines of various lengths: their own numbers and some dots."""
    chance = random.Random(1)
    capture = Capture(path, None)
    for first in range(0, 100_000, 5_000):
        lines = (b"%d%s\n" % (i, b"." * chance.randrange(60)) for i in range(first, first + 5_000))
        capture.write(b"".join(lines), STDERR if first == 50_000 else STDOUT)
    capture.close()
    return OutputReader(path)


def number_of(line: OutputLine) -> int:
    return int(line.data.rstrip(b".\n"))


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 3), (99_990, None), (50_000, 50_002), (12_345, 23_456), (99_999, 200_000), (7, 7)],
    ids=str,
)
def test_a_range_of_lines_is_read(numbered: OutputReader, start: int, stop: int | None) -> None:
    expected = list(range(start, min(stop or 100_000, 100_000)))
    lines = list(numbered.lines(start, stop))
    assert [number_of(line) for line in lines] == expected
    assert [line.number for line in lines] == expected


def test_lines_after_the_end_are_none(numbered: OutputReader) -> None:
    assert list(numbered.lines(100_000)) == []
    assert list(numbered.lines(10**9)) == []
    with pytest.raises(ValueError, match="line numbers"):
        list(numbered.lines(-1))


def test_ranges_are_read_in_any_order(numbered: OutputReader) -> None:
    for start in (90_000, 10, 60_000, 0, 99_999):
        assert number_of(next(numbered.lines(start))) == start


def test_one_stream_is_read(numbered: OutputReader) -> None:
    lines = [number_of(line) for line in numbered.lines(stream=STDERR)]
    assert lines == list(range(50_000, 55_000))


def test_lines_of_a_time_are_read(path: str) -> None:
    written(path, (STDOUT, b"a\nb\nc\nd\n")).close()
    Path(path + ".index").write_bytes(
        b"".join(struct.pack(">QB", time_ms, 0) for time_ms in (100, 200, 150, 300))
    )
    reader = OutputReader(path)
    assert [line.data for line in reader.lines(since_ms=150)] == [b"b\n", b"c\n", b"d\n"]
    assert [line.data for line in reader.lines(until_ms=200)] == [b"a\n", b"c\n"]
    assert [line.data for line in reader.lines(since_ms=101, until_ms=300)] == [b"b\n", b"c\n"]
    assert list(reader.lines(since_ms=301)) == []


def test_a_torn_last_record_is_not_read(path: str) -> None:
    written(path, (STDOUT, b"a\nb\n")).close()
    with Path(path + ".index").open("ab") as file:
        file.write(b"\0\0\1")
    reader = OutputReader(path)
    assert reader.line_count == 2
    assert [line.data for line in reader.lines()] == [b"a\n", b"b\n"]


def test_lines_without_record_have_the_time_of_the_last_one(path: str) -> None:
    written(path, (STDERR, b"a\nb\nc\nd")).close()
    (time_ms, _), *_ = records(path)
    with Path(path + ".index").open("r+b") as file:
        file.truncate(9 + 4)
    assert list(OutputReader(path).lines()) == [
        OutputLine(0, time_ms, STDERR, b"a\n"),
        OutputLine(1, time_ms, STDOUT, b"b\n"),
        OutputLine(2, time_ms, STDOUT, b"c\n"),
        OutputLine(3, time_ms, STDOUT, b"d"),
    ]


@pytest.mark.parametrize("there", [True, False], ids=["empty-index", "no-index"])
def test_an_output_without_records_is_read(path: str, there: bool) -> None:
    written(path, (STDERR, b"a\nb\n")).close()
    Path(path + ".index").write_bytes(b"") if there else Path(path + ".index").unlink()
    os.utime(path, ns=(0, 5_000_000_000))
    lines = list(OutputReader(path).lines())
    assert lines == [OutputLine(0, 5000, STDOUT, b"a\n"), OutputLine(1, 5000, STDOUT, b"b\n")]


def test_a_switch_without_bytes_says_nothing(path: str) -> None:
    written(path, (STDOUT, b"a\nb"), (STDERR, b"c")).close()
    with Path(path + ".switches").open("ab") as file:
        file.write(struct.pack(">QB", 4, STDOUT) + b"\0\0")
    parts = [(line.number, line.stream, line.data) for line in OutputReader(path).lines()]
    assert parts == [(0, STDOUT, b"a\n"), (1, STDOUT, b"b"), (1, STDERR, b"c")]


def test_the_tail_is_the_last_bytes(numbered: OutputReader, path: str) -> None:
    assert numbered.tail(1000) == contents(path)[-1000:]
    assert numbered.tail(10**9) == contents(path)
    assert numbered.tail(0) == b""


def test_an_output_that_is_not_there_is_empty(path: str) -> None:
    reader = OutputReader(path)
    assert (reader.line_count, reader.size_bytes, reader.tail(10)) == (0, 0, b"")
    assert list(reader.lines()) == []
    assert reader.tail_by_stream(10, 10) == []


def test_a_million_lines_are_read_in_seconds(path: str) -> None:
    capture = Capture(path, None)
    for _ in range(10):
        capture.write(b"some text of a line\n" * 100_000, STDOUT)
    capture.close()
    assert sum(1 for _ in OutputReader(path).lines()) == 1_000_000


def test_a_long_line_is_read_in_parts(path: str) -> None:
    """Each part has the number and the time of the line, and the stream that wrote it."""
    size = 2 * LINE_BYTES + 5
    written(
        path,
        (STDOUT, b"first\n" + b"a" * size),
        (STDERR, b"b" * size + b"\n"),
        (STDOUT, b"last\n"),
    ).close()

    lines = list(OutputReader(path).lines())

    assert {line.number for line in lines} == {0, 1, 2}
    assert max(len(line.data) for line in lines) <= LINE_BYTES
    of_long = [line for line in lines if line.number == 1]
    assert len({line.time_ms for line in of_long}) == 1
    assert by_stream(of_long) == (b"a" * size, b"b" * size + b"\n")
    assert list(OutputReader(path).lines(1, 2)) == of_long
    assert [line.data for line in OutputReader(path).lines(2)] == [b"last\n"]


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_line_is_whole_up_to_a_mebibyte(path: str, extra: int) -> None:
    data = b"x" * (LINE_BYTES + extra - 1) + b"\n"
    written(path, (STDOUT, b"0\n" + data + b"2\n")).close()

    lines = [line.data for line in OutputReader(path).lines() if line.number == 1]

    assert b"".join(lines) == data
    assert len(lines) == (2 if extra > 0 else 1)


@given(
    portions=st.lists(
        st.tuples(
            st.sampled_from([STDOUT, STDERR]),
            st.lists(st.sampled_from([b"\n", b"a", b"bc\r", b"\xff\0"]), min_size=1).map(b"".join),
        ),
        max_size=12,
    ),
    max_lines=st.integers(1, 6),
)
def test_the_tail_has_the_streams_of_its_lines(
    tmp_path_factory: pytest.TempPathFactory, portions: list[tuple[int, bytes]], max_lines: int
) -> None:
    path = str(tmp_path_factory.mktemp("out") / "o")
    written(path, *portions).close()
    reader = OutputReader(path)
    count = reader.line_count
    ends = contents(path).endswith(b"\n")

    tail = reader.tail_by_stream(1 << 20, max_lines)

    lines = reader.lines(max(0, count + ends - max_lines))
    assert by_stream_of(tail) == by_stream(lines)


def by_stream_of(pieces: list[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    out, err = (b"".join(data for stream, data in pieces if stream == wanted) for wanted in (0, 1))
    return out, err


def test_the_tail_begins_at_a_line_or_where_one_was_written_anew(path: str) -> None:
    capture = written(path, (STDOUT, b"first line\nsecond\n"), (STDERR, b"third\n"))
    reader = OutputReader(path)
    assert reader.tail_by_stream(17, 10) == [(STDOUT, b"second\n"), (STDERR, b"third\n")]
    take(capture, STDERR, b" 50%\r100%")
    capture.close()
    assert reader.tail_by_stream(7, 10) == [(STDERR, b"100%")]
    assert reader.tail_by_stream(2, 10) == [(STDERR, b"0%")]
    assert reader.tail_by_stream(100, 1) == [(STDERR, b" 50%\r100%")]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            struct.pack(">QB", 5, 7),
            r"40_run\.index: .*stream 0 or 1 in record 1 \(byte 17\), found 7",
        ),
        (struct.pack(">QB", 2**63, 1), r"40_run\.index: .*time .* in record 1, found 9223372036"),
    ],
    ids=["stream", "time"],
)
def test_a_damaged_record_says_where_it_is(path: str, record: bytes, said: str) -> None:
    written(path, (STDOUT, b"a\nb\nc\n")).close()
    with Path(path + ".index").open("r+b") as file:
        file.seek(9)
        file.write(record)

    with pytest.raises(MetaError, match=said):
        list(OutputReader(path).lines())

    assert contents(path) == b"a\nb\nc\n"


def test_a_damaged_stream_is_found_in_tail_and_stream(path: str) -> None:
    written(path, (STDOUT, b"a\nb"), (STDERR, b"c\n")).close()
    for name, at in ((".switches", 8), (".index", 17)):
        with Path(path + name).open("r+b") as file:
            file.seek(at)
            file.write(b"\2")
        said = f"40_run{name}: .*found 2"
        with pytest.raises(MetaError, match=said):
            OutputReader(path).tail_by_stream(9, 9)
        with pytest.raises(MetaError, match=said):
            OutputStream(path).read()


@pytest.mark.parametrize("name", ["", ".index"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(path: str, name: str) -> None:
    written(path, (STDOUT, b"a\n")).close()
    Path(path + name).unlink()
    os.mkfifo(path + name)

    with pytest.raises(MetaError, match="expected a regular file"):
        list(OutputReader(path).lines())


def test_a_link_in_the_place_of_an_output_is_not_read(tmp_path: Path, path: str) -> None:
    written(path, (STDOUT, b"a\n")).close()
    Path(path).unlink()
    Path(path).symlink_to("/dev/zero")

    with pytest.raises(MetaError, match="expected a regular file"):
        OutputReader(path).tail(10)


def test_records_that_are_missing_for_good_are_waited_for_once(path: str) -> None:
    data = b"".join(b"%0999d\n" % number for number in range(20_000))
    written(path, (STDOUT, data)).close()
    Path(path + ".index").unlink()

    assert b"".join(line.data for line in OutputReader(path).lines()) == data
