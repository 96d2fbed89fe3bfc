"""Where the command of a run works: in the run directory, or below it.

A program that reads `../data` keeps the shape of its project: the project's files are in a
directory below the run directory, and the command works there. The attribute `sys/directory` says
which, a path with "/"; a run without it works in the run directory itself.
"""

from __future__ import annotations

import os

from gage._internal.record.run_meta import read_attr, write_attr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["directory_below", "path_in_run", "set_directory_below", "work_dir"]

_NAME = "directory"


def directory_below(run: Run) -> str:
    """Return the path of the working directory in the run directory, "" for that itself."""
    return str(read_attr(run, "sys", _NAME, ""))


def work_dir(run: Run) -> str:
    """Return the working directory of the run's command."""
    below = directory_below(run)
    return os.path.join(run.run_dir, below) if below else run.run_dir


def set_directory_below(run: Run, below: str) -> None:
    """Record where the run's command works, and make that directory."""
    write_attr(run, "sys", _NAME, below)
    os.makedirs(os.path.join(run.run_dir, below), exist_ok=True)


def path_in_run(below: str, path: str) -> str:
    """Return a path relative to the working directory as one relative to the run directory."""
    return os.path.normpath(os.path.join(below, path)) if below else path
