"""An output, the two ways bytes go into it, and scripts that write it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.output.captured import run_captured

PYTHON = sys.executable


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "output" / "40_run")


@pytest.fixture(params=["splice", "read"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How bytes go from the pipe to the file."""
    if request.param == "read":
        monkeypatch.delattr(os, "splice", raising=False)
    elif not hasattr(os, "splice"):
        pytest.skip("no splice on this system")
    return str(request.param)


@pytest.fixture
def run_script(tmp_path: Path, path: str) -> Callable[..., int]:
    """Run a Python script, captured at `path`; return its exit code."""

    def run(text: str, *args: str, **options: object) -> int:
        script = tmp_path / "script.py"
        script.write_text("import os, sys, time\n" + text)
        argv = [PYTHON, str(script), *args]
        return run_captured(argv, str(tmp_path), dict(os.environ), path, **options)  # type: ignore[arg-type]

    return run
