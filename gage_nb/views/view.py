"""What every way of showing something offers, whatever is shown."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["View"]

S_contra = TypeVar("S_contra", contravariant=True)


class View(Protocol[S_contra]):
    """A place where a run is shown."""

    def show(self, state: S_contra) -> None:
        """Make the view, in the cell that runs."""

    def complete(self, state: S_contra) -> None:
        """Make what may have been put off; from now on the cell's thread has other work."""

    def update(self, state: S_contra) -> None:
        """Show what has changed."""

    def finish(self, state: S_contra) -> None:
        """Show what stays."""
