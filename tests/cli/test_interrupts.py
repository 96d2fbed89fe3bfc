"""Ctrl-C ends a command line at any moment: with exit code 130, and without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.types import ENDED

ROOT = Path(__file__).parents[2]

# Interrupts itself when it comes to import a module, as Ctrl-C does at that moment.
CALLER = """
import os, signal, sys
from gage.cli import main

def interrupt(event, about):
    if event == "import" and about[0] == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(interrupt)
main(sys.argv[2:])
"""


def call(*words: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", CALLER, *words]
    return subprocess.run(argv, env=env, capture_output=True, check=False)


@pytest.mark.parametrize(
    "module",
    [
        "gage.cli.run",
        "gage._internal.api.driver",
        "gage._internal.running.waiting_supervisor",
        "gage._internal.operations.line_help",
    ],
)
def test_an_interrupt_while_gage_run_loads(module: str, project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("print('hi')\n")

    done = call(module, "run", "hi.py", "--help")

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    assert gage.runs() == []


@pytest.mark.parametrize("module", ["gage._internal.config.reading", "hashlib", "fcntl", "json"])
def test_an_interrupt_while_a_run_is_staged_and_started(
    module: str, project: Path, runs_home: Path
) -> None:
    (project / "train.py").write_text("x = 1\nprint(x)\n")
    (project / "data.txt").write_bytes(b"x" * 100_000)  # digests need `hashlib`

    done = call(module, "run", "train.py", "x=2")

    assert b"Traceback" not in done.stderr
    assert done.returncode in {130, 0}  # 0 if it does not import this module
    assert all(run.status in ENDED for run in gage.runs())


@pytest.mark.parametrize("words", [["runs"], ["show"], ["help", "run"]], ids=" ".join)
@pytest.mark.parametrize("module", ["gage.cli.app", "click", "gage.cli.looking"])
def test_an_interrupt_while_another_command_loads(
    module: str, words: list[str], project: Path, runs_home: Path
) -> None:
    done = call(module, *words)

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_command_that_ignores_interrupts_continues(project: Path, runs_home: Path) -> None:
    """As a command in the background of a script does, or one after `nohup`."""
    (project / "hi.py").write_text("print('hi')\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, "-c", CALLER, "gage._internal.api.driver", "run", "hi.py"],
        env=env,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"hi\n")
