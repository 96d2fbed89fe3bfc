"""Staging that failed: what is recorded of it, and the message for a store that cannot be written.

    proc/exit      the exit code of the command that failed, 1 for another failure, -2 for an
                   interrupt
    proc/reason    why, one line
    stopped        when (µs)

A failed run keeps what was staged, unless the disk is full.
"""

from __future__ import annotations

import errno
import os

from gage._internal.atomic import NO_ROOM, replace
from gage._internal.clock import now_us
from gage._internal.errors import MetaError, PhaseError
from gage._internal.record.file_log import log_changes, scan_files
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import write_timestamp
from gage._internal.record.runner_log import log_runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["RESERVE_BYTES", "record_failure", "store_message"]

# Disk space for recording a failure.
RESERVE_BYTES = 64 << 10


def record_failure(run: Run, error: BaseException) -> None:
    """Record that staging a run has failed: status `error`, with all that is known.

    If the disk is full, what was staged is removed first: the project has the originals, and the
    next run needs the room.
    """
    if _is_disk_full(run, error):
        _remove_copies(run)
    try:
        _write_failure(run, error)
    except OSError:
        return  # the store is not writable: `error` says why, and the run stays listed


def _is_disk_full(run: Run, error: BaseException) -> bool:
    """Return whether staging failed for the lack of room, or left none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            return True
        cause = cause.__cause__
    try:
        room = os.statvfs(run.run_dir)
    except OSError:
        return False
    no_files = room.f_files > 0 and room.f_favail == 0
    return no_files or room.f_bavail * room.f_frsize < RESERVE_BYTES


def _remove_copies(run: Run) -> None:
    import shutil

    try:
        found = scan_files(run.run_dir)
        shutil.rmtree(run.run_dir)
        os.mkdir(run.run_dir)
        log_runner(run, f"Removed what was staged ({len(found)} files): the disk is full")
        log_changes(run, "s", {})
    except (OSError, MetaError):
        return  # the others are removed


def _write_failure(run: Run, error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        is_staged = os.path.exists(run_meta_path(run, "staged"))
        exit_code = -2
        reason = f"interrupted {'before it was started' if is_staged else 'while it was staged'}"
    elif isinstance(error, PhaseError):
        exit_code, reason = (
            error.exit_code,
            f"{error.phase} failed with exit code {error.exit_code}",
        )
    else:
        exit_code, reason = 1, str(error) or type(error).__name__
    replace(run_meta_path(run, "proc", "exit"), b"%d\n" % exit_code)
    replace(run_meta_path(run, "proc", "reason"), f"{reason}\n".encode("utf-8", "replace"))
    log_runner(run, f"Staging failed: {reason}")
    write_timestamp(run, "stopped", now_us())


def store_message(what: str, error: OSError) -> str:
    """Return the message for a store that could not be written: what failed, why, what to do."""
    where = f" ({error.filename})" if error.filename else ""
    what = f"{what}: {error.strerror or error}{where}"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{what}. Expected a directory; name another with GAGE_RUNS"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{what}. Make it writable or name another directory with GAGE_RUNS"
    if error.errno in NO_ROOM:
        return f"{what}. Free some room or name a directory on another disk with GAGE_RUNS"
    return what
