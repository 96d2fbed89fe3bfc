"""Runs that are staged for a test, and killed at its end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.types import Command, OpCmd, OpDef, OpRef, Run
from tests.running.runs import PYTHON, processes


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
