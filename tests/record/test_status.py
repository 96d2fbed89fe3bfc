"""The status says what happened to a run, whatever is missing, torn or false."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.process.identity import Identity, identity_of
from gage._internal.record.run_meta import write_timestamp
from gage._internal.record.status import live_processes, read_exit_code, read_status, run_status
from gage._internal.running.runner import start_run, stop_run
from gage._internal.staging.staging import make_run
from gage._internal.types import STATUSES, Run, Status
from tests.making import dead_identity, ended, initialized, meta, staged, write_processes


@pytest.fixture
def started(tmp_path: Path) -> Run:
    """A run that was started, and whose processes have ended without a word."""
    run = staged(tmp_path)
    write_timestamp(run, "started", 1)
    write_processes(run, "supervisor", dead_identity(), dead_identity())
    write_processes(run, "command", dead_identity())
    return run


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Identity]:
    """A live process that is where a supervisor is, in the directory of runs, and of no run."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd=tmp_path, env={}) as process:
        yield identity_of(process.pid)


def write(run: Run, name: str, text: str) -> None:
    path = meta(run, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


# From the beginning to the end


def test_a_run_goes_through_its_statuses(tmp_path: Path) -> None:
    run = make_run(str(tmp_path))
    assert read_status(run) == Status(
        "pending", "not initialised: it is being made, or that was interrupted"
    )
    run = initialized(tmp_path)
    assert read_status(run) == Status(
        "pending", "not staged: it is being staged, or that was interrupted"
    )
    run = staged(tmp_path, "read line")
    assert read_status(run) == Status("staged")


def test_a_live_process_makes_it_running(tmp_path: Path) -> None:
    run = staged(tmp_path, ["sleep", "1000"])
    start_run(run)

    try:
        assert read_status(run) == Status("running")
        assert len(live_processes(run)) == 3
    finally:
        stop_run(run, grace_s=0.2)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("exit 0", Status("completed", "", 0)),
        ("exit 3", Status("error", "exit code 3", 3)),
        ("kill -TERM $$", Status("terminated", "ended by signal SIGTERM", -15)),
        ("kill -9 $$", Status("terminated", "ended by signal SIGKILL", -9)),
    ],
    ids=["completed", "error", "terminated", "killed"],
)
def test_the_end_of_the_command_is_the_end_of_the_run(
    tmp_path: Path, command: str, expected: Status
) -> None:
    run = ended(tmp_path, command)

    assert read_status(run) == expected
    assert run_status(run) in STATUSES


# Processes


@pytest.mark.parametrize("file", ["supervisor", "command"])
def test_one_live_process_of_a_run_makes_it_running(
    started: Run, living: Identity, file: str
) -> None:
    write_processes(started, file, dead_identity(), living)

    assert read_status(started) == Status("running")
    assert live_processes(started) == [living]


@pytest.mark.parametrize(
    "lie",
    [
        lambda own: own._replace(start=str(int(own.start) + 1)),
        lambda own: own._replace(boot="00000000-0000-0000-0000-000000000000:1"),
    ],
    ids=["number-used-again", "another-boot"],
)
def test_another_process_of_that_number_does_not_make_it_running(
    started: Run, living: Identity, lie: Callable[[Identity], Identity]
) -> None:
    write_processes(started, "supervisor", lie(living))
    write_processes(started, "command", lie(living))

    assert read_status(started) == Status(
        "terminated", "its processes are gone and left no exit code"
    )


def test_a_process_that_waits_to_be_reaped_is_dead(started: Run) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    write_processes(started, "command", identity_of(process.pid, ended=True))

    status = read_status(started)

    process.wait()
    assert status.name == "terminated"


def test_what_another_machine_does_with_a_run_is_not_guessed(
    started: Run, living: Identity
) -> None:
    foreign = living._replace(boot="00000000-0000-0000-0000-000000000000:1", host="elsewhere")
    write_processes(started, "supervisor", foreign)

    status = read_status(started)

    assert status.name == "damaged"
    assert "another machine" in status.reason


