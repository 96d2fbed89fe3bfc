"""Whoever is killed, and whenever: every run is listed with a true status, and a new one works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gage._internal.process.ending import kill
from gage._internal.process.identity import Identity, is_alive
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.status import live_command, live_processes, live_supervisors, read_status
from gage._internal.running.runner import stop_run
from gage._internal.staging.staging import PHASES_OF_STAGING
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import list_runs
from tests.making import ended, meta, staged, wait_until

ROOT = Path(__file__).parents[2]
PHASE_NAMES = [name for name, _ in PHASES_OF_STAGING]

# What a caller does, in steps with names; it is killed when it comes to the one that it is told.
CALLER = """
import os, signal, sys
from gage._internal.record import run_meta
from gage._internal.run_util import *
from gage._internal.types import *

project, home, fatal = sys.argv[1:]
def come_to(step):
    if step == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

come_to("make")
run = make_run(home)
come_to("initialise")
data = {"exec": {}, "config": "train.py"}
if fatal.startswith("in "):
    data["exec"][fatal[3:]] = f"touch $RUN_DIR/half; kill -9 {os.getpid()}; sleep 0.1"
def count_files():
    come_to("middle of initialise")
    return 17
if fatal == "middle of initialise":
    run_meta.write_definition(
        run, OpRef("test", "op"), OpDef("op", data), {}, OpCmd("sleep 1000", {}), count_files)
init_run_meta(run, OpRef("test", "op"), OpDef("op", data), {"x": 2}, OpCmd("sleep 1000", {}))
stage_run(project, run, on_phase=come_to)
come_to("start")
start_run(run)
come_to("wait")
wait_for_run(run)
"""

_STEPS: list[tuple[str, str | None, str]] = [
    ("make", None, ""),
    ("initialise", "pending", "not initialised"),
    ("middle of initialise", "pending", "not initialised"),
    *((name, "pending", "not staged") for name in PHASE_NAMES),
    *((f"in {name}", "pending", "not staged") for name in ("copy-sourcecode", "resolve-deps")),
    ("start", "staged", ""),
    ("wait", "running", ""),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with a completed run; what still runs at the end of the test is killed."""
    home = tmp_path / "runs"
    ended(home, "echo before")
    yield home
    for run in list_runs(str(home)):
        for identity in live_processes(run):
            kill(identity, signal.SIGKILL)


def check_store(store: Path, project: Path) -> None:
    """The run from before is as it was, and a new one works."""
    *_, first = list_runs(str(store))
    assert (first.status, first.last_lines()) == ("completed", "before")
    new = RecordedRun.of(ended(store, "cat train.py", project=project))
    assert (new.status, new.last_lines()) == ("completed", "x = 1")
    assert new.verify() == []


