"""A run whose staging failed says why, and the message says what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import GageError, PatternError, PhaseError, StoreError
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.status import read_status
from gage._internal.staging.failure import store_message
from gage._internal.staging.staging import stage_run
from tests.making import initialized, meta


@pytest.mark.parametrize(
    ("data", "error", "code", "reason"),
    [
        ({"exec": {"init-runtime": ["no-such"]}}, PhaseError, 127, "failed with exit code 127"),
        ({"exec": {"init-runtime": "kill -9 $$"}}, PhaseError, -9, "init-runtime failed"),
        ({"sourcecode": "*.py size<x"}, PatternError, 1, "size<x"),
        ({"depends": "*.none"}, GageError, 1, "a dependency is missing"),
    ],
    ids=["no-program", "killed", "pattern", "dependency"],
)
def test_a_failure_ends_the_run_and_says_why(
    project: Path,
    tmp_path: Path,
    data: dict[str, Any],
    error: type[GageError],
    code: int,
    reason: str,
) -> None:
    run = initialized(tmp_path, data=data)

    with pytest.raises(error):
        stage_run(str(project), run)

    status = read_status(run)
    assert status.name == ("error" if code > 0 else "terminated")
    assert status.exit_code == code
    assert reason in status.reason
    assert read_timestamp(run, "stopped") is not None
    assert read_timestamp(run, "staged") is None


def test_an_interrupt_ends_the_run_as_terminated(project: Path, tmp_path: Path) -> None:
    run = initialized(tmp_path)

    def interrupt(phase: str) -> None:
        if phase == "resolve-deps":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage_run(str(project), run, on_phase=interrupt)

    status = read_status(run)
    assert (status.name, status.exit_code) == ("terminated", -2)
    assert "interrupted while it was staged" in status.reason


def test_a_store_that_fails_while_a_run_is_staged_is_said(project: Path, tmp_path: Path) -> None:
    run = initialized(tmp_path)
    meta(run, "manifest").mkdir()
    (meta(run, "manifest") / "x").touch()

    with pytest.raises(StoreError, match=f"cannot stage run {run.name}: Is a directory"):
        stage_run(str(project), run)

    assert "Is a directory" in read_status(run).reason


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.EACCES, "Permission denied (/runs). Make it writable or name another directory"),
        (errno.EROFS, "Read-only file system (/runs). Make it writable or name another directory"),
        (errno.ENOSPC, "No space left on device (/runs). Free some room or name a directory on"),
        (errno.EEXIST, "File exists (/runs). Expected a directory; name another with GAGE_RUNS"),
        (errno.EMFILE, "Too many open files (/runs)"),
    ],
    ids=["permission", "read-only", "full", "a file", "another"],
)
def test_a_message_of_the_store_says_what_to_do(code: int, advice: str) -> None:
    message = store_message("cannot make a run", OSError(code, os.strerror(code), "/runs"))

    assert message.startswith(f"cannot make a run: {advice}")
