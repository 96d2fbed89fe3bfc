"""Output is shown elsewhere as it was written: every byte, its stream, in order, as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.stream import OutputStream, follow_output
from gage._internal.output.writer import Capture

_BYTES = st.sampled_from([b"a", b"bb", b"\n", b"\r", b"x\n", b"\xff\n\n", b"no end", b"1\n2\n3"])
_WRITES = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), _BYTES), max_size=30)


def by_stream(pieces: list[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    """Return all bytes of stdout, and of stderr."""
    return (
        b"".join(data for stream, data in pieces if stream == STDOUT),
        b"".join(data for stream, data in pieces if stream == STDERR),
    )


@given(writes=_WRITES, reads=st.sets(st.integers(min_value=0, max_value=30)))
def test_every_byte_comes_once_on_its_stream(
    writes: list[tuple[int, bytes]],
    reads: set[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Read while it grows, after any of the writes."""
    path = str(tmp_path_factory.mktemp("run") / "40_run")
    capture, output = Capture(path), OutputStream(path)
    found: list[tuple[int, bytes]] = []

    for number, (stream, data) in enumerate(writes):
        capture.write(data, stream)
        if number in reads:
            found += output.read()
    capture.close()
    while pieces := output.read(final=True):
        found += pieces

    assert b"".join(data for _, data in found) == b"".join(data for _, data in writes)
    assert by_stream(found) == by_stream(writes)


def test_an_unfinished_line_is_there_at_once(tmp_path: Path) -> None:
    capture, output = Capture(str(tmp_path / "o")), OutputStream(str(tmp_path / "o"))

    capture.write(b"1 %\r2 %", STDERR)

    assert output.read() == [(STDERR, b"1 %\r2 %")]
    assert output.read() == []
    capture.close()


def test_neighbours_of_one_stream_come_together(tmp_path: Path) -> None:
    capture, output = Capture(str(tmp_path / "o")), OutputStream(str(tmp_path / "o"))
    for data, stream in ((b"a\n", 0), (b"b\n", 0), (b"c\n", 1), (b"d", 0)):
        capture.write(data, stream)

    assert output.read() == [(0, b"a\nb\n"), (1, b"c\n"), (0, b"d")]
    capture.close()


def test_bytes_whose_stream_is_not_recorded_yet_wait_for_it(tmp_path: Path) -> None:
    """The writer was interrupted between the output and its index."""
    path = tmp_path / "o"
    path.write_bytes(b"a\nb\nc\n")
    index = tmp_path / "o.index"
    record = (0).to_bytes(8, "big")
    index.write_bytes(record + b"\x01")
    output = OutputStream(str(path))

    first = output.read()
    index.write_bytes((record + b"\x01") * 2)
    second = output.read()

    assert (first, second) == ([(1, b"a\n")], [(1, b"b\n")])
    assert output.read() == []
    assert output.read(final=True) == [(0, b"c\n")]


def test_an_output_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    output = OutputStream(str(tmp_path / "o"))

    assert (output.read(), output.read(final=True)) == ([], [])


def test_no_more_than_a_megabyte_comes_at_once(tmp_path: Path) -> None:
    capture, output = Capture(str(tmp_path / "o")), OutputStream(str(tmp_path / "o"))
    for _ in range(30):
        capture.write(b"x" * 99_999 + b"\n", 0)
    capture.close()

    sizes = []
    while pieces := output.read(final=True):
        sizes.append(sum(len(data) for _, data in pieces))

    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 1 << 20


def test_following_ends_with_the_last_byte(tmp_path: Path) -> None:
    path = str(tmp_path / "o")
    capture = Capture(path)
    state = {"written": 0, "finished": False}
    waited = threading.Event()

    def wait() -> None:
        """Let the writer go on: the next line, and the end after the third."""
        waited.set()
        if state["written"] == 3:
            state["finished"] = True
            capture.write(b"last, no end", 1)
            capture.close()
        else:
            capture.write(b"%d\n" % state["written"], 0)
        state["written"] += 1

    pieces = list(follow_output(path, lambda: bool(state["finished"]), wait))

    assert waited.is_set()
    assert by_stream(pieces) == (b"0\n1\n2\n", b"last, no end")


def test_a_flood_is_followed_while_it_is_written(path: str, run_script: Callable[..., int]) -> None:
    ended = threading.Event()

    def flood() -> None:
        run_script("for i in range(100_000): print(i, file=(sys.stdout, sys.stderr)[i % 2])")
        ended.set()

    thread = threading.Thread(target=flood)
    thread.start()
    pieces = list(follow_output(path, ended.is_set, lambda: ended.wait(0.01)))
    thread.join()

    for data, first in zip(by_stream(pieces), (0, 1), strict=True):
        assert data == b"".join(b"%d\n" % number for number in range(first, 100_000, 2))
