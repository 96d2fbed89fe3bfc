"""A run is kept by its supervisor, whatever happens to it and to whoever started it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.reader import OutputReader
from gage._internal.process.command import supervisor_command
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.identity import (
    Identity,
    decode_identity,
    encode_identity,
    identity_of,
    is_alive,
)
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.status import live_processes, live_supervisors, read_status
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.types import Command, OpCmd, OpDef, OpRef, Run

PYTHON = sys.executable


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Make staged runs; what is left of them at the end of the test is killed."""
    made: list[Run] = []

    def make(args: Command, env: dict[str, str] | None = None, home: Path | None = None) -> Run:
        run = make_run(str(home or tmp_path / "runs"))
        init_run_meta(run, OpRef("test", "op"), OpDef("op", {}), {}, OpCmd(args, env or {}))
        finalize_staged_run(run)
        made.append(run)
        return run

    yield make
    for run in made:
        for identity in processes(run):
            kill(identity, signal.SIGKILL)
        for identity in processes(run):
            wait_for_exit(identity, 60)


@pytest.fixture
def script(staged: Callable[..., Run]) -> Callable[..., Run]:
    """Make a staged run of a Python script."""

    def make(text: str, *args: str) -> Run:
        return staged([PYTHON, "-c", "import os, sys, time\n" + text, *args])

    return make


def processes(run: Run) -> list[Identity]:
    """Return supervisor, keeper and command, as far as they are recorded."""
    text = (read_text(run, "proc", "supervisor") or "") + (read_text(run, "proc", "command") or "")
    return [decode_identity(line) for line in text.splitlines()]


def dead_identity() -> str:
    """Return the line of a process that has ended."""
    process = subprocess.Popen(["true"])
    line = encode_identity(identity_of(process.pid, ended=True)) + "\n"
    process.wait()
    return line


def output(run: Run) -> OutputReader:
    return OutputReader(run_meta_path(run, "output", "40_run"))


def text_of(run: Run) -> bytes:
    return output(run).tail(1 << 30)


def log_of(run: Run) -> str:
    return read_text(run, "log", "runner") or ""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False)
    return [int(child) for child in found.stdout.split()]


def ended(run: Run) -> tuple[str, int | None]:
    status = wait_for_run(run)
    for identity in processes(run):
        assert wait_for_exit(identity, 60)
    return status.name, status.exit_code


# From start to end


def test_a_run_is_recorded_from_start_to_end(staged: Callable[..., Run]) -> None:
    run = staged(["sh", "-c", "pwd; echo $RUN_ID $A; echo err >&2; echo made > file"], {"A": "b"})
    start_run(run)
    assert ended(run) == ("completed", 0)
    lines = [(line.stream, line.data) for line in output(run).lines()]
    assert sorted(lines) == sorted(
        [
            (STDOUT, os.fsencode(run.run_dir) + b"\n"),
            (STDOUT, os.fsencode(run.id) + b" b\n"),
            (STDERR, b"err\n"),
        ]
    )
    assert read_text(run, "proc", "exit") == "0\n"
    times = [int(read_text(run, name) or "0") for name in ("staged", "started", "stopped")]
    assert times == sorted(times)
    assert len(processes(run)) == 3
    assert not Path(run_meta_path(run, "proc", "reserve")).exists()
    assert "Running run (see output/40_run for output): ['sh', '-c'," in log_of(run)


def test_a_run_runs_when_its_start_returns(script: Callable[..., Run]) -> None:
    run = script("time.sleep(1000)")
    start_run(run)
    assert read_status(run).name == "running"
    supervisor, keeper, command = processes(run)
    assert all(map(is_alive, (supervisor, keeper, command)))
    assert len({os.getsid(identity.pid) for identity in (supervisor, keeper, command)}) == 3
    assert Path(run_meta_path(run, "proc", "reserve")).stat().st_size == 128 * 1024
    stop_run(run, grace_s=0.5)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("exit 3", ("error", 3)),
        ("kill -9 $$", ("terminated", -9)),
        ("#!/bin/sh\necho script; exit 4\n", ("error", 4)),
        ("#!/usr/bin/env python\nimport sys; sys.exit(sys.executable == '" + PYTHON + "')", None),
        (["python", "-c", "import sys; sys.exit(5)"], ("error", 5)),
    ],
    ids=["shell", "killed", "script", "python-script", "python"],
)
def test_the_exit_code_is_recorded(
    staged: Callable[..., Run], args: Command, expected: tuple[str, int] | None
) -> None:
    run = staged(args)
    start_run(run)
    assert ended(run) == (expected or ("error", 1))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["no-such-program"], 127, "cannot start 'no-such-program': command not found"),
        (["./here"], 127, "cannot start './here'"),
        (["/etc/passwd"], 126, "cannot start '/etc/passwd': Permission denied"),
        ("#! \necho", 126, "expected an interpreter"),
    ],
    ids=["unknown", "missing", "closed", "no-interpreter"],
)
def test_a_command_that_cannot_start_ends_the_run_with_its_reason(
    staged: Callable[..., Run], args: Command, code: int, said: str
) -> None:
    run = staged(args)
    start_run(run)
    assert ended(run) == ("error", code)
    assert said in read_status(run).reason
    assert said in log_of(run)
    assert read_text(run, "stopped") is not None
    assert read_text(run, "started") is None


