"""How a command and its tree are stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.process.ending import wait_for_exit
from gage._internal.process.identity import (
    identity_of,
)
from gage._internal.process.stopping import (
    SIGINT,
    SIGKILL,
    SIGTERM,
    Escalation,
    left_over,
    stop_group,
)
from tests.process.conftest import Started

PYTHON = sys.executable

STUBBORN = """
import os, signal, sys
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda *_: os.write(1, b"no\\n"))
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize(
    ("ignored", "taken", "grace_s"),
    [
        ([], [SIGINT], 60),
        (["SIGINT"], [SIGINT, SIGTERM], 0.5),
        (["SIGINT", "SIGTERM"], [SIGINT, SIGTERM, SIGKILL], 0.5),
    ],
    ids=["polite", "ignores-int", "ignores-term"],
)
def test_a_command_is_stopped_by_the_first_signal_it_obeys(
    start: Callable[..., Started], ignored: list[str], taken: list[int], grace_s: float
) -> None:
    command = start([PYTHON, "-c", STUBBORN, *ignored])
    assert command.line() == b"ready\n"
    assert stop_group(command.identity, grace_s) == taken
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
    assert stop_group(command.identity, 0.5) == [SIGINT, SIGTERM]
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
