"""What a view of a run is made from: the run at one moment."""

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
    """A run at one moment. Times are epoch µs (UTC).

    Attributes
    ----------
    phase
        The step that is running, or at which the run failed.
    config
        The values that it was given, as text.
    label, tags
        What the user calls it.
    tail, earlier_lines
        The last lines of output as a terminal shows them, and how many are above them.
    line_count, size_bytes
        Of the whole output.
    directory
        The run's, relative to where the notebook is shown.
    files, file_count
        Those that the run made, (path, bytes or None), the first of them; how many there are.
    outside
        Files that the run read elsewhere, (path, bytes), the first of them.
    outside_count
        How many there are.
    notes
        What a reader of the run should know.
    left_out
        Which files of the project the run does not have, as usual; empty where it has all.
    attributes
        What it said of itself, a text each: `color 1.1 (name=green)`.
    metrics, charts
        The numbers that it gave back, and their drawings for a live view, HTML of our own.
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

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the run took, or has been running; None before its start."""
        if self.started_us is None or (self.stopped_us is None and self.ended):
            return None
        end = self.as_of_us if self.stopped_us is None else self.stopped_us
        return max(0, end - self.started_us) / 1e6
