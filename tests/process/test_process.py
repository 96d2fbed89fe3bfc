"""Which process it is, how a command starts, how its tree is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.process import identity
from gage._internal.process.command import child_env, command_argv, find_program, supervisor_command
from gage._internal.process.ending import Child, kill, wait_for_exit
from gage._internal.process.identity import (
    Identity,
    decode_identity,
    encode_identity,
    identity_of,
    is_alive,
    is_local,
)
from gage._internal.process.spawn import fork_exec, spawn, start_fault
from gage._internal.process.stopping import (
    SIGINT,
    SIGKILL,
    SIGTERM,
    Escalation,
    left_over,
    stop_group,
)
from gage._internal.types import Run

PYTHON = sys.executable


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run("60a825b1", "kafom-fikud", str(tmp_path / "r"), str(tmp_path / "r.meta"))


class Started:
    """A command that was started, with its output; it is killed at the end of the test."""

    def __init__(self, pid: int, output_fd: int) -> None:
        self.pid = pid
        self.identity = identity_of(pid, ended=True)
        self.output = os.fdopen(output_fd, "rb")

    def line(self) -> bytes:
        return self.output.readline()

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def start_command(
        argv: list[str],
        env: dict[str, str] | None = None,
        how: Callable[..., int] = spawn,
    ) -> Started:
        read_end, write_end = os.pipe()
        pid = how(
            argv, str(tmp_path), dict(os.environ) if env is None else env, write_end, write_end
        )
        os.close(write_end)
        started.append(Started(pid, read_end))
        return started[-1]

    yield start_command
    for command in started:
        command.output.close()
        for target in (-command.pid, command.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(command.pid, 0)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


# Identity


def test_an_identity_survives_its_line() -> None:
    identity = identity_of(os.getpid())
    assert decode_identity(encode_identity(identity)) == identity


@pytest.mark.parametrize("line", ["", "12", "x 1 b h", "1 2 3", "1 2 3 4 5", "-1 2 b h"], ids=repr)
def test_a_line_that_holds_no_identity_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="PID START BOOT HOST"):
        decode_identity(line)


def test_this_process_lives() -> None:
    assert is_alive(identity_of(os.getpid()))


def test_no_process_has_no_identity() -> None:
    process = subprocess.Popen([PYTHON, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        identity_of(process.pid)


@pytest.mark.parametrize(
    ("start", "boot"),
    [("1", None), (None, "00000000-0000-0000-0000-000000000000:1")],
    ids=["pid-used-again", "other-boot"],
)
def test_another_process_of_the_same_pid_is_not_taken_for_it(
    start: str | None, boot: str | None
) -> None:
    here = identity_of(os.getpid())
    assert not is_alive(Identity(here.pid, start or here.start, boot or here.boot, here.host))


def test_a_process_that_waits_to_be_reaped_is_not_alive() -> None:
    child = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identity_of(child.pid)
    assert is_alive(identity)
    assert child.stdin is not None
    child.stdin.close()
    assert wait_for_exit(identity, 60)
    assert not is_alive(identity)
    assert identity_of(child.pid, ended=True) == identity
    child.wait()


def test_a_process_found_by_ps_is_the_same_each_time() -> None:
    child = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    start = identity._start_by_ps(child.pid, ended=False)
    assert start is not None
    assert " " not in start
    assert start == identity._start_by_ps(child.pid, ended=False)
    assert child.stdin is not None
    child.stdin.close()
    wait_for_exit(identity_of(child.pid, ended=True), 60)
    assert identity._start_by_ps(child.pid, ended=False) is None
    assert identity._start_by_ps(child.pid, ended=True) == start
    child.wait()
    assert identity._start_by_ps(child.pid, ended=True) is None


@pytest.mark.parametrize(
    ("boot", "host", "local"),
    [(None, None, True), ("gone:1", None, True), (None, "renamed", True), ("gone:1", "far", False)],
    ids=["here", "before-a-restart", "renamed-host", "other-machine"],
)
def test_a_process_is_local_by_its_host_or_its_boot(
    boot: str | None, host: str | None, local: bool
) -> None:
    here = identity_of(os.getpid())
    other = Identity(1, "1", boot or here.boot, host or here.host)
    assert is_local(other) is local


# Commands


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        (["a", "b c"], ["a", "b c"]),
        (["python", "x.py"], [PYTHON, "x.py"]),
        (["python3"], [PYTHON]),
        (["python3.11"], ["python3.11"]),
        (["./python"], ["./python"]),
        ("echo a | wc", ["sh", "-c", "echo a | wc"]),
        ([], []),
    ],
    ids=str,
)
def test_a_command_becomes_words(command: list[str] | str, argv: list[str]) -> None:
    assert command_argv(command, "/nowhere/script") == argv


def test_an_operation_with_its_own_path_has_its_own_python() -> None:
    assert command_argv(["python"], "/nowhere", {"PATH": "/x"}) == ["python"]
    assert command_argv(["python"], "/nowhere", {"A": "b"}) == [PYTHON]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/bin/sh\necho", ["/bin/sh"]),
        ("#! /bin/sh -e\necho", ["/bin/sh", "-e"]),
        ("#!python -u\npass", [PYTHON, "-u"]),
        ("#!/bin/sh", ["/bin/sh"]),
    ],
    ids=["plain", "argument", "python", "one-line"],
)
def test_a_script_is_written_for_its_interpreter(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "proc" / "script"
    assert command_argv(text, str(path)) == [*words, str(path)]
    assert path.read_text() == text
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_script_without_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="interpreter"):
        command_argv("#! \necho", str(tmp_path / "script"))


def test_the_last_word_on_the_environment_is_the_operations(run: Run) -> None:
    env = child_env({"A": "1", "B": "1", "RUN_ID": "outer"}, run, {"B": "2", "run_dir": "mine"})
    assert env["A"] == "1"
    assert env["B"] == "2"
    assert env["RUN_ID"] == run.id
    assert env["RUN_DIR"] == run.run_dir
    assert env["run_dir"] == "mine"
    assert env["PYTHONUNBUFFERED"] == "1"


@pytest.mark.parametrize("path", ["/bin:/usr/bin", str(Path(PYTHON).parent) + ":/bin"], ids=str)
def test_this_interpreter_comes_first_on_path_once(run: Run, path: str) -> None:
    directories = child_env({"PATH": path}, run, {})["PATH"].split(":")
    assert directories[0] == str(Path(PYTHON).parent)
    assert directories.count(directories[0]) == 1


def test_the_operations_path_stays_as_it_is(run: Run) -> None:
    assert child_env({"PATH": "/bin"}, run, {"PATH": "/mine"})["PATH"] == "/mine"


def test_a_program_is_found_as_a_shell_finds_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "closed").mkdir()
    for path, mode in (("bin/tool", 0o755), ("closed/tool", 0o644), ("closed/only", 0o644)):
        (tmp_path / path).write_text("#!/bin/sh\n")
        (tmp_path / path).chmod(mode)
    env = {"PATH": f"{tmp_path}/closed:bin"}
    assert find_program("tool", env, str(tmp_path)) == str(tmp_path / "bin" / "tool")
    assert find_program("./bin/tool", env, str(tmp_path)) == f"{tmp_path}/./bin/tool"
    with pytest.raises(PermissionError):
        find_program("only", env, str(tmp_path))
    for name in ("none", "", "bin"):
        with pytest.raises(FileNotFoundError):
            find_program(name, env, str(tmp_path))


def test_the_supervisors_command_says_what_it_is(tmp_path: Path) -> None:
    argv = supervisor_command(str(tmp_path))
    assert argv[0] == PYTHON
    assert "gage._internal.running.supervisor" in " ".join(argv)
    assert argv[-1] == str(tmp_path)


# Start

HOW = pytest.mark.parametrize("how", [spawn, fork_exec], ids=["spawn", "fork_exec"])

REPORT = """
import os, signal, sys
print(os.getcwd(), os.environ.get("A"), os.getsid(0) == os.getpid(), repr(sys.stdin.read()))
names = ["SIGINT", "SIGTERM", "SIGHUP"]
print([signal.getsignal(getattr(signal, name)) == signal.SIG_IGN for name in names])
print(max(map(int, os.listdir("/proc/self/fd"))) if os.path.isdir("/proc/self/fd") else 3)
"""


@HOW
def test_a_command_starts_in_its_directory_environment_and_session(
    start: Callable[..., Started], tmp_path: Path, how: Callable[..., int]
) -> None:
    command = start([PYTHON, "-c", REPORT], {**os.environ, "A": "ä b"}, how)
    assert command.line().decode() == f"{tmp_path} ä b True ''\n"
    assert command.line() == b"[False, False, False]\n"
    assert command.line() == b"3\n"  # that of the look itself
    assert command.end() == 0


def test_a_command_starts_from_a_process_with_threads(start: Callable[..., Started]) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert start(["sh", "-c", "echo ok"]).line() == b"ok\n"
    finally:
        done.set()
        thread.join()


def test_signals_that_the_starter_ignores_are_not_ignored(start: Callable[..., Started]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        command = start([PYTHON, "-c", REPORT], how=fork_exec)
    finally:
        signal.signal(signal.SIGHUP, before)
    command.line()
    assert command.line() == b"[False, False, False]\n"


@HOW
@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["no-such-program"], 127, "cannot start 'no-such-program': command not found"),
        (["./missing", "x"], 127, "cannot start './missing'"),
        (["./closed"], 126, "cannot start './closed': Permission denied"),
        (["./nonsense"], 126, "cannot start './nonsense': Exec format error"),
        (["./lost"], 127, "cannot start './lost'"),
        (["echo", "a\0b"], 126, "cannot start 'echo'"),
        ([], 127, "cannot start ''"),
    ],
    ids=["unknown", "missing", "closed", "format", "interpreter", "nul", "empty"],
)
def test_a_command_that_cannot_start_says_why(
    tmp_path: Path, how: Callable[..., int], argv: list[str], code: int, said: str
) -> None:
    for name, mode, text in (
        ("closed", 0o644, "#!/bin/sh\n"),
        ("nonsense", 0o755, "\x7fELF"),
        ("lost", 0o755, "#!/no/such/interpreter\n"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    with Path(os.devnull).open("wb") as null, pytest.raises((OSError, ValueError)) as caught:
        how(argv, str(tmp_path), dict(os.environ), null.fileno(), null.fileno())
    found_code, reason = start_fault(caught.value, argv)  # type: ignore[arg-type]
    assert found_code == code
    assert reason.startswith(said)


@HOW
def test_a_missing_directory_is_named(tmp_path: Path, how: Callable[..., int]) -> None:
    missing = str(tmp_path / "missing")
    with Path(os.devnull).open("wb") as null, pytest.raises(FileNotFoundError) as caught:
        how(["sh"], missing, dict(os.environ), null.fileno(), null.fileno())
    assert missing in start_fault(caught.value, ["sh"])[1]


# End


def test_the_end_of_a_process_that_is_no_child_is_seen(start: Callable[..., Started]) -> None:
    shell = start(["sh", "-c", "sleep 1000 & echo $!; wait"])
    identity = identity_of(int(shell.line()))
    assert not wait_for_exit(identity, 0)
    assert kill(identity, SIGKILL)
    assert wait_for_exit(identity)
    assert not kill(identity, SIGKILL)


def test_an_end_is_seen_without_a_descriptor(
    start: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    command = start(["sleep", "1000"])
    assert not wait_for_exit(command.identity, 0)
    assert kill(command.identity, SIGKILL)
    assert wait_for_exit(command.identity, 60)


def test_a_later_process_of_the_same_pid_gets_no_signal(start: Callable[..., Started]) -> None:
    command = start(["sleep", "1000"])
    earlier = command.identity._replace(start="1")
    assert wait_for_exit(earlier, 0)
    assert not kill(earlier, SIGKILL)
    assert is_alive(command.identity)


@pytest.mark.parametrize(
    ("text", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9)], ids=["0", "7", "killed"]
)
@pytest.mark.parametrize("waitid", [True, False], ids=["waitid", "no-waitid"])
def test_a_child_is_reaped_after_its_exit_code_was_noted(
    start: Callable[..., Started],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    code: int,
    waitid: bool,
) -> None:
    if not waitid:
        monkeypatch.delattr(os, "waitid", raising=False)
    noted: list[int | None] = []
    command = start(["sh", "-c", f"read x; {text}"])
    child = Child(command.identity, on_exit=noted.append)
    wait_until(child.has_ended)
    assert child.exit_code == code
    assert noted == [code]
    assert child.has_ended()
    with pytest.raises(ChildProcessError):
        os.waitpid(command.pid, 0)


def test_a_stranger_ends_without_exit_code(start: Callable[..., Started]) -> None:
    shell = start(["sh", "-c", "sleep 1000 & echo $!; wait"])
    stranger = Child(identity_of(int(shell.line())))
    assert not stranger.has_ended()
    kill(stranger.identity, SIGKILL)
    wait_until(stranger.has_ended)
    assert stranger.exit_code is None


# Stop

STUBBORN = """
import os, signal, sys
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda *_: os.write(1, b"no\\n"))
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize(
    ("ignored", "taken"),
    [
        ([], [SIGINT]),
        (["SIGINT"], [SIGINT, SIGTERM]),
        (["SIGINT", "SIGTERM"], [SIGINT, SIGTERM, SIGKILL]),
    ],
    ids=["polite", "ignores-int", "ignores-term"],
)
def test_a_command_is_stopped_by_the_first_signal_it_obeys(
    start: Callable[..., Started], ignored: list[str], taken: list[int]
) -> None:
    command = start([PYTHON, "-c", STUBBORN, *ignored])
    assert command.line() == b"ready\n"
    assert stop_group(command.identity, 0.2) == taken
    assert command.end() in {-taken[-1], 1}


