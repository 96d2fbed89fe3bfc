"""The description of a run: what was recorded of the system, and what users add afterwards."""

from __future__ import annotations

import os

from gage._internal.errors import OptionError
from gage._internal.metrics.summary_file import read_full_summary, read_summary
from gage._internal.record.duration import read_duration_us
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.record.run_meta import read_attr, read_attrs, read_timestamp, run_attrs
from gage._internal.record.runner_log import read_notes
from gage._internal.store.user_attrs import (
    Comment,
    add_comment,
    add_tags,
    read_comments,
    remove_tags,
    set_label,
)
from gage._internal.suggestions import did_you_mean
from gage._internal.types import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from gage._internal.resources.log import Resources

__all__ = ["DescribedRun"]


_TIMES = ("initialized", "staged", "started", "stopped")


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

    def __getitem__(self, key: str) -> Any:
        """Return a value of the run: of its configuration, a metric (the last value), an attribute.

        Raises
        ------
        KeyError
            If the run has no such value; the message lists similar names.
        """
        from gage._internal.config.recorded import recorded_config
        from gage._internal.metrics.series import read_metrics, summarize

        config = recorded_config(self)
        if key in config:
            return config[key]
        metrics = summarize(read_metrics(self))
        if key in metrics:
            return metrics[key].last
        attributes = self.attributes
        if key in attributes:
            return attributes[key]
        near = did_you_mean(key, [*config, *metrics, *attributes])
        raise KeyError(f"{self.name} has no value {key!r}. {near}".rstrip())

    @property
    def meta(self) -> dict[str, Any]:
        """What is recorded beside the files: times (epoch µs), attributes of `user` and `sys`."""
        times = {name: read_timestamp(self, name) for name in _TIMES}
        return {"id": self.id, "name": self.name, **times, **run_attrs(self)}

    @property
    def files(self) -> list[str]:
        """The paths of the run's files in its manifest, relative with `/`, staged ones first."""
        return list(
            dict.fromkeys(entry.path for entry in read_manifest(run_meta_path(self, "manifest")))
        )

    def path(self, *names: str) -> Path:
        """Return the path of a file in the run directory, which need not exist.

        Raises
        ------
        OptionError
            If it would be outside of the run directory.
        """
        from pathlib import Path

        found = os.path.normpath(os.path.join(self.run_dir, *names))
        if found != self.run_dir and not found.startswith(self.run_dir + os.sep):
            raise OptionError(
                f"expected a path in the directory of {self.name}, found {os.path.join(*names)!r}"
            )
        return Path(found)

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