def test_a_run_that_ended_on_another_machine_has_its_end(started: Run, living: Identity) -> None:
    write_processes(started, "supervisor", living._replace(boot="x:1", host="elsewhere"))
    write(started, "proc/exit", "0\n")
    write_timestamp(started, "stopped", 2)

    assert read_status(started) == Status("completed", "", 0)


def test_a_claim_of_the_dead_leaves_a_run_staged(tmp_path: Path) -> None:
    run = staged(tmp_path)
    write_processes(run, "supervisor", dead_identity(), dead_identity())

    assert read_status(run) == Status("staged")


def test_a_claim_of_the_living_is_a_run_that_starts(tmp_path: Path, living: Identity) -> None:
    run = staged(tmp_path)
    write_processes(run, "supervisor", living)

    assert read_status(run) == Status("staged", "starting")


@pytest.mark.parametrize("name", ["config.json", "opdef.json"])
def test_a_staged_run_that_does_not_say_what_it_is_is_damaged(tmp_path: Path, name: str) -> None:
    run = staged(tmp_path)
    meta(run, name).unlink()
    meta(run, name).write_bytes(b'"\\')

    status = read_status(run)

    assert status.name == "damaged"
    assert name in status.reason


def test_a_run_whose_command_may_have_been_started_is_not_staged_any_more(tmp_path: Path) -> None:
    run = staged(tmp_path)
    write_processes(run, "supervisor", dead_identity(), dead_identity())
    write(run, "output/40_run", "")

    status = read_status(run)

    assert status == Status("terminated", "its supervisor was killed while it started the command")


def test_an_exit_code_without_an_end_says_that_it_was_not_finalised(started: Run) -> None:
    write(started, "proc/exit", "3\n")

    assert read_status(started) == Status("error", "exit code 3, not finalised", 3)


# Requests to stop


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("-2\n", "stopped by somebody, ended by signal SIGINT"),
        ("1\n", "stopped by somebody, exit code 1"),
        ("0\n", "stopped by somebody, exit code 0"),
        (None, "stopped by somebody"),
    ],
    ids=["signal", "error", "handled", "unknown"],
)
def test_a_stopped_run_says_who_asked(started: Run, code: str | None, reason: str) -> None:
    write(started, "proc/stop", json.dumps({"by": "somebody"}))
    if code is not None:
        write(started, "proc/exit", code)
    write_timestamp(started, "stopped", 2)

    status = read_status(started)

    assert (status.name, status.reason) == ("terminated", reason)


@pytest.mark.parametrize("code", ["-2\n", "1\n"], ids=["signal", "error"])
def test_a_recorded_reason_is_always_told(started: Run, code: str) -> None:
    write(started, "proc/exit", code)
    write(started, "proc/reason", "stopped: its output could not be written\n")
    write_timestamp(started, "stopped", 2)

    assert "its output could not be written" in read_status(started).reason


# Damage

