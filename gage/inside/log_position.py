"""Where in its log a run's program is: how many bytes of it are recorded once all are.

What a program has printed goes through pipes into `output/40_run`, moved by the supervisor. On
Linux each byte is in one or the other at any moment, so that with empty pipes the size of the
file is the position. Elsewhere it may lag behind by what the supervisor holds.
"""

from __future__ import annotations

import os
import sys
import time

from gage._internal.record.layout import RUN_OUTPUT
from gage.inside.own_run import own_meta_dir

__all__ = ["log_position"]

_WAIT_S = 0.2
_STEP_S = 0.0002


def log_position() -> int:
    """Return the offset in bytes at which the log of the own run goes on; 0 outside of a run.

    Waits a moment for what was printed before. A program that prints into something else, or
    whose other threads and processes print without end, gets the size that there is.
    """
    meta_dir = own_meta_dir()
    if meta_dir is None:
        return 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # there is none, or it is closed
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
