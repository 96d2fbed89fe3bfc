"""The position of a run's program in its log: how many bytes it has printed so far.

The supervisor moves the program's output from pipes into `output/40_run`. On Linux each byte is
always in one of them, so that with empty pipes the size of the file is the position. Elsewhere it
may lag behind by the bytes that the supervisor holds.
"""

from __future__ import annotations

import os
import sys
import time

from gage._internal.record.layout import RUN_OUTPUT
from gage.inside.current_run import current_meta_dir

__all__ = ["log_position"]

_WAIT_S = 0.2
_STEP_S = 0.0002


def log_position() -> int:
    """Return the offset in bytes of the end of the run's log, 0 outside a run.

    Wait a moment for earlier output. If the program's output goes elsewhere, or other threads and
    processes print without end, return the present size.
    """
    meta_dir = current_meta_dir()
    if meta_dir is None:
        return 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the stream does not exist, or is closed
    deadline_s = time.monotonic() + _WAIT_S
    while any(map(_is_filled, (1, 2))) and time.monotonic() < deadline_s:
        time.sleep(_STEP_S)
    try:
        return os.stat(os.path.join(meta_dir, "output", RUN_OUTPUT)).st_size
    except OSError:
        return 0


def _is_filled(fd: int) -> bool:
    """Return whether a descriptor is a pipe with bytes in it."""
    import fcntl
    import stat
    import termios

    try:
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            return False
        waiting = fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0")
    except OSError:
        return False
    return waiting != b"\0\0\0\0"
