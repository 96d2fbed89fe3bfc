"""How a command starts, and what says why it does not."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.process.spawn import fork_exec, spawn, start_fault
from tests.process.conftest import Started

PYTHON = sys.executable

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
