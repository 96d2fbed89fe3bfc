"""How the end of a process is seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from gage._internal.process.ending import Child, kill, wait_for_exit
from gage._internal.process.identity import (
    identity_of,
    is_alive,
)
from gage._internal.process.stopping import (
    SIGKILL,
)
from tests.making import wait_until
from tests.process.conftest import Started

PYTHON = sys.executable


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
