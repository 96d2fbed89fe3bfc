"""Since when nothing was written: whether what is unfinished is still being made."""

from __future__ import annotations

import os
import time

__all__ = ["is_abandoned", "is_settled"]

_SETTLED_S = 60  # a file is written, or a directory moved, in much less
_ABANDONED_S = 3600  # a command of a staging phase may print nothing for long


def is_settled(path: str) -> bool:
    """Return whether a file, or a directory's list of files, has not changed for a minute."""
    try:
        return time.time() - os.lstat(path).st_mtime > _SETTLED_S
    except OSError:
        return False  # it is gone by now


def is_abandoned(*directories: str) -> bool:
    """Return whether nothing in these directories has changed for an hour."""
    newest_s = 0.0
    for top in directories:
        for directory, _, names in os.walk(top):
            for path in (directory, *(os.path.join(directory, name) for name in names)):
                try:
                    newest_s = max(newest_s, os.lstat(path).st_mtime)
                except OSError:
                    continue  # it is gone by now
    return time.time() - newest_s > _ABANDONED_S
