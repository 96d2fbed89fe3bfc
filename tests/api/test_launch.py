"""From an operation to a recorded run, told to whoever wants to see it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gage._internal.api.launch import launch
from gage._internal.api.observer import Observer
from gage._internal.errors import PhaseError, StoreError
from gage._internal.process.identity import identity_of
from gage._internal.record.run_meta import read_attrs, read_timestamp
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import live_processes, read_status
from gage._internal.running.runner import stop_run, wait_for_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.staging.staging import PHASES_OF_STAGING
from gage._internal.store.store import list_runs
from gage._internal.types import Command, OpCmd, OpDef, Operation, OpRef, Run
from tests.making import wait_until

ROOT = Path(__file__).parents[2]
PHASE_NAMES = [name for name, _ in PHASES_OF_STAGING]


def operation(
    project: Path,
    args: Command = "true",
    data: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Operation:
    opdef = OpDef("op", data or {})
    return Operation(OpRef("test", "op"), opdef, OpCmd(args, {}), {}, str(project), notes=notes)


class Told(Observer):
    """An observer that hands on what it is told, with a supervisor and recordings of its own."""

    def __init__(
        self,
        tell: Callable[[str, Run], object] = lambda _, __: None,
        supervisor: WaitingSupervisor | None = None,
        recordings: Sequence[Answer] = (),
    ) -> None:
        self.event = tell  # type: ignore[method-assign,assignment]
        self._supervisor = supervisor
        self._recordings = recordings

    def supervisor(self) -> WaitingSupervisor | None:
        return self._supervisor

    def recordings(self) -> Sequence[Answer]:
        return self._recordings


class Answer:
    """A recording with a given answer that notes what is done with it."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer
        self.done: list[str] = []

    def collect(self, deadline_s: float) -> dict[str, Any]:
        assert 0 <= deadline_s <= 0.2
        self.done.append("collect")
        return self.answer

    def cancel(self) -> None:
        self.done.append("cancel")


def test_a_launched_run_ends(project: Path, runs_home: Path) -> None:
    run = launch(operation(project, "exit 3"), str(runs_home), Observer())

    assert wait_for_run(run).exit_code == 3
    assert [found.id for found in list_runs(str(runs_home))] == [run.id]


def test_every_step_is_told_with_the_run(project: Path, runs_home: Path) -> None:
    told: list[tuple[str, str, str]] = []

    def tell(event: str, run: Run) -> None:
        told.append((event, read_status(run).name, run.id))

    run = launch(operation(project, ["sleep", "1000"]), str(runs_home), Told(tell))

    stop_run(run, grace_s=0.2)
    assert [event for event, _, _ in told] == ["made", *PHASE_NAMES, "started"]
    assert {id_ for _, _, id_ in told} == {run.id}
    assert [status for _, status, _ in told] == ["pending"] * 6 + ["running"]


def test_a_run_that_is_only_staged_is_not_started(project: Path, runs_home: Path) -> None:
    told: list[str] = []

    run = launch(
        operation(project),
        str(runs_home),
        Told(lambda event, _: told.append(event)),
        stage_only=True,
    )

    assert read_status(run).name == "staged"
    assert "started" not in told
    assert "packages" in read_attrs(run, "sys")


def test_attributes_notes_and_recordings_are_kept(project: Path, runs_home: Path) -> None:
    answer = Answer(weather={"sky": "blue"})

    run = launch(
        operation(project, notes=("a note",)),
        str(runs_home),
        Told(recordings=[answer]),
        user_attrs={"label": "x", "tags": ["a"]},
        system_attrs={"season": "spring"},
    )

    assert read_attrs(run, "user") == {"label": "x", "tags": ["a"]}
    assert set(read_attrs(run, "sys")) == {
        *("git", "packages", "platform", "project", "python", "season", "weather"),
    }
    assert read_notes(run) == ["a note"]
    assert answer.done[0] == "collect"


def test_no_variable_of_the_environment_goes_to_disk(
    project: Path, runs_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2-hunter2")

    run = launch(
        operation(project, "test $MY_SECRET = hunter2-hunter2"), str(runs_home), Observer()
    )

    assert wait_for_run(run).name == "completed"
    held = [path for path in Path(run.meta_dir).rglob("*") if path.is_file()]
    secret = b"hunter2-hunter2"
    assert all(
        secret not in path.read_bytes() for path in held if path.name not in {"cmd", "runner"}
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"exec": {"init-runtime": "exit 2"}}, PhaseError),
        ({"depends": "none"}, Exception),
    ],
    ids=["phase", "dependency"],
)
def test_a_run_that_cannot_be_staged_stays_listed_and_leaves_no_process(
    project: Path, runs_home: Path, data: dict[str, Any], error: type[Exception]
) -> None:
    supervisor, answer = WaitingSupervisor(), Answer()

    with pytest.raises(error):
        launch(
            operation(project, data=data),
            str(runs_home),
            Told(supervisor=supervisor, recordings=[answer]),
        )

    (run,) = list_runs(str(runs_home))
    assert run.status == "error"
    assert answer.done == ["cancel"]
    wait_until(lambda: has_ended(supervisor._pid))


def has_ended(pid: int) -> bool:
    """Return whether there is no such process any more, or nothing but its exit code."""
    try:
        identity_of(pid)
    except ProcessLookupError:
        return True
    return False


