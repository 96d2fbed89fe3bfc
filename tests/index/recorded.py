"""Runs that have ended, without a process, and what a filter finds of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from gage._internal.index.runs import RunIndex
from gage._internal.record.run_meta import write_attr, write_timestamp
from gage._internal.running.finalize import finalize_run
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run


def run_with(
    home: Path,
    config: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    exit_code: int = 0,
    op: str = "train",
    **attrs: Any,
) -> Run:
    """Return a finished run without a process."""
    run = make_run(str(home))
    init_run_meta(run, OpRef("test", op), OpDef(op, {}), config or {}, OpCmd("true", {}))
    for name, value in attrs.items():
        write_attr(run, "user", name, value)
    finalize_staged_run(run)
    write_timestamp(run, "started", time.time_ns() // 1000)
    if metrics:
        Path(run.run_dir, "summary.json").write_text(json.dumps({"metrics": metrics}))
    finalize_run(run, exit_code)
    return run


def names(home: Path, where: str = "") -> list[str]:
    return [run.name for run in RunIndex(str(home)).select(where)]
