"""The runs that this process made, whose saved variables may be loaded without asking."""

from __future__ import annotations

import os

__all__ = ["is_own", "mark_own"]

_made: dict[str, int] = {}


def mark_own(run_id: str) -> None:
    """Remember that this process made a run."""
    _made[run_id] = os.getpid()


def is_own(run_id: str) -> bool:
    """Return whether this process made a run; a fork of the kernel is another process."""
    return _made.get(run_id) == os.getpid()
