"""The run that this process is part of, for code that reports to it."""

from __future__ import annotations

import os
from time import time_ns

__all__ = ["current_meta_dir", "new_process_file"]


def current_meta_dir() -> str | None:
    """Return the side-car of the run that this process is part of, None outside a run."""
    run_dir = os.environ.get("RUN_DIR")
    if not run_dir:
        return None
    # Made absolute now, since the program may change its directory later.
    meta_dir = f"{os.path.abspath(run_dir)}.meta"
    return meta_dir if os.path.isdir(meta_dir) else None


def new_process_file(directory: str) -> int:
    """Create a file of this process in a directory of the side-car; return its descriptor.

    The name is `STARTED-PID` with the time in epoch microseconds, so that names sort by time.
    Writes append.
    """
    os.makedirs(directory, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    while True:
        name = f"{time_ns() // 1000:016d}-{os.getpid()}"
        try:
            return os.open(os.path.join(directory, name), flags, 0o666)
        except FileExistsError:
            continue
