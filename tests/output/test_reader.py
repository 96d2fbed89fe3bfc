"""An output is read by line, time and stream, also while it grows."""

from __future__ import annotations

import os
import random
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import OutputReader
from gage._internal.output.writer import Capture
from gage._internal.types import OutputLine
from tests.output.portions import contents, records, written


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
    assert list(reader.follow(lambda: True)) == []


def test_a_million_lines_are_read_in_seconds(path: str) -> None:
    capture = Capture(path, None)
    for _ in range(10):
        capture.write(b"some text of a line\n" * 100_000, STDOUT)
    capture.close()
    assert sum(1 for _ in OutputReader(path).lines()) == 1_000_000


def followed(
    reader: OutputReader, capture: Capture, portions: list[tuple[int, bytes]], start: int = 0
) -> Iterator[list[OutputLine]]:
    """Write one portion after the other; yield the lines that a follower has then."""
    left = list(portions)
    steps: list[list[OutputLine]] = []
    found: list[OutputLine] = []

    def finished() -> bool:
        steps.append(list(found))
        if not left:
            return True
        stream, data = left.pop(0)
        capture.write(data, stream)
        return False

    # Line by line, so that `finished` sees what has come.
    for line in reader.follow(finished, poll_s=0, start=start):
        found.append(line)  # noqa: PERF402
    yield from steps[1:]
    yield found


def test_a_follower_has_lines_when_they_are_complete(path: str) -> None:
    capture = Capture(path, None)
    portions = [(STDOUT, b"one"), (STDOUT, b"\ntwo\nth"), (STDERR, b"ree\n"), (STDOUT, b"rest")]
    steps = [
        [(line.number, line.stream, line.data) for line in lines]
        for lines in followed(OutputReader(path), capture, portions)
    ]
    first = [(0, STDOUT, b"one\n"), (1, STDOUT, b"two\n")]
    third = [(2, STDOUT, b"th"), (2, STDERR, b"ree\n")]
    assert steps == [
        [],
        first,
        [*first, *third],
        [*first, *third],
        [*first, *third, (3, STDOUT, b"rest")],
    ]


def test_a_follower_may_begin_at_a_line_that_is_not_there_yet(path: str) -> None:
    capture = Capture(path, None)
    portions = [(STDOUT, b"0\n"), (STDOUT, b"1\n"), (STDOUT, b"2\n3")]
    *_, found = followed(OutputReader(path), capture, portions, start=2)
    assert [(line.number, line.data) for line in found] == [(2, b"2\n"), (3, b"3")]


def test_a_follower_waits_for_records(path: str) -> None:
    written(path, (STDOUT, b"a\nb\n")).close()
    index = contents(path + ".index")
    Path(path + ".index").write_bytes(index[:9])
    states = iter([False, False, True])
    steps: list[int] = []

    def finished() -> bool:
        steps.append(len(found))
        return next(states)

    found: list[OutputLine] = []
    for line in OutputReader(path).follow(finished, poll_s=0):
        found.append(line)  # noqa: PERF402 - `finished` sees what has come
    assert steps == [0, 1, 1]
    assert [line.data for line in found] == [b"a\n", b"b\n"]


def test_a_follower_of_a_long_line_gets_it_as_a_whole(path: str) -> None:
    capture = Capture(path, None)
    part = b"x" * 700_000
    portions = [(STDOUT, part), (STDOUT, part), (STDOUT, part + b"\nend")]
    *_, found = followed(OutputReader(path), capture, portions)
    assert [line.data for line in found] == [part * 3 + b"\n", b"end"]


def test_a_flood_is_followed_while_it_is_written(
    tmp_path: Path, run_script: Callable[..., int], path: str
) -> None:
    ended = threading.Event()

    def flood() -> None:
        run_script("for i in range(100_000): print(i)")
        ended.set()

    thread = threading.Thread(target=flood)
    thread.start()
    numbers = [int(line.data) for line in OutputReader(path).follow(ended.is_set)]
    thread.join()
    assert numbers == list(range(100_000))
