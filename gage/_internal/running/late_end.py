"""The end of a run that could not be recorded when it ended, recorded later.

The disk was full, or supervisor and keeper were killed at the end: the exit code is recorded, but
files that the run made are not in the manifest, and `stopped` is missing. The next command that
names the run records the rest.
"""

from __future__ import annotations

import os

from gage._internal.errors import GageError
from gage._internal.guarded import open_regular
from gage._internal.record.layout import run_meta_path
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

__all__ = ["record_late_end"]

_LEAST_BYTES = 1 << 20
_LEAST_FILES = 16


def record_late_end(run: Run) -> bool:
    """Record the end of a run that has ended and is not finalised; return whether that was done.

    Only a run of this user on this machine, and only if there is room. Commands of its operation
    are not run.
    """
    exit_path = run_meta_path(run, "proc", "exit")
    if os.path.exists(run_meta_path(run, "stopped")) or not os.path.exists(exit_path):
        return False  # the usual case: it has its end, or is running
    import fcntl

    try:
        if not _is_ours(run) or not _has_room(run):
            return False
        with open_regular(run_meta_path(run, "__schema__")) as schema:
            # Another command may be doing the same.
            fcntl.flock(schema.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_open_ended(run):
                return False
            ended_us = os.lstat(exit_path).st_mtime_ns // 1000
            finalize_run(run, read_exit_code(run), ended_us=ended_us)
    except (GageError, OSError, ValueError):
        return False  # it stays as it is, and its status says so
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
