"""The description of a run: what was recorded of the system, and what users add afterwards."""

from __future__ import annotations

from gage._internal.metrics.summary_file import read_full_summary, read_summary
from gage._internal.record.duration import read_duration_us
from gage._internal.record.run_meta import read_attr, read_attrs, read_timestamp
from gage._internal.record.runner_log import read_notes
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

    from gage._internal.resources.log import Resources

__all__ = ["DescribedRun"]


class DescribedRun(Run):
    """A run with its times, notes and attributes, read at each access."""

    __slots__ = ()

    def timestamp(self, name: str) -> int | None:
        """Return `initialized`, `staged`, `started` or `stopped` in epoch µs, None if not yet."""
        return read_timestamp(self, name)

    @property
    def duration_us(self) -> int | None:
        """The time from start to end in µs; None before the end."""
        return read_duration_us(self)

    @property
    def resources(self) -> Resources:
        """What the run's processes used: `samples`, and `total` (so far), None if not known."""
        from gage._internal.resources.log import read_resources

        return read_resources(self.meta_dir)

    @property
    def notes(self) -> list[str]:
        """Notes of staging and finalising for the user: files left out, links, warnings."""
        return read_notes(self)

    @property
    def attrs(self) -> dict[str, Any]:
        """What was recorded about the system: platform, packages, git, notebook."""
        return read_attrs(self, "sys")

    @property
    def attributes(self) -> dict[str, Any]:
        """What the run has said of itself in its summary, beside metrics; empty before the end."""
        return read_summary(self)["attributes"]

    @property
    def summary(self) -> dict[str, dict[str, Any]]:
        """Metrics and attributes at the end of the run, by `metrics` and `attributes` and name.

        A value of which the run says more is a table, `{"value": 1.1, "color": "green"}`.
        """
        return read_full_summary(self)

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
        """The comments on the run, the oldest first, each with `time_us`, `author`, `text`."""
        return read_comments(self)

    def set_label(self, label: str | None) -> None:
        """Set the label of the run; None removes it."""
        set_label(self, label)

    def add_tags(self, *tags: str) -> list[str]:
        """Add tags; return all tags of the run."""
        return add_tags(self, tags)

    def remove_tags(self, *tags: str) -> list[str]:
        """Remove tags; return those that are left."""
        return remove_tags(self, tags)

    def comment(self, text: str, author: str | None = None) -> Comment:
        """Add a comment; default author: the user of this process."""
        return add_comment(self, text, author)
