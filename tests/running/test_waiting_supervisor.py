"""The supervisor that a command line forks is as safe as one that was started anew."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.process.ending import kill
from gage._internal.process.identity import is_alive
from gage._internal.record.status import live_processes, live_supervisors
from gage._internal.store.recorded_run import RecordedRun
from tests.making import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys\nprint('begin', flush=True)\nprint(open({!r}).read())\nsys.exit(7)\n"

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def script() -> str:
    """The name of a script that no other process of this machine has in its command line."""
    return f"wait-{secrets.token_hex(8)}.py"


@pytest.fixture
def go_on(project: Path, tmp_path: Path, script: str) -> Path:
    """A pipe that the project's script reads from, to exit with code 7."""
    pipe = tmp_path / "go-on"
    os.mkfifo(pipe)
    (project / script).write_text(PROGRAM.format(str(pipe)))
    return pipe


@pytest.fixture
def start(project: Path, runs_home: Path, script: str) -> Iterator[Start]:
    """Start `gage run` with the script; what still runs at the end of the test is killed."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    callers = []

    def call() -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "gage", "run", script]
        callers.append(
            subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
        return callers[-1]

    yield call
    for run in gage.runs():
        for identity in live_processes(run):
            kill(identity, signal.SIGKILL)
    for caller in callers:
        caller.kill()
        caller.communicate()


def started_run() -> RecordedRun:
    """Return the run when its supervisor has taken it."""
    wait_until(lambda: gage.runs() and len(live_supervisors(gage.find())) == 2)
    return gage.find()


def assert_recorded(run: RecordedRun) -> None:
    wait_until(lambda: run.timestamp("stopped") is not None)
    assert run.full_status.exit_code == 7
    assert run.last_lines() == "begin\nthe end"


def with_words(words: bytes) -> list[int]:
    """Return the processes whose command line holds words, as `pkill -f` finds them."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if entry.name.isdecimal() and words in line:
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process rename itself")
def test_killing_gage_run_by_its_words_kills_no_run(start: Start, go_on: Path, script: str) -> None:
    caller = start()
    run = started_run()
    wait_until(lambda: run.output().line_count == 1)

    found = with_words(b"gage run %b" % script.encode())
    assert found == [caller.pid]
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    caller.communicate()

    assert run.status == "running"
    go_on.write_text("the end")
    assert_recorded(run)


@pytest.mark.parametrize("yields", [1, 50, 100, 200, 400, 800])
def test_a_forked_supervisor_that_is_killed_at_once_loses_nothing(
    start: Start, go_on: Path, yields: int
) -> None:
    """Ever a little later in its first moments; the run was not started, or it has its end."""
    caller = start()
    run = started_run()
    supervisor = live_supervisors(run)[0]
    for _ in range(yields):
        os.sched_yield()

    kill(supervisor, signal.SIGKILL)

    wait_until(lambda: not is_alive(supervisor))
    wait_until(lambda: run.timestamp("started") is not None or not live_supervisors(run))
    if run.timestamp("started") is None:
        caller.communicate()
        assert (run.status, caller.returncode) == ("staged", 125)
        run.start()
    go_on.write_text("the end")
    assert_recorded(run)
    if caller.returncode is None:
        caller.communicate()
        assert caller.returncode == 7
