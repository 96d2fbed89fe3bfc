"""The protocols of views: what every view needs and offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Face", "Snapshot", "View"]


class Snapshot(Protocol):
    """The state of something at one moment."""

    @property
    def as_of_us(self) -> int:
        """The time of the snapshot, epoch µs (UTC)."""


S = TypeVar("S", bound=Snapshot)
S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True)
class Face(Generic[S]):
    """The display of a snapshot.

    Attributes
    ----------
    bundle
        Returns the whole as a MIME bundle, as a notebook saves it.
    parts
        Returns the pieces of a live view as HTML, by name. `bar` and `time` share a row with the
        Stop button; `tail` scrolls; the others are below each other, in this order. Unchanged
        pieces have the same HTML.
    """

    bundle: Callable[[S], dict[str, str]]
    parts: Callable[[S], dict[str, str]]

    def content(self, state: S) -> tuple[str, ...]:
        """Return the content, without the time of the snapshot."""
        return tuple(self.parts(state).values())


class View(Protocol[S_contra]):
    """A place where something is shown."""

    def show(self, state: S_contra) -> None:
        """Make the view, in the cell being executed."""

    def complete(self, state: S_contra) -> None:
        """Make postponed parts; from now on the cell's thread has other work."""

    def update(self, state: S_contra) -> None:
        """Show what has changed."""

    def finish(self, state: S_contra) -> None:
        """Show what stays."""