def test_the_whole_group_is_stopped(start: Callable[..., Started]) -> None:
    shell = start(["sh", "-c", f'{PYTHON} -c "$0" & {PYTHON} -c "$0" & wait', STUBBORN])
    assert [shell.line(), shell.line()] == [b"ready\n", b"ready\n"]
    stop_group(shell.identity, 0.2)
    os.waitpid(shell.pid, 0)
    assert left_over(shell.pid, tree=False) == []


def test_a_descendant_in_another_session_is_stopped_with_the_tree(
    start: Callable[..., Started],
) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("found through /proc only")
    text = f"""
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""
    command = start([PYTHON, "-c", text])
    pid = int(command.line())
    descendant = identity_of(pid)
    assert command.line() == b"ready\n"
    assert stop_group(command.identity, 0.2) == [SIGINT, SIGTERM]
    assert wait_for_exit(descendant, 60)


def test_what_a_command_left_in_its_session_is_found(start: Callable[..., Started]) -> None:
    shell = start(["sh", "-c", "sleep 1000 & echo $!"])
    pid = int(shell.line())
    shell.end()
    assert left_over(shell.pid, tree=False) in ([pid], [-shell.pid])


def test_signals_come_sooner_when_asked_again() -> None:
    escalation = Escalation((SIGINT, SIGTERM, SIGKILL), 1000)
    assert escalation.next_signal() == SIGINT
    assert escalation.next_signal() is None
    escalation.hurry(2000)
    assert escalation.next_signal() is None
    escalation.hurry(0)
    assert [escalation.next_signal(), escalation.next_signal()] == [SIGTERM, SIGKILL]
    assert escalation.due_s is None
    assert escalation.next_signal() is None
    assert escalation.sent == [SIGINT, SIGTERM, SIGKILL]
