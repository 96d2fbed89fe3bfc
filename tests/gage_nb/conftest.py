"""A kernel in a project, and a pipe to talk to its runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gage_nb.runs import ROOT, started_kernel
from tests.kernels import Kernel


@pytest.fixture
def kernel_project(monkeypatch: pytest.MonkeyPatch, project: Path, runs_home: Path) -> None:
    """A project with `hi.py`, whose kernels and runs find the packages under test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (project / "hi.py").write_text("lr = 0.1\nprint('hi', lr)\n")


@pytest.fixture
def bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipe through which a run says that it goes on; named by `BELL`."""
    path = tmp_path / "bell"
    os.mkfifo(path)
    monkeypatch.setenv("BELL", str(path))
    return path


@pytest.fixture
def kernel(kernel_project: None, bell: Path) -> Iterator[Kernel]:
    kernel = started_kernel()
    try:
        yield kernel
    finally:
        kernel.close()
