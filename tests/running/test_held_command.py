"""A command that is started before its run is staged runs nothing before, and nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gage._internal.process.ending import kill
from gage._internal.process.identity import Identity, identity_of, is_alive, stat_of
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.status import live_processes, read_status
from gage._internal.running.held_command import GATE, can_be_held
from gage._internal.running.pipes import NotedStart, Pipes
from gage._internal.running.runner import last_lines, start_run, stop_run, wait_for_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from tests.making import wait_until

WORDS = ["python", "program.py", "a b", ""]
PROGRAM = f"""
import os, sys
print(sys.argv[1:], os.getcwd() == os.path.realpath(os.environ["RUN_DIR"]), {GATE!r} in os.environ)
try:
    os.fstat(4)
except OSError:
    print("no descriptor")
"""
SAID = "['a b', ''] True False\nno descriptor"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run that was only made; what is left of it at the end of the test is stopped."""
    made = make_run(str(tmp_path / "runs"))
    yield made
    if live_processes(made):
        stop_run(made, grace_s=0)


def stage(run: Run, words: list[str] = WORDS, program: str = PROGRAM) -> None:
    init_run_meta(run, OpRef("test", "op"), OpDef("op", {}), {}, OpCmd(words, {}))
    (Path(run.run_dir) / "program.py").write_text(program)
    finalize_staged_run(run)


def held(run: Run) -> Identity:
    """Return the process of a command, once it waits at its gate."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = with_environment(f"RUN_ID={run.id}", f"{GATE}=")
        return bool(found) and waits(found[0])

    wait_until(is_there)
    return identity_of(found[0])


def with_environment(*entries: str) -> list[int]:
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if all(any(line.startswith(wanted) for line in environ) for wanted in entries):
            pids.append(int(entry.name))
    return pids


def waits(pid: int) -> bool:
    """Return whether a process reads from its gate."""
    try:
        number, first, *_ = Path(f"/proc/{pid}/syscall").read_text().split()
    except (OSError, ValueError):
        return False
    return number.isdecimal() and int(first, 16) == 4


def supervisor_of(command: Identity) -> Identity:
    stat = stat_of(command.pid)
    assert stat is not None
    return identity_of(stat.parent)


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_held_command_becomes_that_of_the_run(run: Run) -> None:
    supervisor = WaitingSupervisor()
    supervisor.prepare(run, WORDS)
    command = held(run)
    assert not [*Path(run.meta_dir).iterdir()]
    stage(run)

    start_run(run, supervisor)

    assert wait_for_run(run).name == "completed"
    assert last_lines(run) == SAID
    assert Path(run.meta_dir, "proc", "command").read_text().split()[0] == str(command.pid)


@pytest.mark.parametrize("words", [["python", "program.py"], ["sh", "-c", "echo other"]])
def test_another_command_than_the_held_one_is_started_anew(run: Run, words: list[str]) -> None:
    supervisor = WaitingSupervisor()
    supervisor.prepare(run, WORDS)
    command = held(run)
    stage(run, words, "print('other')")

    start_run(run, supervisor)

    assert wait_for_run(run).name == "completed"
    assert last_lines(run) == "other"
    assert not is_alive(command)


def test_held_command_of_a_run_that_is_never_started_runs_nothing(run: Run) -> None:
    supervisor = WaitingSupervisor()
    supervisor.prepare(run, WORDS)
    command = held(run)
    stage(run, program="open('ran', 'w')")

    supervisor.dismiss()

    wait_until(lambda: not is_alive(command))
    assert not Path(run.run_dir, "ran").exists()
    assert read_status(run).name == "staged"
    start_run(run)
    assert wait_for_run(run).name == "completed"


def test_caller_that_is_killed_while_it_stages_leaves_no_process(run: Run) -> None:
    program = """
import sys
from gage._internal.record.layout import run_at
from gage._internal.running.waiting_supervisor import WaitingSupervisor
supervisor = WaitingSupervisor()
supervisor.prepare(run_at(*sys.argv[1:3]), sys.argv[3:])
sys.stdin.read()
"""
    home = str(Path(run.run_dir).parent)
    argv = [sys.executable, "-c", program, home, run.id, *WORDS]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as caller:
        command = held(run)
        supervisor = supervisor_of(command)

        caller.kill()

    wait_until(lambda: not is_alive(command) and not is_alive(supervisor))
    assert not [*Path(run.run_dir).iterdir()]


def test_supervisor_that_is_killed_while_the_command_is_held_leaves_the_run_staged(
    run: Run,
) -> None:
    waiting = WaitingSupervisor()
    waiting.prepare(run, WORDS)
    command = held(run)
    stage(run)

    kill(supervisor_of(command), signal.SIGKILL)

    wait_until(lambda: not is_alive(command))
    assert waiting.start(run).startswith("refused")
    assert read_status(run).name == "staged"
    start_run(run)
    assert wait_for_run(run).name == "completed"
    assert last_lines(run) == SAID


def test_held_command_that_is_killed_ends_its_run(run: Run) -> None:
    supervisor = WaitingSupervisor()
    supervisor.prepare(run, WORDS)
    command = held(run)
    stage(run)
    kill(command, signal.SIGKILL)

    start_run(run, supervisor)

    status = wait_for_run(run)
    assert (status.name, status.exit_code) == ("terminated", -signal.SIGKILL)
    assert read_timestamp(run, "stopped") is not None


def test_order_of_a_run_that_is_damaged_since_is_refused(run: Run) -> None:
    supervisor = WaitingSupervisor()
    supervisor.prepare(run, WORDS)
    command = held(run)
    stage(run)
    Path(run.meta_dir, "id").chmod(0o600)
    Path(run.meta_dir, "id").write_text("another\n")

    assert supervisor.start(run).startswith("refused")

    wait_until(lambda: not is_alive(command))


def test_note_of_a_held_command_is_no_start(run: Run) -> None:
    pipes = Pipes()
    pipes.note_held()
    before = pipes.find_start(run.id)
    pipes.note_start(NotedStart(1, 2, 3))
    after = pipes.find_start(run.id)
    pipes.close()

    assert (before, after) == (None, NotedStart(1, 2, 3))


@pytest.mark.parametrize(
    ("args", "env", "expected"),
    [
        (["python", "train.py"], {}, True),
        (["python3", "-m", "train", "-x"], {}, True),
        (["python", "-c", "pass"], {}, True),
        (["python", "-I", "train.py"], {}, False),
        (["python", "-"], {}, False),
        (["python"], {}, False),
        (["python", "train.py"], {"A": "b"}, False),
        (["python", "a\0b"], {}, False),
        (["train"], {}, False),
        ([sys.executable, "train.py"], {}, False),
        ("python train.py", {}, False),
        ([], {}, False),
    ],
)
def test_commands_that_can_be_held(
    args: list[str] | str, env: dict[str, str], expected: bool
) -> None:
    assert can_be_held(OpCmd(args, env)) is expected
