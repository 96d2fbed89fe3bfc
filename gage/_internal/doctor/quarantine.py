"""Where damaged things go, so that nothing is deleted.

    RUNS/.damaged/PATH      what was at RUNS/PATH; `.2`, `.3`, … after the name if that is taken
    RUNS/.damaged/log       TIME PATH: REASON    a line for each, as in `record.runner_log`

To have something back, move it to its place again.
"""

from __future__ import annotations

import errno
import os

from gage._internal.atomic import append
from gage._internal.quoting import quote
from gage._internal.record.layout import run_meta_path
from gage._internal.record.runner_log import encode_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["DAMAGED", "keep_copy", "log_repair", "set_aside"]

DAMAGED = ".damaged"


def set_aside(home: str, path: str, reason: str) -> str:
    """Move a file or directory of a directory of runs away; return its new path, from the home."""
    target = _place_for(home, path)
    os.rename(path, target)
    return _log(home, path, target, reason)


def keep_copy(home: str, path: str, reason: str) -> str:
    """Copy a file that is going to be replaced; return the path of the copy, from the home."""
    import shutil

    target = _place_for(home, path)
    shutil.copy2(path, target, follow_symlinks=False)
    return _log(home, path, target, reason)


def log_repair(run: Run, message: str) -> None:
    """Log a repair in the side-car of its run."""
    append(run_meta_path(run, "log", "user"), encode_entries([f"Repaired: {message}"]))


def _place_for(home: str, path: str) -> str:
    top = os.path.join(home, DAMAGED)
    if os.path.islink(top):
        raise OSError(errno.ELOOP, "a link has taken the place of a directory", top)
    first = target = os.path.join(top, os.path.relpath(path, home))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    number = 1
    while os.path.lexists(target):
        number += 1
        target = f"{first}.{number}"
    return target


def _log(home: str, path: str, target: str, reason: str) -> str:
    name = quote(os.path.relpath(path, home))
    append(os.path.join(home, DAMAGED, "log"), encode_entries([f"{name}: {reason}"]))
    return os.path.relpath(target, home)