def test_what_is_printed_is_told_to_nobody_but_the_output(staged: Callable[..., Run]) -> None:
    run = staged("echo out; echo err >&2")
    done = subprocess.run(supervisor_command(run.meta_dir), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"started\n", b"")


def test_it_runs_as_a_module(staged: Callable[..., Run]) -> None:
    run = staged("echo hi")
    home = Path(__file__).parents[2]
    argv = [PYTHON, "-m", "gage._internal.running.supervisor", os.path.relpath(run.meta_dir, home)]
    done = subprocess.run(argv, cwd=home, capture_output=True, check=True)
    assert done.stdout == b"started\n"
    assert text_of(run) == b"hi\n"


def test_a_second_supervisor_is_refused(script: Callable[..., Run]) -> None:
    run = script("time.sleep(1000)")
    start_run(run)
    second = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert second.stdout.startswith("refused")
    assert "is running" in second.stdout
    assert read_status(run).name == "running"
    assert Path(run_meta_path(run, "proc", "reserve")).exists()
    stop_run(run, grace_s=0.5)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        supervisor_command(str(tmp_path)), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.returncode == 1
    assert done.stdout.startswith("refused ")
    assert "__schema__" in done.stdout


def test_a_run_outlives_its_caller(script: Callable[..., Run], tmp_path: Path) -> None:
    """The caller's whole process group is killed, as a terminal or a kernel's manager does."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("print('first', flush=True); open(sys.argv[1]).read(); print('last')", str(go_on))
    text = (
        "import sys, time; from gage._internal.record.run_meta import run_for_meta_dir; "
        "from gage._internal.running.runner import start_run; "
        "start_run(run_for_meta_dir(sys.argv[1])); print('ready', flush=True); time.sleep(1000)"
    )
    caller = subprocess.Popen(
        [PYTHON, "-c", text, run.meta_dir],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"ready\n"
    os.killpg(caller.pid, signal.SIGKILL)
    caller.communicate()
    assert read_status(run).name == "running"
    go_on.write_text("")
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"first\nlast\n"


def test_signals_of_a_terminal_do_not_reach_it(script: Callable[..., Run], tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("open(sys.argv[1]).read(); print('last')", str(go_on))
    start_run(run)
    for identity in processes(run)[:2]:
        kill(identity, signal.SIGHUP)
        kill(identity, signal.SIGINT)
    go_on.write_text("")
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"last\n"


# Killed

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


def by_stream(run: Run) -> tuple[bytes, bytes]:
    found: tuple[list[bytes], list[bytes]] = [], []
    for line in output(run).lines():
        found[line.stream].append(line.data)
    return b"".join(found[0]), b"".join(found[1])


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
    Path(run_meta_path(run, "proc", "supervisor")).write_text(dead_identity() * 2)
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


# Stopped


@pytest.mark.parametrize(
    ("ignored", "code", "sent", "grace_s"),
    [
        ([], -2, ["SIGINT"], 60),
        (["SIGINT"], -15, ["SIGINT", "SIGTERM"], 0.5),
        (["SIGINT", "SIGTERM"], -9, ["SIGINT", "SIGTERM", "SIGKILL"], 0.5),
    ],
    ids=["polite", "ignores-int", "ignores-term"],
)
def test_a_run_is_stopped_by_stronger_and_stronger_signals(
    script: Callable[..., Run], ignored: list[str], code: int, sent: list[str], grace_s: float
) -> None:
    run = script(
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "for name in sys.argv[1:]: signal.signal(getattr(signal, name), signal.SIG_IGN)\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(1000)",
        *ignored,
    )
    start_run(run)
    wait_until(lambda: output(run).line_count == 1)
    status = stop_run(run, by="somebody", grace_s=grace_s)
    assert (status.name, status.exit_code) == ("terminated", code)
    assert "somebody" in status.reason
    log = log_of(run)
    assert "Stopping, asked by somebody" in log
    assert [name for name in ("SIGINT", "SIGTERM", "SIGKILL") if f"Sent {name}" in log] == sent
    ended(run)


def test_a_stop_takes_the_whole_tree(script: Callable[..., Run]) -> None:
    run = script(
        """
import subprocess
for new_session in (False, True):
    print(subprocess.Popen(["sleep", "1000"], start_new_session=new_session).pid, flush=True)
try:
    time.sleep(1000)
except KeyboardInterrupt:
    print("bye", flush=True)
    sys.exit(1)
