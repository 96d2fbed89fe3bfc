"""Runs in the states that tests need, by the functions that make every run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gage._internal.process.identity import Identity, encode_identity, identity_of
from gage._internal.record.layout import run_meta_path
from gage._internal.running.runner import start_run, wait_for_run
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run, stage_run
from gage._internal.types import Command, OpCmd, OpDef, OpRef, Run


def initialized(
    home: Path | str, args: Command = "true", data: dict[str, Any] | None = None, **env: str
) -> Run:
    """Return an initialised run of the operation `op`."""
    run = make_run(str(home))
    init_run_meta(run, OpRef("test", "op"), OpDef("op", data or {}), {}, OpCmd(args, env))
    return run


def staged(
    home: Path | str,
    args: Command = "true",
    data: dict[str, Any] | None = None,
    project: Path | None = None,
    **env: str,
) -> Run:
    """Return a staged run; without a project it has no files."""
    run = initialized(home, args, data, **env)
    if project is None:
        finalize_staged_run(run)
    else:
        stage_run(str(project), run)
    return run


def ended(
    home: Path | str,
    args: Command = "true",
    data: dict[str, Any] | None = None,
    project: Path | None = None,
    **env: str,
) -> Run:
    """Return a run that was started and has ended."""
    run = staged(home, args, data, project, **env)
    start_run(run)
    wait_for_run(run)
    return run


def meta(run: Run, *names: str) -> Path:
    """Return the path of a file in the side-car."""
    return Path(run_meta_path(run, *names))


def dead_identity() -> Identity:
    """Return a process of this machine that has ended."""
    process = subprocess.Popen(["true"])
    identity = identity_of(process.pid, ended=True)
    process.wait()
    return identity


def write_processes(run: Run, name: str, *identities: Identity) -> None:
    """Write `proc/supervisor` or `proc/command`."""
    path = meta(run, "proc", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{encode_identity(identity)}\n" for identity in identities))


def wait_until(condition: Callable[[], object]) -> None:
    """Return when a condition holds that nothing tells of."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
