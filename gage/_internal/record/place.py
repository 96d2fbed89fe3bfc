"""Whether a process keeps a run of this directory of runs, or of another one with the same content.

A copy of a directory of runs, made while a run of it was running, has a side-car that names
processes of the original. They are told from its own by where they are (Linux): a supervisor and
its keeper have the directory of runs as their working directory, and the command has the run
directory in its environment. What cannot be found out counts as its own.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.process.identity import Identity

__all__ = ["is_command_of", "is_keeper_in"]


def is_keeper_in(identity: Identity, home: str) -> bool:
    """Return whether a supervisor or keeper that lives works for this directory of runs."""
    link = f"/proc/{identity.pid}/cwd"
    try:
        # `/` is that of supervisors before 0.2.0.
        return os.path.samestat(os.stat(link), os.stat(home)) or os.readlink(link) == "/"
    except OSError:
        return True


def is_command_of(identity: Identity, run_dir: str) -> bool:
    """Return whether the command that lives is of the run with this directory."""
    try:
        with open(f"/proc/{identity.pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return True
    own = [entry[len(b"RUN_DIR=") :] for entry in entries if entry.startswith(b"RUN_DIR=")]
    try:
        # The directory that it names is gone if its home was moved.
        return not own or os.path.samefile(own[0], os.fsencode(run_dir))
    except OSError:
        return True
