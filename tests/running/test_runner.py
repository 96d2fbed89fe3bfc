"""A run is started once, waited for by anybody, stopped on purpose."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.errors import PhaseError, RunFailed, RunStateError
from gage._internal.process.ending import kill
from gage._internal.process.identity import identity_of, is_alive
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import read_timestamp, run_for_meta_dir, write_timestamp
from gage._internal.record.status import (
    live_command,
    live_processes,
    live_supervisors,
    read_exit_code,
    read_status,
)
from gage._internal.running.runner import check_run, last_lines, start_run, stop_run, wait_for_run
from gage._internal.types import Command, Run
from tests.making import dead_identity, ended, meta, staged, wait_until, write_processes

ROOT = Path(__file__).parents[2]
SLEEP: Command = ["sleep", "1000"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Make staged runs; what still runs at the end of the test is killed."""
    made: list[Run] = []

    def staged_run(args: Command = SLEEP) -> Run:
        run = staged(tmp_path / "runs", args)
        made.append(run)
        return run

    yield staged_run
    for run in made:
        for identity in live_processes(run):
            kill(identity, signal.SIGKILL)


def python(text: str, *args: str) -> subprocess.Popen[str]:
    """Start a process of this project."""
    return subprocess.Popen(
        [sys.executable, "-c", text, *args],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Starting


def test_a_run_is_started_once(make: Callable[..., Run]) -> None:
    run = make()
    start_run(run)

    with pytest.raises(RunStateError, match="is running: only a staged run can be started"):
        start_run(run)

    assert read_status(run).name == "running"


def test_a_run_that_has_ended_is_not_started_again(tmp_path: Path) -> None:
    run = ended(tmp_path, "exit 3")

    with pytest.raises(RunStateError, match="is error"):
        start_run(run)


STARTER = """
import sys
from gage._internal.errors import RunStateError
from gage._internal.record.run_meta import run_for_meta_dir
from gage._internal.running.runner import start_run

for line in sys.stdin:
    try:
        start_run(run_for_meta_dir(line.strip()))
        print("started", flush=True)
    except RunStateError:
        print("refused", flush=True)
"""


def test_of_several_processes_that_start_one_run_one_does(
    make: Callable[..., Run], tmp_path: Path
) -> None:
    """All find it staged, and wait for the lock of the claim, which is ours."""
    run = make(["sh", "-c", f"echo x >> {tmp_path}/count"])
    callers = [python(STARTER) for _ in range(4)]

    with meta(run, "__schema__").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for caller in callers:
            assert caller.stdin is not None
            caller.stdin.write(f"{run.meta_dir}\n")
            caller.stdin.flush()
        wait_until(lambda: waiting_for(lock.fileno()) == 4)
    said = [caller.communicate()[0].strip() for caller in callers]

    wait_for_run(run)
    assert sorted(said) == ["refused"] * 3 + ["started"]
    assert (tmp_path / "count").read_text() == "x\n"


def waiting_for(fd: int) -> int:
    """Return how many processes wait for the lock of a file."""
    inode = os.fstat(fd).st_ino
    lines = Path("/proc/locks").read_text().splitlines()
    return sum(" -> " in line and f":{inode} " in line for line in lines)


def test_a_run_that_starts_cannot_be_started(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make()
    monkeypatch.chdir(Path(run.run_dir).parent)  # as its supervisor is
    write_processes(run, "supervisor", identity_of(os.getpid()))

    with pytest.raises(RunStateError, match="only a staged run"):
        start_run(run)

    meta(run, "proc", "supervisor").unlink()


# Waiting


def test_waiting_gives_up_after_its_time(make: Callable[..., Run]) -> None:
    run = make()
    start_run(run)

    assert wait_for_run(run, timeout_s=0.01).name == "running"


def test_several_can_wait_for_a_run(make: Callable[..., Run], tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = make(["cat", str(go_on)])
    start_run(run)
    program = (
        "import sys; from gage._internal.record.run_meta import run_for_meta_dir; "
        "from gage._internal.running.runner import wait_for_run; "
        "print('waiting', flush=True); print(wait_for_run(run_for_meta_dir(sys.argv[1])).name)"
    )
    others = [python(program, run.meta_dir) for _ in range(2)]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "waiting\n"

    go_on.write_text("")

    assert wait_for_run(run).name == "completed"
    assert [other.communicate()[0] for other in others] == ["completed\n"] * 2


def test_nobody_waits_for_a_run_that_was_not_started(make: Callable[..., Run]) -> None:
    with pytest.raises(RunStateError, match="is staged: nothing to wait for"):
        wait_for_run(make())


def test_an_interrupt_ends_the_waiting_and_not_the_run(make: Callable[..., Run]) -> None:
    run = make()
    start_run(run)

    def wait() -> None:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        wait_for_run(run)

    with pytest.raises(KeyboardInterrupt):
        wait()

    assert read_status(run).name == "running"


def test_no_zombies_are_left(tmp_path: Path) -> None:
    for _ in range(3):
        ended(tmp_path)
    last = ended(tmp_path)

    wait_until(lambda: not live_processes(last))
    wait_for_run(last)

    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    states = [
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in children
    ]
    assert "Z" not in states


# Stopping


def test_a_stop_is_recorded_with_who_asked(make: Callable[..., Run]) -> None:
    run = make()
    start_run(run)

    status = stop_run(run, by="teacher", grace_s=0.2)

    assert status.name == "terminated"
    assert status.reason.startswith("stopped by teacher")
    assert read_timestamp(run, "stopped") is not None
    wait_until(lambda: not live_processes(run))


def test_a_run_that_has_ended_keeps_its_status(tmp_path: Path) -> None:
    run = ended(tmp_path)

    assert stop_run(run).name == "completed"
    assert read_text(run, "proc", "stop") is None


def test_a_run_that_was_not_started_cannot_be_stopped(make: Callable[..., Run]) -> None:
    run = make()

    with pytest.raises(RunStateError, match="is staged: there is nothing to stop"):
        stop_run(run)

    assert read_text(run, "proc", "stop") is None


def test_a_request_that_comes_when_the_command_has_ended_does_not_end_it(tmp_path: Path) -> None:
    """Asked while the command `finalize-run` runs: the run has completed by itself."""
    ready, go_on = tmp_path / "ready", tmp_path / "go-on"
    os.mkfifo(ready)
    os.mkfifo(go_on)
    command = f"trap '' INT TERM; echo > {ready}; cat {go_on}"
    run = staged(tmp_path / "runs", data={"exec": {"finalize-run": command}})
    start_run(run)
    ready.read_text()
    program = (
        "import sys; from gage._internal.record.run_meta import run_for_meta_dir; "
        "from gage._internal.running.runner import stop_run; "
        "print(stop_run(run_for_meta_dir(sys.argv[1])).name)"
    )
    other = python(program, run.meta_dir)
    wait_until(meta(run, "proc", "stop").exists)

    go_on.write_text("")
    other.communicate()

    wait_until(lambda: not live_processes(run))
    assert read_status(run).name == "completed"


def test_a_run_without_its_supervisors_can_be_stopped(make: Callable[..., Run]) -> None:
    run = make()
    start_run(run)
    supervisor, keeper = live_supervisors(run)
    command = live_command(run)
    assert command is not None
    for identity in (keeper, supervisor):
        kill(identity, signal.SIGKILL)
    wait_until(lambda: not live_supervisors(run))
    assert read_status(run).name == "running"

    status = stop_run(run, by="teacher", grace_s=0.2)

    assert (status.name, status.reason) == ("terminated", "stopped by teacher")
    assert not is_alive(command)
    assert read_timestamp(run, "stopped") is not None


# Failing


def test_a_completed_run_passes_the_check(tmp_path: Path) -> None:
    check_run(ended(tmp_path))


def test_a_failed_run_raises_with_its_evidence(tmp_path: Path) -> None:
    run = ended(tmp_path, "echo one; echo two >&2; exit 3")

    with pytest.raises(RunFailed, match=r"error \(exit code 3\)") as caught:
        check_run(run, hint="try x")

    error = caught.value
    assert (error.run_name, error.status, error.exit_code) == (run.name, "error", 3)
    assert sorted(error.tail.splitlines()) == ["one", "two"]
    assert "try x" in str(error)


def test_a_damaged_run_raises_its_damage(tmp_path: Path) -> None:
    run = ended(tmp_path)
    meta(run, "__schema__").write_text("2")

    with pytest.raises(RunFailed, match=r"damaged.*version 1"):
        check_run(run)


def test_the_last_lines_are_text_whatever_was_printed(tmp_path: Path) -> None:
    run = ended(tmp_path, "seq 1000; printf 'no end \\377'")

    assert last_lines(run, 2) == "1000\nno end \ufffd"
    assert last_lines(staged(tmp_path)) == ""


def test_the_last_lines_of_a_run_that_never_began_are_of_its_staging(project: Path) -> None:
    (project / "gage.toml").write_text(
        '[op]\nexec = {run = "true", stage-runtime = "echo no; false"}\n'
    )

    with pytest.raises(PhaseError):
        gage.run("op")

    assert last_lines(gage.find()) == "no"


def test_of_a_line_that_was_written_anew_the_last_is_shown(tmp_path: Path) -> None:
    run = ended(tmp_path, r"printf 'begin\n\r 10%%\r 50%%\r100%%\nwindows\r\nopen 1\ropen 2\r'")

    assert last_lines(run) == "begin\n100%\nwindows\nopen 2"


def test_a_run_is_the_one_of_its_side_car(tmp_path: Path) -> None:
    run = ended(tmp_path)

    assert wait_for_run(run_for_meta_dir(run.meta_dir)).name == "completed"


def test_an_end_without_processes_is_waited_for_no_longer(tmp_path: Path) -> None:
    run = staged(tmp_path)
    write_timestamp(run, "started", 1)
    write_processes(run, "supervisor", dead_identity())

    assert wait_for_run(run).name == "terminated"


def test_a_running_run_whose_side_car_was_damaged_is_waited_for_and_stopped(
    tmp_path: Path,
) -> None:
    run = staged(tmp_path, "echo begun; exec sleep 1000")
    start_run(run)
    meta(run, "opref").unlink()
    assert read_status(run).name == "damaged"

    assert wait_for_run(run, 0.1).name == "damaged"
    assert live_processes(run)
    stop_run(run, grace_s=0.2)

    assert not live_processes(run)


def test_a_run_that_moves_its_directory_away_is_running_until_it_ends(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = staged(tmp_path, f"mv $RUN_DIR {tmp_path}/away; read line < {go_on}; exit 3")
    start_run(run)
    wait_until((tmp_path / "away").exists)
    assert read_status(run).name == "running"

    go_on.write_text("line\n")
    status = wait_for_run(run)

    assert (status.name, read_exit_code(run)) == ("damaged", 3)
    assert "the run directory is missing" in status.reason
