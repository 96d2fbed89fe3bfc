"""The end of a run that could not be recorded when it ended, recorded later.

The disk was full, or supervisor and keeper were killed at the end: the exit code is recorded, but
files that the run made are not in the manifest, and `stopped` is missing. The next command that
names the run records the rest.

If the machine went down, or all processes of a run were killed at once, no exit code is recorded.
`gage doctor --repair` records the end of such a run: it is `terminated`, with the reason `lost`.
"""

from __future__ import annotations

import os

from gage._internal.errors import GageError
from gage._internal.guarded import open_regular
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.status import (
    is_left_over,
    live_processes,
    read_exit_code,
    read_status,
)
from gage._internal.running.finalize import finalize_run
from gage._internal.types import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["is_lost", "record_late_end", "record_lost_end"]

_LEAST_BYTES = 1 << 20
_LEAST_FILES = 16
_LOST = "lost: its processes ended without leaving an exit code, as when the machine goes down"


def record_late_end(run: Run) -> bool:
    """Record the end of a run that has ended and is not finalised; return whether that was done.

    Only a run of this user on this machine, and only if there is room. Commands of its operation
    are not run.
    """
    exit_path = run_meta_path(run, "proc", "exit")
    if os.path.exists(run_meta_path(run, "stopped")) or not os.path.exists(exit_path):
        return False  # the usual case: it has its end, or is running
    try:
        if not _is_ours(run) or not _has_room(run):
            return False
        ended_us = os.lstat(exit_path).st_mtime_ns // 1000
        return _finalize(run, read_exit_code(run), "", ended_us)
    except (GageError, OSError, ValueError):
        return False  # it stays as it is, and its status says so


def is_lost(run: Run) -> bool:
    """Return whether a run has ended without an exit code, so that its end can be recorded."""
    return _is_open_ended(run) and read_exit_code(run) is None


def record_lost_end(run: Run) -> bool:
    """Record the end of a run that is lost; return whether that was done.

    It ended when its output was last written. Commands of its operation are not run.

    Raises
    ------
    GageError, OSError
        If the end cannot be recorded.
    """
    if not is_lost(run):
        return False
    written = [run_meta_path(run, *names) for names in (("output", RUN_OUTPUT), ("started",))]
    times = [os.lstat(path).st_mtime_ns // 1000 for path in written if os.path.exists(path)]
    return _finalize(run, None, _LOST, max(times))


def _finalize(run: Run, exit_code: int | None, reason: str, ended_us: int) -> bool:
    """Finalise a run unless another process has done it, or is doing it now."""
    import fcntl

    with open_regular(run_meta_path(run, "__schema__")) as schema:
        fcntl.flock(schema.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_open_ended(run):
            return False
        finalize_run(run, exit_code, reason, ended_us=ended_us)
    return True


def _is_open_ended(run: Run) -> bool:
    return (
        not os.path.exists(run_meta_path(run, "stopped"))
        and read_status(run).name in {*ENDED} - {"damaged"}
        and not live_processes(run)
        and is_left_over(run)
    )


def _is_ours(run: Run) -> bool:
    return all(os.stat(path).st_uid == os.geteuid() for path in (run.meta_dir, run.run_dir))


def _has_room(run: Run) -> bool:
    room = os.statvfs(run.meta_dir)
    has_files = room.f_files == 0 or room.f_favail >= _LEAST_FILES  # 0: without a limit
    return has_files and room.f_bavail * room.f_frsize >= _LEAST_BYTES
