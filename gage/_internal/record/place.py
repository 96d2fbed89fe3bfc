"""Whether a recorded process belongs to this directory of runs, or to the original of a copy.

If a directory of runs is copied while one of its runs is running, the side-car in the copy names
processes of the original. Their place tells them apart (Linux): a supervisor and its keeper have
the directory of runs as their working directory, and the command has the run directory in its
environment. A process whose place cannot be found out counts as belonging here.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.process.identity import Identity

__all__ = ["is_command_of", "is_keeper_in"]


def is_keeper_in(identity: Identity, home: str) -> bool:
    """Return whether a live supervisor or keeper works for this directory of runs."""
    link = f"/proc/{identity.pid}/cwd"
    try:
        # `/` is the working directory of supervisors before 0.2.0.
        return os.path.samestat(os.stat(link), os.stat(home)) or os.readlink(link) == "/"
    except OSError:
        return True


def is_command_of(identity: Identity, run_dir: str) -> bool:
    """Return whether a live command belongs to the run with this directory."""
    try:
        with open(f"/proc/{identity.pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return True
    own = [entry[len(b"RUN_DIR=") :] for entry in entries if entry.startswith(b"RUN_DIR=")]
    try:
        # If the directory of runs was moved, the recorded directory does not exist.
        return not own or os.path.samefile(own[0], os.fsencode(run_dir))
    except OSError:
        return True
