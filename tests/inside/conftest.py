"""A run that logs metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.types import Run
from gage.inside.metric_log import _OwnLog
from tests.reporting import new_run


@pytest.fixture
def run(runs_home: Path) -> Run:
    """An initialised run."""
    return new_run(runs_home)


@pytest.fixture
def own_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> _OwnLog:
    """The log of a process that is part of the run."""
    monkeypatch.setenv("RUN_DIR", run.run_dir)
    return _OwnLog()
