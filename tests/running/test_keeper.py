"""A keeper takes the place of its supervisor, whenever that is killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.process.command import supervisor_command
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.identity import (
    is_alive,
)
from gage._internal.record.layout import run_meta_path
from gage._internal.record.status import live_processes, live_supervisors, read_status
from gage._internal.running.runner import start_run, wait_for_run
from gage._internal.types import Run
from tests.making import dead_identity, wait_until, write_processes
from tests.running.runs import by_stream, ended, log_of, output, processes, text_of


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False)
    return [int(child) for child in found.stdout.split()]


# Writes numbered lines to both streams and, after each, how many it has written, to a file.
FLOOD = """
from threading import Thread
count = int(sys.argv[2])
def flood(fd, said):
    for first in range(0, count, 50):
        numbers = range(first, first + 50)
        data = memoryview(b"".join(b"%d %0*d\\n" % (fd, i % 90 + 1, i) for i in numbers))
        while data: data = data[os.write(fd, data):]
        os.pwrite(said, b"%09d" % (first + 50), 0)
threads = [
    Thread(target=flood, args=(fd, os.open(f"{sys.argv[1]}{fd}", os.O_WRONLY | os.O_CREAT)))
    for fd in (1, 2)
]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(7)
"""


def flood_of(fd: int, count: int) -> bytes:
    return b"".join(b"%d %0*d\n" % (fd, i % 90 + 1, i) for i in range(count))


@pytest.mark.parametrize("after_bytes", [1, 1_000_000, 6_000_000], ids=str)
def test_a_supervisor_killed_in_a_flood_loses_nothing(
    script: Callable[..., Run], tmp_path: Path, after_bytes: int
) -> None:
    count = 100_000
    run = script(FLOOD, str(tmp_path / "said"), str(count))
    start_run(run)
    supervisor, keeper, _ = processes(run)
    wait_until(lambda: output(run).size_bytes >= after_bytes)
    assert kill(supervisor, signal.SIGKILL)
    assert is_alive(keeper)
    name, code = ended(run)
    said = [int((tmp_path / f"said{fd}").read_text()) for fd in (1, 2)]
    assert said == [count, count]
    assert by_stream(run) == (flood_of(1, count), flood_of(2, count))
    assert output(run).line_count == 2 * count
    # The exit code can be had where the keeper inherits orphans.
    known = sys.platform.startswith("linux")
    assert (name, code) == (("error", 7) if known else ("terminated", None))
    assert "its keeper continues" in log_of(run)
    assert not live_processes(run)


@pytest.mark.parametrize("moment", range(8))
def test_a_keeper_knows_the_exit_code_from_the_first_moment(
    script: Callable[..., Run], tmp_path: Path, moment: int
) -> None:
    """The supervisor is killed when the command has just been started, ever a little later."""
    if not sys.platform.startswith("linux"):
        pytest.skip("who inherits orphans can be chosen on Linux only")
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("open(sys.argv[1]).read(); sys.exit(7)", str(go_on))
    caller = subprocess.Popen(supervisor_command(run.meta_dir), stdout=subprocess.PIPE)
    command = Path(run_meta_path(run, "proc", "command"))
    wait_until(command.exists)
    for _ in range(moment * 100):
        os.sched_yield()
    kill(live_supervisors(run)[0], signal.SIGKILL)
    go_on.write_text("")
    caller.communicate()
    assert ended(run) == ("error", 7)


def test_a_keeper_that_is_killed_is_not_missed(script: Callable[..., Run], tmp_path: Path) -> None:
    run = script(FLOOD, str(tmp_path / "said"), "20000")
    start_run(run)
    assert kill(processes(run)[1], signal.SIGKILL)
    assert ended(run) == ("error", 7)
    assert by_stream(run) == (flood_of(1, 20_000), flood_of(2, 20_000))


def test_both_killed_keep_what_came_before(script: Callable[..., Run], tmp_path: Path) -> None:
    """What is in the pipes then has no owner; what was taken is on disk and true."""
    run = script(FLOOD, str(tmp_path / "said"), "10000000")
    start_run(run)
    supervisor, keeper, command = processes(run)
    wait_until(lambda: output(run).size_bytes > 3_000_000)
    for identity in (keeper, supervisor):
        os.kill(identity.pid, signal.SIGSTOP)
    said_bytes = output(run).size_bytes
    for identity in (keeper, supervisor):
        kill(identity, signal.SIGKILL)
    assert wait_for_exit(command, 60)  # by SIGPIPE, as it has no reader any more
    assert read_status(run).name == "terminated"
    found = by_stream(run)
    whole = flood_of(1, 200_000), flood_of(2, 200_000)
    assert sum(map(len, found)) >= said_bytes
    assert len(text_of(run)) == sum(map(len, found))
    # All but what came in the very last portion has its true stream.
    indexed = output(run).line_count
    last = [line for line in output(run).lines() if line.number < indexed]
    for stream in (STDOUT, STDERR):
        data = b"".join(line.data for line in last if line.stream == stream)
        assert whole[stream].startswith(data.rpartition(b"\n")[0])


def test_a_supervisor_killed_while_it_stops_is_succeeded(
    script: Callable[..., Run], tmp_path: Path
) -> None:
    run = script(
        "import signal\n"
        "say = lambda number, _: os.write(1, b'%d\\n' % number)\n"
        "for number in (2, 15): signal.signal(number, say)\n"
        "os.write(1, b'ready\\n')\n"
        "while True: signal.pause()"
    )
    start_run(run)
    wait_until(lambda: output(run).line_count == 1)
    request = {"by": "test", "asked_us": 1, "grace_s": 0.3}
    Path(run_meta_path(run, "proc", "stop")).write_text(json.dumps(request))
    supervisor = processes(run)[0]
    kill(supervisor, signal.SIGTERM)
    wait_until(lambda: output(run).line_count >= 2)
    kill(supervisor, signal.SIGKILL)
    status = wait_for_run(run)
    assert status.name == "terminated"
    assert "stopped by test" in status.reason
    ended(run)


def test_a_supervisor_killed_before_the_command_leaves_a_staged_run(
    staged: Callable[..., Run],
) -> None:
    """Killed where it waits for a reader of the log, which is before the command starts."""
    run = staged("echo hi")
    log = Path(run_meta_path(run, "log", "runner"))
    before = log.read_bytes()
    log.unlink()
    os.mkfifo(log)
    process = subprocess.Popen(supervisor_command(run.meta_dir), stdout=subprocess.PIPE)
    reserve = Path(run_meta_path(run, "proc", "reserve"))
    wait_until(reserve.exists)
    kill(processes(run)[0], signal.SIGKILL)
    said, _ = process.communicate()
    assert said.startswith(b"refused the supervisor was killed")
    assert not reserve.exists()
    log.unlink()
    log.write_bytes(before)
    assert read_status(run).name == "staged"
    start_run(run)
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"hi\n"


def test_a_claim_of_the_dead_is_replaced(staged: Callable[..., Run]) -> None:
    run = staged("echo hi")
    write_processes(run, "supervisor", dead_identity(), dead_identity())
    start_run(run)
    assert ended(run) == ("completed", 0)


def test_the_keeper_of_a_refused_supervisor_leaves_the_run_to_the_other(
    script: Callable[..., Run], tmp_path: Path
) -> None:
    """Killed while it waits for the lock, before it knows that the run is another one's."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("print('first', flush=True); open(sys.argv[1]).read(); print('last')", str(go_on))
    start_run(run)
    wait_until(lambda: output(run).line_count == 1)
    with Path(run_meta_path(run, "__schema__")).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(supervisor_command(run.meta_dir), stdout=subprocess.PIPE)
        wait_until(lambda: bool(children(second.pid)))
        os.kill(children(second.pid)[0], signal.SIGKILL)
        said, _ = second.communicate()
    assert said.startswith(b"refused ")
    assert Path(run_meta_path(run, "proc", "reserve")).exists()
    assert all(map(is_alive, processes(run)))
    go_on.write_text("")
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"first\nlast\n"
