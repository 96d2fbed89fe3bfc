"""A browser for all tests of a process, and a JupyterLab for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.jupyterlab import chromium
from tests.browser.servers import Server, running_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; a missing one is an error, not a reason to skip."""
    with chromium() as started:
        yield started


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Server]:
    """A JupyterLab that serves `tmp_path/"lab"`; its kernels record runs in `tmp_path/"runs"`."""
    env = {"GAGE_RUNS": str(tmp_path / "runs")}
    with running_server(tmp_path / "lab", tmp_path / "server", env=env) as server:
        yield server


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Server]:
    """A JupyterLab without kernels, serving `tmp_path/"lab"`: what a saved notebook shows."""
    with running_server(tmp_path / "lab", tmp_path / "viewer", kernels=False) as server:
        yield server
