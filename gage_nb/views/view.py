"""What every way of showing something needs, and what it offers, whatever is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Face", "Snapshot", "View"]


class Snapshot(Protocol):
    """Something at one moment: epoch µs (UTC)."""

    @property
    def as_of_us(self) -> int:
        """When it was looked at."""


S = TypeVar("S", bound=Snapshot)
S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True)
class Face(Generic[S]):
    """How a snapshot looks.

    Attributes
    ----------
    bundle
        Gives the whole as a MIME bundle, as a notebook keeps it.
    parts
        Gives the pieces of a live view as HTML, by name. `bar` and `time` share a row, which a
        Stop button joins; `tail` scrolls; the others are below each other, in this order. What
        has not changed is the same HTML.
    """

    bundle: Callable[[S], dict[str, str]]
    parts: Callable[[S], dict[str, str]]

    def content(self, state: S) -> tuple[str, ...]:
        """Return what is said, without the moment at which it is said."""
        return tuple(self.parts(state).values())


class View(Protocol[S_contra]):
    """A place where something is shown."""

    def show(self, state: S_contra) -> None:
        """Make the view, in the cell that runs."""

    def complete(self, state: S_contra) -> None:
        """Make what may have been put off; from now on the cell's thread has other work."""

    def update(self, state: S_contra) -> None:
        """Show what has changed."""

    def finish(self, state: S_contra) -> None:
        """Show what stays."""
