"""What a command prints is on disk as it came; its end is seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.output.captured import run_captured
from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import OutputReader
from gage._internal.process.identity import identity_of
from gage._internal.types import OutputLine
from tests.making import wait_until
from tests.output.portions import by_stream, contents, file_size_limit, records, written

PYTHON = sys.executable


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
        f"""
written = 0
for fd, data in ((1, b"one\\n"), (2, b"two\\n"), (1, b"three")):
    written += os.write(fd, data)
    while os.stat({path!r}).st_size < written:
        time.sleep(0.0005)
    time.sleep(0.002)  # so that the next has another time
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
    *parts, last = OutputReader(path).lines()
    assert b"".join(part.data for part in parts) == b"ab" * 4_000_000 + b"\n"
    assert {part.number for part in parts} == {0}
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


def test_an_output_that_is_there_is_replaced(run_script: Callable[..., int], path: str) -> None:
    written(path, (STDOUT, b"old"), (STDERR, b"er\n")).close()
    run_script("print('new')")
    assert contents(path) == b"new\n"
    assert len(records(path)) == 1
    assert not Path(path + ".switches").exists()


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
        grace_s=0.5,
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
