"""What is said of a run: by the system that recorded it, and by its user afterwards."""

from __future__ import annotations

from gage._internal.record.duration import read_duration_us
from gage._internal.record.run_meta import read_attr, read_attrs, read_notes, read_timestamp
from gage._internal.store.user_attrs import (
    Comment,
    add_comment,
    add_tags,
    read_comments,
    remove_tags,
    set_label,
)
from gage._internal.types import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DescribedRun"]


class DescribedRun(Run):
    """A run with its times, notes and attributes, each read when it is asked for."""

    __slots__ = ()

    def timestamp(self, name: str) -> int | None:
        """Return `initialized`, `staged`, `started` or `stopped` in epoch µs, None if not yet."""
        return read_timestamp(self, name)

    @property
    def duration_us(self) -> int | None:
        """From start to end in µs; None before the end."""
        return read_duration_us(self)

    @property
    def notes(self) -> list[str]:
        """What staging and finalising say one should know: files left out, links, warnings."""
        return read_notes(self)

    @property
    def attrs(self) -> dict[str, Any]:
        """What was recorded about the system: platform, packages, git, notebook."""
        return read_attrs(self, "sys")

    @property
    def label(self) -> str | None:
        """The label given to the run, if any."""
        label: str | None = read_attr(self, "user", "label")
        return label

    @property
    def tags(self) -> list[str]:
        """The tags given to the run."""
        return list(read_attr(self, "user", "tags", []))

    @property
    def comments(self) -> list[Comment]:
        """What was said of the run, the oldest first: `time_us`, `author`, `text` of each."""
        return read_comments(self)

    def set_label(self, label: str | None) -> None:
        """Give the run a label in place of the one that it has; None takes it away."""
        set_label(self, label)

    def add_tags(self, *tags: str) -> list[str]:
        """Add tags; return all that the run has."""
        return add_tags(self, tags)

    def remove_tags(self, *tags: str) -> list[str]:
        """Take tags away; return those that are left."""
        return remove_tags(self, tags)

    def comment(self, text: str, author: str | None = None) -> Comment:
        """Add a comment; its author is by default the user of this process."""
        return add_comment(self, text, author)
