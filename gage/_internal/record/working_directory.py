"""The working directory of a run's command: the run directory, or a directory below it.

For a program that reads `../data`, the run keeps the shape of the project: the project's files are
in a directory below the run directory, and the command works there. The attribute `sys/directory`
has its path, with "/"; without it, the command works in the run directory itself.
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
    """Return the working directory relative to the run directory, "" for that itself."""
    return str(read_attr(run, "sys", _NAME, ""))


def work_dir(run: Run) -> str:
    """Return the working directory of the run's command."""
    below = directory_below(run)
    return os.path.join(run.run_dir, below) if below else run.run_dir


def set_directory_below(run: Run, below: str) -> None:
    """Record the working directory of the run's command, and make it."""
    write_attr(run, "sys", _NAME, below)
    os.makedirs(os.path.join(run.run_dir, below), exist_ok=True)


def path_in_run(below: str, path: str) -> str:
    """Convert a path relative to the working directory to one relative to the run directory."""
    return os.path.normpath(os.path.join(below, path)) if below else path
