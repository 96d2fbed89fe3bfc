"""Runs whose code is started by a test itself: with a side-car, an environment and an output."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gage._internal.output.writer import Capture
from gage._internal.record.layout import run_meta_path
from gage._internal.staging.staging import init_run_meta, make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from gage.inside.metric_log import Metric, MetricLogReader

ROOT = Path(__file__).parents[1]

Found = TypeVar("Found")


def new_run(runs_home: Path, definition: dict[str, Any] | None = None) -> Run:
    """Return an initialised run of an operation `train`."""
    run = make_run(str(runs_home))
    opdef = OpDef("train", definition or {})
    init_run_meta(run, OpRef("test", "train"), opdef, {}, OpCmd(["train"], {}))
    return run


def start(run: Run, program: str, *args: str) -> subprocess.Popen[str]:
    """Start Python code as the process of a run; its three streams are pipes."""
    env = {**os.environ, "RUN_DIR": run.run_dir, "RUN_ID": run.id, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *args],
        cwd=run.run_dir,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_program(run: Run, program: str, *args: str) -> str:
    """Run Python code as the process of a run; return what it printed."""
    child = start(run, program, *args)
    stdout, stderr = child.communicate()
    assert child.returncode == 0, stderr
    return stdout


def write_output(run: Run, *portions: tuple[bytes, int] | bytes) -> None:
    """Write the output of a run as its supervisor does; a portion is of stdout unless it says."""
    capture = Capture(run_meta_path(run, "output", "40_run"))
    for portion in portions:
        data, stream = portion if isinstance(portion, tuple) else (portion, 0)
        capture.write(data, stream)
    capture.close()


def logged(run: Run) -> list[Metric]:
    """Return what a run has logged; a line that cannot be read fails the test."""
    return MetricLogReader(run.meta_dir, fail).read()


def fail(fault: str) -> None:
    raise AssertionError(fault)


def until(look: Callable[[], Found | None]) -> Found:
    """Look again and again until there is something; the time limit of the test ends it."""
    while not (found := look()):
        time.sleep(0.005)
    return found