"""
    )
    start_run(run)
    keeper = processes(run)[1]
    wait_until(lambda: output(run).line_count == 2)
    if sys.platform.startswith("linux"):
        # What has lost its parent is found once the keeper inherits it.
        wait_until(lambda: "ctypes" in Path(f"/proc/{keeper.pid}/maps").read_text())
        wait_until(lambda: Path(f"/proc/{keeper.pid}/wchan").read_text() == "do_wait")
    pids = [int(line) for line in text_of(run).splitlines()]
    status = stop_run(run)
    assert status.name == "terminated"
    assert text_of(run).splitlines()[-1] == b"bye"
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            identity_of(pid)


def test_a_machine_that_shuts_down_stops_a_run(script: Callable[..., Run]) -> None:
    run = script("os.write(1, b'ready\\n'); time.sleep(1000)")
    start_run(run)
    wait_until(lambda: output(run).line_count >= 1)
    supervisor, keeper, _ = processes(run)
    kill(keeper, signal.SIGTERM)
    kill(supervisor, signal.SIGTERM)
    status = wait_for_run(run)
    assert status.name == "terminated"
    assert json.loads(read_text(run, "proc", "stop") or "")["by"] == "signal"


# Left over


def test_a_background_child_is_stopped_after_the_command(script: Callable[..., Run]) -> None:
    run = script(
        "import subprocess\n"
        "print(subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL).pid)"
    )
    start_run(run)
    assert ended(run) == ("completed", 0)
    pid = int(text_of(run))
    assert "Sent SIGTERM to what the command left running" in log_of(run)
    with pytest.raises(ProcessLookupError):
        identity_of(pid)


def test_a_grandchild_that_holds_the_output_does_not_hold_the_run(
    script: Callable[..., Run],
) -> None:
    run = script(
        "import subprocess\n"
        "late = 'while kill -0 $0; do sleep 0.01; done 2>&-; echo late; exec sleep 1000'\n"
        "argv = ['sh', '-c', late, str(os.getpid())]\n"
        "print(subprocess.Popen(argv, start_new_session=True).pid, flush=True)"
    )
    start_run(run)
    assert ended(run) == ("completed", 0)
    first, second = text_of(run).splitlines()
    assert second == b"late"
    os.kill(int(first), signal.SIGKILL)
    assert "not recorded" in log_of(run)


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.fail(f"needs a small file system, and mounting one failed: {mounted.stderr}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_a_full_disk_ends_a_run_with_its_reason(
    staged: Callable[..., Run], small_disk: Path
) -> None:
    text = "while True: print('x' * 99, flush=True)"
    run = staged([PYTHON, "-c", text], home=small_disk)
    start_run(run)
    ended(run)
    status = read_status(run)
    assert status.name in {"error", "terminated"}
    assert read_text(run, "stopped") is not None
    assert "No space left on device" in (read_text(run, "proc", "reason") or "")
    assert "No space left on device" in log_of(run)
    data = text_of(run)
    printed, _ = by_stream(run)  # what the command said as it was stopped may have had room
    assert len(printed) > 1_000_000
    assert printed == ((b"x" * 99 + b"\n") * 30_000)[: len(printed)]
    assert b"".join(line.data for line in output(run).lines()) == data
    assert output(run).line_count == data.count(b"\n") + (not data.endswith(b"\n"))


def test_a_run_that_fills_the_disk_with_files_is_recorded(
    staged: Callable[..., Run], small_disk: Path
) -> None:
    text = "import sys\nwith open('big', 'wb') as file:\n    while True: file.write(b'x' * 4096)"
    run = staged([PYTHON, "-c", text], home=small_disk)
    start_run(run)
    # It fails by itself or, when it comes to printing that, is stopped.
    assert ended(run) in {("error", 1), ("terminated", -2)}
    assert b"No space left on device" in text_of(run)
    assert not live_processes(run)


def test_a_full_disk_refuses_a_start_and_leaves_the_run_staged(
    staged: Callable[..., Run], small_disk: Path
) -> None:
    run = staged("echo hi", home=small_disk)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * 4_000_000)
    done = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.stdout.startswith("refused ")
    assert "No space left" in done.stdout
    assert read_status(run).name == "staged"
    filler.unlink()
    start_run(run)
    assert ended(run) == ("completed", 0)


def test_a_missing_run_directory_is_said(staged: Callable[..., Run]) -> None:
    run = staged("echo hi")
    shutil.rmtree(run.run_dir)
    done = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.stdout.startswith("refused")
    assert f"{run.run_dir}: the run directory is missing" in done.stdout


# What it costs


def test_it_imports_next_to_nothing_before_the_command_runs() -> None:
    text = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]); "
        "import gage._internal.running.supervisor; print(*sorted(set(sys.modules) - before))"
    )
    home = str(Path(__file__).parents[2])
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", text, home], capture_output=True, check=True, text=True
    )
    heavy = {"dataclasses", "enum", "json", "pathlib", "re", "signal", "subprocess"}
    heavy |= {"threading", "typing", "tempfile", "traceback", "ctypes", "hashlib", "struct"}
    assert heavy.isdisjoint(done.stdout.split())