@pytest.mark.parametrize(
    ("step", "status", "reason"), _STEPS, ids=[step.replace(" ", "-") for step, _, _ in _STEPS]
)
def test_a_caller_is_killed(
    project: Path, store: Path, step: str, status: str | None, reason: str
) -> None:
    (project / "train.py").write_text("x = 1\n")

    caller = subprocess.run(
        [sys.executable, "-c", CALLER, str(project), str(store), step],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert caller.returncode == -signal.SIGKILL, caller.stderr.decode()
    runs = list_runs(str(store))
    found = [(run.status, run.full_status.reason.partition(":")[0]) for run in runs[:-1]]
    assert found == ([] if status is None else [(status, reason)])
    check_store(store, project)
    if status == "staged":
        runs[0].start()
    if status in {"staged", "running"}:
        assert runs[0].stop(grace_s=0.2).name == "terminated"
        assert runs[0].verify() == []


# The supervisor, its keeper, the command

_WHO = ("supervisor", "keeper", "command")
_KILLED = [("supervisor",), ("keeper",), ("supervisor", "keeper"), ("command",), _WHO]


def processes(run: RecordedRun) -> dict[str, Identity]:
    command = live_command(run)
    assert command is not None
    return dict(zip(_WHO, (*live_supervisors(run), command), strict=True))


@pytest.mark.parametrize("killed", _KILLED, ids="+".join)
def test_processes_of_a_running_run_are_killed(
    project: Path, store: Path, tmp_path: Path, killed: tuple[str, ...]
) -> None:
    (project / "train.py").write_text("x = 1\n")
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    command = f"echo first; read line < {go_on}; echo $line; echo made > made"
    run = RecordedRun.of(staged(store, command, project=project))
    run.start()
    wait_until(lambda: run.output().line_count == 1)
    found = processes(run)

    # Stopped first, so that none can do anything about the death of another.
    for who in killed:
        assert kill(found[who], signal.SIGSTOP)
    for who in killed:
        assert kill(found[who], signal.SIGKILL)
    wait_until(lambda: not any(is_alive(found[who]) for who in killed))

    if "command" in killed:
        wait_until(lambda: not live_processes(run))
        assert run.status == "terminated"
        assert run.last_lines() == "first"
    else:
        assert run.status == "running"
        go_on.write_text("last\n")
        wait_until(lambda: not live_processes(run))
        assert_ended(run, supervised={"supervisor", "keeper"} - set(killed) != set())
    check_store(store, project)


def assert_ended(run: RecordedRun, *, supervised: bool) -> None:
    if supervised:
        # Without its supervisor, the exit code is known where the keeper inherits orphans.
        known = sys.platform.startswith("linux")
        assert run.status in ({"completed"} if known else {"completed", "terminated"})
        assert run.last_lines() == "first\nlast"
        assert [entry.path for entry in run.manifest] == ["train.py", "made"]
        assert run.timestamp("stopped") is not None
    else:
        assert run.full_status == (
            "terminated",
            "its processes are gone and left no exit code",
            None,
        )
        assert run.last_lines() == "first"


@pytest.mark.parametrize("killed", _KILLED[:3], ids="+".join)
def test_supervisors_are_killed_while_they_finalise(
    project: Path, store: Path, tmp_path: Path, killed: tuple[str, ...]
) -> None:
    (project / "train.py").write_text("x = 1\n")
    ready, go_on = tmp_path / "ready", tmp_path / "go-on"
    os.mkfifo(ready)
    os.mkfifo(go_on)
    finalize = f"test -e {tmp_path}/again && exit 0; echo > {ready}; read line < {go_on}"
    run = RecordedRun.of(
        staged(store, "echo made > made", {"exec": {"finalize-run": finalize}}, project)
    )
    run.start()
    ready.read_text()
    (tmp_path / "again").touch()
    supervisor, keeper = live_supervisors(run)
    found = {"supervisor": supervisor, "keeper": keeper}

    for who in reversed(killed):
        assert kill(found[who], signal.SIGKILL)
    wait_until(lambda: not any(is_alive(found[who]) for who in killed))
    pipe = os.open(go_on, os.O_RDWR)  # whether or not anybody reads it
    os.write(pipe, b"\n")
    wait_until(lambda: not live_processes(run))
    os.close(pipe)

    status = run.full_status
    assert (status.name, status.exit_code) == ("completed", 0)
    if len(killed) == 1:
        assert status.reason == ""
        assert [entry.path for entry in run.manifest] == ["train.py", "made"]
        assert run.verify() == []
    else:
        assert status.reason == "not finalised"
    check_store(store, project)


STARTER = (
    "import sys; from gage._internal.run_util import *; start_run(run_for_meta_dir(sys.argv[1]))"
)


def start_and_kill(run: RecordedRun, yields: int) -> None:
    """Start a run in a process of its own, and kill all that has it a little later."""
    caller = subprocess.Popen(
        [sys.executable, "-c", STARTER, run.meta_dir], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    claim = meta(run, "proc", "supervisor")
    wait_until(lambda: claim.exists() or caller.poll() is not None)
    for _ in range(yields):
        os.sched_yield()
    for identity in reversed(live_processes(run)):
        kill(identity, signal.SIGKILL)
    caller.wait()
    wait_until(lambda: not live_processes(run))


def test_all_are_killed_at_any_moment(project: Path, store: Path) -> None:
    """A run that is over in a moment, killed as a whole ever a little later."""
    (project / "train.py").write_text("x = 1\n")
    runs = []
    for number in range(25):
        run = RecordedRun.of(staged(store, "echo hi; echo made > made", project=project))
        start_and_kill(run, number * 200)
        runs.append(run)

    for run in runs:
        status = run.full_status
        assert status.name in {"staged", "completed", "terminated"}, status
        if status.name == "staged":
            run.start()
            run.wait()
            assert run.last_lines() == "hi"
    check_store(store, project)


def test_a_killed_run_can_be_finalised_by_stopping_it(store: Path) -> None:
    run = RecordedRun.of(staged(store, "echo made > made; exec sleep 1000"))
    run.start()
    wait_until((Path(run.run_dir) / "made").exists)
    supervisor, keeper = live_supervisors(run)
    for identity in (keeper, supervisor):
        kill(identity, signal.SIGKILL)
    wait_until(lambda: not live_supervisors(run))

    stop_run(run, grace_s=0.2)

    assert read_status(run).name == "terminated"
    assert [entry.path for entry in run.manifest] == ["made"]
    assert read_timestamp(run, "stopped") is not None


# Many at once

FIFTY = """
import sys
from concurrent.futures import ThreadPoolExecutor
import gage

def run(number):
    return gage.run("train.py", {"x": number}, label=f"{sys.argv[1]}-{number}").status

with ThreadPoolExecutor(25) as pool:
    print(*pool.map(run, range(25)))
"""


def test_fifty_runs_started_at_once_from_two_processes(project: Path, runs_home: Path) -> None:
    (project / "train.py").write_text("x = 0\nprint('x is', x)\n")

    callers = [
        subprocess.Popen(
            [sys.executable, "-c", FIFTY, name],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    said = [caller.communicate()[0].split() for caller in callers]

    assert said == [["completed"] * 25] * 2
    runs = list_runs(str(runs_home))
    assert len({run.id for run in runs}) == len(runs) == 50
    assert {run.status for run in runs} == {"completed"}
    assert {run.label for run in runs} == {f"{name}-{n}" for name in "ab" for n in range(25)}
    for run in runs:
        number = str(run.label).partition("-")[2]
        assert run.last_lines() == f"x is {number}"
        assert run.verify() == []
