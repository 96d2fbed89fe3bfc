"""What a command prints is on disk as it came, and can be read by line, time and stream."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gage
from gage._internal.output.captured import run_captured
from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import OutputReader
from gage._internal.output.recording import Recording
from gage._internal.output.writer import Capture, open_journal
from gage._internal.process.ending import Child
from gage._internal.process.identity import identity_of
from gage._internal.types import OutputLine

PYTHON = sys.executable


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "output" / "40_run")


@pytest.fixture(params=["splice", "read"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How bytes go from the pipe to the file."""
    if request.param == "read":
        monkeypatch.delattr(os, "splice", raising=False)
    elif not hasattr(os, "splice"):
        pytest.skip("no splice on this system")
    return str(request.param)


@pytest.fixture
def run_script(tmp_path: Path, path: str) -> Callable[..., int]:
    """Run a Python script, captured at `path`; return its exit code."""

    def run(text: str, *args: str, **options: object) -> int:
        script = tmp_path / "script.py"
        script.write_text("import os, sys, time\n" + text)
        argv = [PYTHON, str(script), *args]
        return run_captured(argv, str(tmp_path), dict(os.environ), path, **options)  # type: ignore[arg-type]

    return run


def contents(path: str) -> bytes:
    return Path(path).read_bytes()


def records(path: str) -> list[tuple[int, int]]:
    return list(struct.iter_unpack(">QB", Path(path + ".index").read_bytes()))


def by_stream(lines: Iterable[OutputLine]) -> tuple[bytes, bytes]:
    found = {STDOUT: b"", STDERR: b""}
    for line in lines:
        found[line.stream] += line.data
    return found[STDOUT], found[STDERR]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


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
    read_end, write_end = os.pipe()
    os.write(write_end, data)
    os.close(write_end)
    while capture.take(read_end, stream):
        pass
    os.close(read_end)


# Writing


def test_bytes_of_any_kind_are_kept(run_script: Callable[..., int], path: str, way: str) -> None:
    data = bytes(range(256)) * 5000 + b"\n\0\xff\xfe\n\r\n"
    code = run_script(
        "os.write(2, b'') or sys.stdout.buffer.write(bytes(range(256)) * 5000 + "
        "b'\\n\\0\\xff\\xfe\\n\\r\\n')"
    )
    assert code == 0
    assert contents(path) == data
    assert len(records(path)) == data.count(b"\n")
    assert b"".join(line.data for line in OutputReader(path).lines()) == data


def test_each_line_has_its_time_and_stream(
    run_script: Callable[..., int], path: str, way: str
) -> None:
    before_ms = time.time_ns() // 1_000_000
    run_script(
        """
os.write(1, b"one\\n")
time.sleep(0.2)
os.write(2, b"two\\n")
time.sleep(0.2)
os.write(1, b"three")
"""
    )
    after_ms = time.time_ns() // 1_000_000
    found = records(path)
    times = [time_ms for time_ms, _ in found]
    assert [stream for _, stream in found] == [STDOUT, STDERR, STDOUT]
    assert before_ms <= times[0] < times[1] < times[2] <= after_ms
    assert not Path(path + ".switches").exists()


def test_lines_come_in_the_order_of_their_writing(
    run_script: Callable[..., int], path: str
) -> None:
    """One thread that writes to both streams, each line when the one before has been taken."""
    run_script(
        f"""
written = 0
for i in range(200):
    written += os.write(1 + i % 2, b"%d\\n" % i)
    while os.stat({path!r}).st_size < written:
        time.sleep(0.0005)
"""
    )
    assert [int(line.data) for line in OutputReader(path).lines()] == list(range(200))


