"""A command is stopped with its whole tree, and what it left behind is ended."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.process.ending import kill
from gage._internal.process.identity import (
    identity_of,
)
from gage._internal.record.reading import read_text
from gage._internal.record.runner_log import read_notes
from gage._internal.running.facts import facts_of
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.types import Run
from tests import making
from tests.making import wait_until
from tests.running.runs import ended, log_of, output, processes, text_of


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


def finalizing(tmp_path: Path, on_interrupt: str) -> Run:
    """Return a run whose command `finalize-run` waits; that does something after an interrupt."""
    begun = tmp_path / "begun"
    program = (
        "import os, pathlib, signal\n"
        f"signal.signal(signal.SIGINT, {on_interrupt})\n"
        f"pathlib.Path({str(begun)!r}).touch()\n"
        "while True: signal.pause()\n"
    )
    data = {"exec": {"run": "true", "finalize-run": [sys.executable, "-c", program]}}
    run = making.staged(tmp_path / "runs", data=data)
    start_run(run)
    wait_until(begun.exists)
    return run


def test_a_stop_ends_the_command_that_finalizes(tmp_path: Path) -> None:
    run = finalizing(tmp_path, "signal.SIG_DFL")

    status = stop_run(run)

    assert status.name == "terminated"
    assert status.reason.startswith("finalize-run was stopped")


def test_a_stop_that_comes_too_late_is_forgotten_before_the_end_is_recorded(
    tmp_path: Path,
) -> None:
    run = finalizing(tmp_path, "lambda *_: os._exit(0)")

    status = stop_run(run)
    assert ended(run) == ("completed", 0)

    assert status.name == "completed"
    assert json.loads(facts_of(run))["status"][0] == "completed"  # what an index reads
    assert read_notes(run) == []


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
