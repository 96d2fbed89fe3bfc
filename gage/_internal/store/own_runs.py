"""The runs that this process made, whose saved variables may be loaded without asking."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container

__all__ = ["is_own", "mark_own", "mark_own_batch"]

_made: dict[str, int] = {}
_batches: list[tuple[int, Callable[[], Container[str]]]] = []


def mark_own(run_id: str) -> None:
    """Remember that this process made a run."""
    _made[run_id] = os.getpid()


def mark_own_batch(made: Callable[[], Container[str]]) -> None:
    """Remember that this process started a batch; `made` returns the ids of the runs made since."""
    _batches.append((os.getpid(), made))


def is_own(run_id: str) -> bool:
    """Return whether this process made a run; a fork of the kernel is another process."""
    own = os.getpid()
    return _made.get(run_id) == own or any(
        pid == own and run_id in made() for pid, made in _batches
    )
