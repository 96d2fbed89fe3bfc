"""Logs of metrics that a test writes and reads."""

from __future__ import annotations

from pathlib import Path

from gage._internal.types import Run
from tests.reporting import logged


def log_file(run: Run) -> Path:
    (path,) = Path(run.meta_dir, "metrics").iterdir()
    return path


def has_logged(run: Run, count: int) -> bool:
    return len(logged(run)) == count


def write_log(run: Run, data: bytes, name: str = "0000000000000001-1") -> Path:
    path = Path(run.meta_dir, "metrics", name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path