def test_a_home_that_cannot_be_one_is_said_before_anything_runs(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="GAGE_RUNS"):
        launch(operation(project), str(tmp_path / "file"), Observer())


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("event", ["made", *PHASE_NAMES])
def test_an_interrupt_while_it_is_staged_leaves_no_live_run(
    project: Path, runs_home: Path, event: str
) -> None:
    def tell(told: str, _: Run) -> None:
        if told == event:
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        launch(operation(project), str(runs_home), Told(tell))

    (run,) = list_runs(str(runs_home))
    assert run.full_status.reason.startswith("interrupted while it was staged")
    assert not live_processes(run)


class Interrupter:
    """Interrupts this process at one of the moments that Python tells of: a file opened, made."""

    def __init__(self) -> None:
        self._left = -1
        sys.addaudithook(self._count)  # it stays for ever, so there is one for all tests

    def arm(self, moment: int) -> None:
        self._left = moment

    def disarm(self) -> bool:
        """Return whether the moment came."""
        came, self._left = self._left < 0, -1
        return came

    def _count(self, event: str, about: tuple[Any, ...]) -> None:
        # Elsewhere than in the main thread, it is not known where that would be interrupted.
        if self._left < 0 or threading.current_thread() is not threading.main_thread():
            return
        if event in {"open", "os.mkdir", "os.rename", "os.listdir", "import"}:
            self._left -= 1
            if self._left < 0:
                interrupt()


@pytest.fixture(scope="module")
def interrupter() -> Interrupter:
    return Interrupter()


@pytest.mark.parametrize("stage_only", [False, True], ids=["to be started", "only staged"])
def test_wherever_an_interrupt_comes_no_run_is_left_half_made(
    project: Path, runs_home: Path, interrupter: Interrupter, stage_only: bool
) -> None:
    (project / "hi.txt").write_text("hi")
    moment, came = 0, True
    while came:
        interrupter.arm(moment)
        with contextlib.suppress(KeyboardInterrupt):
            launch(operation(project), str(runs_home), Observer(), stage_only=stage_only)
        came = interrupter.disarm()
        moment += 1

    runs = list_runs(str(runs_home))
    statuses = {wait_for_run(run).name for run in runs if run.status != "staged"}
    left = [run for run in runs if run.status == "staged"]

    assert moment > len(PHASE_NAMES)
    assert statuses <= {"terminated", "completed"}
    assert len(left) <= stage_only  # the last one, which nothing interrupted


def test_an_interrupt_once_it_has_started_stops_it(project: Path, runs_home: Path) -> None:
    def tell(told: str, _: Run) -> None:
        if told == "started":
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        launch(operation(project, ["sleep", "1000"]), str(runs_home), Told(tell))

    (run,) = list_runs(str(runs_home))
    assert run.full_status.reason == "stopped by interrupt, ended by signal SIGINT"
    wait_until(lambda: not live_processes(run))


def test_an_interrupt_while_it_starts_stops_it(project: Path, runs_home: Path) -> None:
    """The caller is interrupted while its supervisor is held up before it takes the run."""
    program = (
        "import os, sys\n"
        "from gage._internal.api.launch import launch\n"
        "from gage._internal.api.observer import Observer\n"
        "from gage._internal.types import *\n"
        "operation = Operation(\n"
        "    OpRef('test', 'op'), OpDef('op', {}), OpCmd(['sleep', '1000'], {}), {}, sys.argv[1])\n"
        "class Told(Observer):\n"
        "    def event(self, event, run):\n"
        "        if event == 'finalize-staged':\n"
        "            print(run.meta_dir, flush=True)\n"
        "            sys.stdin.readline()\n"
        "launch(operation, sys.argv[2], Told())\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", program, str(project), str(runs_home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert caller.stdin is not None
    assert caller.stdout is not None
    caller.stdout.readline()
    (run,) = list_runs(str(runs_home))
    # The lock of the claim is ours: the supervisor waits for it, and the caller for its answer.
    with Path(run.meta_dir, "__schema__").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        caller.stdin.write("\n")
        caller.stdin.flush()
        wait_until(lambda: read_timestamp(run, "staged") is not None)
        wait_until(lambda: _waits_for_pipe(caller.pid))
        caller.send_signal(signal.SIGINT)
    _, said = caller.communicate()

    assert "KeyboardInterrupt" in said
    status = wait_for_run(run)
    assert status.name == "terminated"
    assert "stopped by interrupt" in status.reason
    wait_until(lambda: not live_processes(run))


def _waits_for_pipe(pid: int) -> bool:
    return Path(f"/proc/{pid}/wchan").read_text() in {"pipe_read", "anon_pipe_read"}


def test_an_interrupt_while_its_system_is_recorded_stops_it(project: Path, runs_home: Path) -> None:
    class Interrupting(Answer):
        def collect(self, deadline_s: float) -> dict[str, Any]:
            interrupt()
            return super().collect(deadline_s)

    with pytest.raises(KeyboardInterrupt):
        launch(
            operation(project, ["sleep", "1000"]),
            str(runs_home),
            Told(recordings=[Interrupting()]),
        )

    (run,) = list_runs(str(runs_home))
    assert run.full_status.reason == "stopped by interrupt, ended by signal SIGINT"