@pytest.mark.parametrize("seen", [(0, 1), (1,)], ids=["both-seen", "one-seen-late"])
def test_a_line_is_ended_before_the_other_stream_is_taken(path: str, seen: tuple[int, ...]) -> None:
    """As one thread writes them: part of a line, its end, a line of the other stream."""
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        pipes = [os.pipe(), os.pipe()]
        for read_end, _ in pipes:
            os.set_blocking(read_end, False)
        capture = Capture(path)
        child = Child(identity_of(sleeper.pid))
        recording = Recording(capture, (pipes[0][0], pipes[1][0]), child, print)
        recording.begin(select.poll())
        os.write(pipes[0][1], b"out")
        recording.step({pipes[0][0]: select.POLLIN})
        os.write(pipes[0][1], b"put\n")
        os.write(pipes[1][1], b"error\n")
        recording.step({pipes[stream][0]: select.POLLIN for stream in seen})
        recording.close()
        capture.close()
    finally:
        sleeper.kill()
        sleeper.wait()
        for _, write_end in pipes:
            os.close(write_end)
    assert contents(path) == b"output\nerror\n"
    assert [stream for _, stream in records(path)] == [STDOUT, STDERR]
    assert not Path(path + ".switches").exists()


def test_what_is_printed_is_on_disk_before_its_line_ends(
    tmp_path: Path, run_script: Callable[..., int], path: str
) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(
            run_script("print('name? ', end='', flush=True); open(sys.argv[1]).read()", str(go_on))
        )
    )
    thread.start()
    reader = OutputReader(path)
    wait_until(lambda: reader.tail(100) == b"name? ")
    wait_until(lambda: reader.line_count == 1)
    assert [line.data for line in reader.lines()] == [b"name? "]
    go_on.write_text("")
    thread.join()
    assert codes == [0]


def test_a_flood_is_kept(run_script: Callable[..., int], path: str, way: str) -> None:
    run_script("for i in range(200_000): print(f'{i:079d}')")
    assert contents(path) == b"".join(b"%079d\n" % i for i in range(200_000))
    assert OutputReader(path).line_count == 200_000


