"""The state of a run at one moment, from which a view is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gage._internal.types import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.metrics.series import MetricSeries
    from gage._internal.progress.bars import Progress
    from gage_nb.views.terminal import Line

__all__ = ["PanelState"]


@dataclass(frozen=True)
class PanelState:
    """The state of a run at one moment. Times are epoch µs (UTC).

    Attributes
    ----------
    phase
        The phase that is running, or in which the run failed.
    config
        The given values, as text.
    label, tags
        The label and tags of the user.
    tail, earlier_lines
        The last lines of output as a terminal shows them, and the number of lines above them.
    line_count, size_bytes
        Of the whole output.
    directory
        The run's directory, relative to that of the notebook.
    files, file_count
        The first files that the run made, (path, bytes or None), and the number of all.
    outside
        The first files outside the run that it read, (path, bytes).
    outside_count
        The number of all such files.
    notes
        Notes for readers of the run.
    left_out
        The note on files of the project that the run does not have; empty if it has all.
    attributes
        What it said of itself, a text each: `color 1.1 (name=green)`.
    metrics, charts
        The metrics, and their charts for a live view, as our own HTML.
    resources, resource_series
        What its processes used: in words, and over time.
    """

    operation: str
    name: str
    id: str
    status: str
    as_of_us: int
    reason: str = ""
    exit_code: int | None = None
    phase: str = ""
    config: str = ""
    started_us: int | None = None
    stopped_us: int | None = None
    progress: Progress | None = None
    tail: tuple[Line, ...] = ()
    earlier_lines: int = 0
    line_count: int = 0
    size_bytes: int = 0
    directory: str = ""
    files: tuple[tuple[str, int | None], ...] = ()
    file_count: int = 0
    outside: tuple[tuple[str, int | None], ...] = ()
    outside_count: int = 0
    notes: tuple[str, ...] = ()
    left_out: str = ""
    label: str = ""
    tags: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    metrics: Mapping[str, MetricSeries] = field(default_factory=dict)
    charts: str = ""
    resources: str = ""
    resource_series: Mapping[str, MetricSeries] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the run has ended, so that nothing changes any more."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the run took, or has been running; None before its start."""
        if self.started_us is None or (self.stopped_us is None and self.ended):
            return None
        end = self.as_of_us if self.stopped_us is None else self.stopped_us
        return max(0, end - self.started_us) / 1e6
