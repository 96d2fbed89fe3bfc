"""A project in which `gage` is called as in a shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.process.ending import kill
from gage._internal.record.status import live_processes
from tests.cli.commands import ROOT, Started


@pytest.fixture
def env(runs_home: Path) -> dict[str, str]:
    """The environment of a shell in which `gage` is the one under test."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }


@pytest.fixture
def cli(project: Path, env: dict[str, str]) -> Iterator[Callable[..., Started]]:
    """Run `gage` in the project; what still runs at the end of the test is killed."""

    def start(*words: str) -> Started:
        return subprocess.run(
            [sys.executable, "-m", "gage", *words], env=env, capture_output=True, check=False
        )

    (project / "hi.py").write_text("print('hi')\n")
    yield start
    for run in gage.runs():
        for identity in live_processes(run):
            kill(identity, signal.SIGKILL)
