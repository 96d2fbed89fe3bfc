"""Where gage works: its working directory and its directory of runs."""

from __future__ import annotations

import os

from gage._internal.store.store import runs_home

__all__ = ["home_of"]


def home_of(
    directory: str | None = None, named: str | None = None, project_dir: str | None = None
) -> str:
    """Return the directory of runs.

    Parameters
    ----------
    directory
        gage works as if it was started there; default: the current directory.
    named
        The directory of runs that the user names, relative to `directory`; default: that of the
        project.
    project_dir
        The project, if it is known already; default: that of `directory`.
    """
    if named is None:
        return runs_home(project_dir or directory)
    here = os.path.expanduser(directory or "")
    return os.path.abspath(os.path.join(here, os.path.expanduser(named)))
