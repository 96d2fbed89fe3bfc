"""The directories above a project that a run may read: the repository, or else two of them."""

from __future__ import annotations

import os

__all__ = ["levels_above"]

_MARKS = (".git", ".hg")
MOST_WITHOUT_REPOSITORY = 2


def levels_above(directory: str, without_repository: int = MOST_WITHOUT_REPOSITORY) -> int:
    """Return the number of directories above a project that belong to it.

    These are the directories of its repository, or without one, as many as the argument says, but
    never the home directory or a directory above it.
    """
    directory = os.path.abspath(directory)
    home = os.path.expanduser("~")
    forbidden = {"/"}
    for path in (os.path.abspath(home), os.path.realpath(home)):
        parts = path.split("/")
        forbidden |= {"/".join(parts[:count]) for count in range(2, len(parts) + 1)}
    allowed = 0
    current = directory
    repository = None
    while True:
        if any(os.path.lexists(os.path.join(current, mark)) for mark in _MARKS):
            repository = allowed
            break
        parent = os.path.dirname(current)
        if parent in forbidden or current in forbidden:
            break
        current = parent
        allowed += 1
    return min(allowed, without_repository) if repository is None else repository