def test_a_flood_of_both_streams_is_kept_apart(
    run_script: Callable[..., int], path: str, way: str
) -> None:
    run_script(
        """
import threading
def flood(fd):
    for i in range(300):
        data = memoryview(b"%d %d " % (fd, i) + b"x" * 10_000 + b"\\n")
        while data: data = data[os.write(fd, data):]
threads = [threading.Thread(target=flood, args=(fd,)) for fd in (1, 2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    )
    found = by_stream(OutputReader(path).lines())
    for stream, fd in ((STDOUT, 1), (STDERR, 2)):
        assert found[stream] == b"".join(
            b"%d %d " % (fd, i) + b"x" * 10_000 + b"\n" for i in range(300)
        )
    assert len(contents(path)) == sum(map(len, found))


def test_a_line_may_be_longer_than_every_buffer(
    run_script: Callable[..., int], path: str, way: str
) -> None:
    run_script("sys.stdout.write('ab' * 4_000_000 + '\\nend\\n')")
    first, last = OutputReader(path).lines()
    assert first.data == b"ab" * 4_000_000 + b"\n"
    assert last == OutputLine(1, last.time_ms, STDOUT, b"end\n")
    assert OutputReader(path).line_count == 2


def test_memory_does_not_grow_with_the_output(tmp_path: Path, path: str) -> None:
    text = f"""
import os, resource, sys
from gage._internal.output.captured import run_captured
child = "import os\\nfor _ in range(1000): os.write(1, b'x' * 100_000)"
sizes = []
for i in range(2):
    argv = [sys.executable, "-c", child if i else "pass"]
    run_captured(argv, ".", dict(os.environ), {path!r} + str(i))
    sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(sizes[1] - sizes[0])
"""
    home = str(Path(gage.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": home}
    done = subprocess.run(
        [PYTHON, "-c", text], cwd=tmp_path, env=env, capture_output=True, check=True
    )
    assert Path(path + "1").stat().st_size == 100_000_000
    grown = int(done.stdout) // (1024 if sys.platform == "darwin" else 1)
    assert grown < 4096, "KiB"


def test_nothing_printed_is_an_empty_output(run_script: Callable[..., int], path: str) -> None:
    assert run_script("") == 0
    assert contents(path) == b""
    assert records(path) == []


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


def test_an_output_that_is_there_is_replaced(run_script: Callable[..., int], path: str) -> None:
    written(path, (STDOUT, b"old"), (STDERR, b"er\n")).close()
    run_script("print('new')")
    assert contents(path) == b"new\n"
    assert len(records(path)) == 1
    assert not Path(path + ".switches").exists()


# A writer that was killed


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


# Running


@pytest.mark.parametrize(
    ("text", "code"),
    [("", 0), ("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", -9)],
    ids=["0", "3", "killed"],
)
def test_the_exit_code_is_the_commands(
    run_script: Callable[..., int], text: str, code: int
) -> None:
    assert run_script(text) == code


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["no-such-program"], 127, b"gage: cannot start 'no-such-program': command not found\n"),
        (["/"], 127, b"gage: cannot start '/'"),
    ],
    ids=["unknown", "directory"],
)
def test_a_command_that_cannot_start_leaves_its_reason(
    tmp_path: Path, path: str, argv: list[str], code: int, said: bytes
) -> None:
    assert run_captured(argv, str(tmp_path), dict(os.environ), path) == code
    (line,) = OutputReader(path).lines()
    assert line.stream == STDERR
    assert line.data.startswith(said)


def test_a_command_is_stopped_when_asked(
    tmp_path: Path, path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []
    code = run_script(
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(1000)",
        stop_requested=lambda: OutputReader(path).size_bytes > 0,
        grace_s=0.2,
        log=said.append,
    )
    assert code == -signal.SIGTERM
    assert said == ["Sent SIGINT to the command", "Sent SIGTERM to the command"]
    assert contents(path) == b"ready\n"


def test_an_interrupt_stops_the_group_and_keeps_its_last_words(
    path: str, run_script: Callable[..., int]
) -> None:
    def interrupt() -> None:
        wait_until(lambda: OutputReader(path).line_count == 2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_script(
            """
import subprocess
child = '''
import time
try:
    print("child", flush=True)
    time.sleep(1000)
except KeyboardInterrupt:
    print("child ends")
'''
process = subprocess.Popen([sys.executable, "-c", child])
try:
    os.write(1, b"parent\\n")
    process.wait()
except KeyboardInterrupt:
    process.wait()
    print("parent ends")
"""
        )
    thread.join()
    assert sorted(contents(path).splitlines()) == [
        b"child",
        b"child ends",
        b"parent",
        b"parent ends",
    ]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_the_command_left_is_stopped(
    path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []
    code = run_script(
        "import subprocess\nprint(subprocess.Popen(['sleep', '1000']).pid, flush=True)",
        log=said.append,
    )
    assert code == 0
    pid = int(contents(path))
    assert said == [f"Sent SIGTERM to what the command left running: [{pid}]"]
    with pytest.raises(ProcessLookupError):
        identity_of(pid)


def test_a_process_in_another_session_does_not_hold_the_end_up(
    path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []
    code = run_script(
        "import subprocess\n"
        "print(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid, flush=True)",
        log=said.append,
    )
    pid = int(contents(path))
    os.kill(pid, signal.SIGKILL)  # it lived: what goes its own way is left alone
    assert code == 0
    assert len(said) == 1
    assert "not recorded" in said[0]


def test_a_full_disk_stops_the_command_and_is_raised(
    path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []
    with file_size_limit(100_000), pytest.raises(OSError, match="large"):
        run_script("while True: print('x' * 99)", log=said.append)
    assert contents(path) == (b"x" * 99 + b"\n") * 1000
    assert len(records(path)) == 1000
    assert "stopping the command" in said[0]
    assert "not recorded" in said[-1]


# Reading


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


# Following


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