_DAMAGE: list[tuple[str, Callable[[Run], object], str]] = [
    ("no-side-car", lambda run: shutil.rmtree(run.meta_dir), "side-car is missing"),
    ("no-run-directory", lambda run: shutil.rmtree(run.run_dir), "run directory is missing"),
    ("newer", lambda run: write(run, "__schema__", "2\n"), "(newer)"),
    ("older", lambda run: write(run, "__schema__", "0\n"), "(older)"),
    ("nonsense", lambda run: write(run, "__schema__", "?"), "found '?'"),
    ("no-version", lambda run: meta(run, "__schema__").unlink(), "expected the version"),
    ("no-id", lambda run: meta(run, "id").unlink(), "No such file"),
    ("another-id", lambda run: write(run, "id", "x\n"), "found 'x'"),
    ("no-name", lambda run: meta(run, "name").unlink(), "No such file"),
    ("no-opref", lambda run: meta(run, "opref").unlink(), "No such file"),
    ("torn-opref", lambda run: write(run, "opref", '1 test "o'), "no closing quote"),
    ("no-initialized", lambda run: meta(run, "initialized").unlink(), "but the run was staged"),
    ("empty-initialized", lambda run: write(run, "initialized", ""), "but the run was staged"),
    ("bad-initialized", lambda run: write(run, "initialized", "x"), "expected epoch"),
    ("empty-stopped", lambda run: write(run, "stopped", ""), "stopped: expected epoch"),
    ("bad-exit", lambda run: write(run, "proc/exit", "none\n"), "expected an exit code"),
    ("torn-stop", lambda run: write(run, "proc/stop", '{"by"'), "proc/stop"),
    ("bad-stop", lambda run: write(run, "proc/stop", "[]"), "proc/stop"),
]


@pytest.mark.parametrize(
    ("damage", "reason"), [item[1:] for item in _DAMAGE], ids=[item[0] for item in _DAMAGE]
)
def test_a_damaged_run_is_said_to_be_damaged(
    started: Run, damage: Callable[[Run], object], reason: str
) -> None:
    write(started, "proc/exit", "0\n")
    write_timestamp(started, "stopped", 2)

    damage(started)

    status = read_status(started)
    assert status.name == "damaged"
    assert reason in status.reason


@pytest.mark.parametrize(
    ("name", "text"),
    [("supervisor", "12 x\n"), ("command", "nonsense\n"), ("command", "0x1 1 1 1\n")],
    ids=["short", "nonsense", "hex"],
)
def test_a_damaged_identity_is_damage(tmp_path: Path, name: str, text: str) -> None:
    run = staged(tmp_path)
    write(run, f"proc/{name}", text)

    status = read_status(run)

    assert status.name == "damaged"
    assert "PID START BOOT HOST" in status.reason


def test_a_newer_run_that_we_cannot_read_is_not_pending(tmp_path: Path) -> None:
    """Its layout may have another file in the place of `initialized`."""
    run = make_run(str(tmp_path))
    write(run, "__schema__", "2\n")

    assert read_status(run).name == "damaged"


def test_a_torn_exit_code_is_none(started: Run) -> None:
    write(started, "proc/exit", "1")

    assert read_exit_code(started) is None
    assert read_status(started).name == "terminated"


@pytest.mark.parametrize("name", ["initialized", "__schema__"])
def test_a_file_that_a_crash_left_empty_leaves_a_run_pending(tmp_path: Path, name: str) -> None:
    run = make_run(str(tmp_path))
    write(run, name, "")

    assert read_status(run).name == "pending"


def test_a_run_whose_staging_is_being_recorded_is_not_damaged(tmp_path: Path) -> None:
    """A trial writes `staged` with one call for the file and one for what it holds."""
    run = staged(tmp_path)
    write(run, "staged", "")

    assert read_status(run).name == "pending"


def test_any_file_may_be_missing_torn_or_a_directory(tmp_path: Path) -> None:
    """The status is one of the known ones, and nothing is raised."""
    template = ended(tmp_path, "echo hi > made", project=None)
    names = [path for path in Path(template.meta_dir).rglob("*") if path.is_file()]
    for number, path in enumerate(names):
        name = path.relative_to(template.meta_dir)
        data = path.read_bytes()
        for damage in ("missing", "empty", "torn", "noise", "directory"):
            path.unlink()
            if damage == "directory":
                path.mkdir()
            elif damage != "missing":
                path.write_bytes(
                    {"empty": b"", "torn": data[: len(data) // 2], "noise": b"\xff\x00\n"}[damage]
                )

            assert run_status(template) in STATUSES, (number, name, damage)

            if path.is_dir():
                path.rmdir()
            path.write_bytes(data)
    assert read_status(template) == Status("completed", "", 0)
