"""The metrics of a run, from all their sources.

    logged        `gage.log` (`metrics`)
    tensorboard   event files in the run directory (`event_files`)
    printed       lines of output (`printed`)
    summary       `summary.json`, for metrics without another source (`summary_file`); has no steps

A name is read from the first of these that has it: a loss that is both logged and printed counts
only as logged. The output keeps the printed lines.
"""

from __future__ import annotations

from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.metrics.event_files import TENSORBOARD, read_event_files
from gage._internal.metrics.printed import PRINTED, PrintedReader
from gage._internal.metrics.summary_file import read_summary
from gage._internal.record.run_meta import meta_opdef, read_timestamp
from gage.inside.metric_log import LOGGED, Metric, MetricLogReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from gage._internal.types import Run

__all__ = [
    "SOURCES",
    "SUMMARY",
    "MetricSeries",
    "MetricsReader",
    "metric_rows",
    "read_metrics",
    "summarize",
    "with_summary",
]

SUMMARY = "summary"
SOURCES = (LOGGED, PRINTED, TENSORBOARD, SUMMARY)

_MAX_POINTS = 2000
_NAN = float("nan")


def read_metrics(
    run: Run, on_fault: Callable[[str], None] | None = None, *, final: bool | None = None
) -> list[Metric]:
    """Return all values that a run has given so far, in the order of time.

    Parameters
    ----------
    on_fault
        A function that is called with a message for everything that cannot be read; by default the
        message is a warning.
    final
        Whether the run's command has ended, so that its last line counts without a line end.
        Default: whether the run has ended.
    """
    report = on_fault or _warn
    if final is None:
        final = read_timestamp(run, "stopped") is not None
    found = [
        MetricLogReader(run.meta_dir, report).read(),
        read_event_files(run.run_dir, report),
        _printed_reader(run, report).read(final=final),
        _in_summary(run, report),
    ]
    metrics: list[Metric] = []
    names: set[str] = set()
    for values in found:
        metrics += [metric for metric in values if metric.name not in names]
        names.update(metric.name for metric in values)
    metrics.sort(key=lambda metric: metric.time_us)
    return metrics


def metric_rows(
    run: Run, on_fault: Callable[[str], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a row for each value of a run: run, name, step, time_us, value, source."""
    for metric in read_metrics(run, on_fault):
        yield {"run": run.name, **metric._asdict()}


def summarize(metrics: Iterable[Metric]) -> dict[str, MetricSeries]:
    """Return the series of values by name, in the order of the names' first values."""
    series: dict[str, MetricSeries] = {}
    for metric in metrics:
        known = series.get(metric.name)
        if known is None:
            known = series[metric.name] = MetricSeries(metric.name, metric.source)
        known.add(metric)
    return series


def with_summary(
    run: Run, series: Mapping[str, MetricSeries], on_fault: Callable[[str], None]
) -> dict[str, MetricSeries]:
    """Return series with those that only the run's summary has."""
    only_there = [metric for metric in _in_summary(run, on_fault) if metric.name not in series]
    return {**series, **summarize(only_there)}


class MetricSeries:
    """The values of one name: their number, the last, the extremes, and their course.

    `min` and `max` ignore NaN and are NaN if there is nothing else. `min_step` and `max_step` are
    None if no value has a step.
    """

    __slots__ = (
        *("count", "last", "last_step", "max", "max_step", "min", "min_step"),
        *("name", "source"),
        *("_kept", "_latest", "_stretch", "_stretch_values"),
    )

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self.count = 0
        self.last = self.min = self.max = _NAN
        self.last_step: int | None = None
        self.min_step: int | None = None
        self.max_step: int | None = None
        self._kept: list[tuple[int, float]] = []
        # The number of values in a stretch, of which only the two extremes are kept.
        self._stretch_values = 2
        self._stretch: list[tuple[int, float]] = []
        self._latest = 0

    @property
    def points(self) -> list[tuple[int, float]]:
        """Step and value of up to 4000 values, those without a step left out.

        If there are more, these are the extremes of stretches of the same length, and the values
        after the last stretch, so that no peak is lost.
        """
        return self._kept + self._stretch

    def add(self, metric: Metric) -> None:
        """Add a value."""
        value = metric.value
        self.count += 1
        self.last = value
        step = self.last_step = metric.step
        if not _is_nan(value):
            self.min = value if _is_nan(self.min) else min(self.min, value)
            self.max = value if _is_nan(self.max) else max(self.max, value)
        if step is None:
            return
        self.min_step = step if self.min_step is None else min(self.min_step, step)
        self.max_step = step if self.max_step is None else max(self.max_step, step)
        self._stretch.append((step, value))
        self._latest += 1
        # A long stretch is not kept as a whole, only its extremes so far.
        if len(self._stretch) >= 64 or self._latest == self._stretch_values:
            self._stretch = _extremes(self._stretch)
        if self._latest == self._stretch_values:
            self._kept += self._stretch
            self._stretch = []
            self._latest = 0
            if len(self._kept) >= 2 * _MAX_POINTS:
                groups = range(0, len(self._kept), 4)
                self._kept = [
                    point for start in groups for point in _extremes(self._kept[start : start + 4])
                ]
                self._stretch_values *= 2

    def __repr__(self) -> str:
        return (
            f"<MetricSeries {self.name} last {self.last:g} min {self.min:g} max {self.max:g} "
            f"of {self.count} {self.source}>"
        )


class MetricsReader:
    """Follows the metrics that a run logs and prints, for a view that is updated repeatedly.

    `series` has the values by name; event files and the summary are read at the end.
    """

    def __init__(self, run: Run, on_fault: Callable[[str], None] | None = None) -> None:
        self._run = run
        self._on_fault = on_fault or _warn
        self._log = MetricLogReader(run.meta_dir, self._on_fault)
        self._printed = _printed_reader(run, self._on_fault)
        self.series: dict[str, MetricSeries] = {}

    def update(self, *, final: bool = False) -> bool:
        """Read new values; return whether there were any.

        `final` means that the run has ended: all is read again, also event files and summary.
        """
        if final:
            self.series = summarize(read_metrics(self._run, self._on_fault))
            return True
        logged = self._log.read()
        printed = self._printed.read(final=False)
        for metric in [*logged, *printed]:
            known = self.series.get(metric.name)
            if known is None or (known.source != LOGGED and metric.source == LOGGED):
                known = self.series[metric.name] = MetricSeries(metric.name, metric.source)
            if known.source == metric.source:
                known.add(metric)
        return bool(logged or printed)


def _extremes(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the lowest and the highest of some points in their order; NaN if all are NaN."""
    numbers = [point for point in points if not _is_nan(point[1])]
    if len(points) <= 2 or not numbers:
        return points[:2]
    low = min(range(len(numbers)), key=lambda i: numbers[i][1])
    high = max(range(len(numbers)), key=lambda i: numbers[i][1])
    if low == high or numbers[low][1] == numbers[high][1]:
        return [numbers[0], numbers[-1]]
    return [numbers[i] for i in sorted((low, high))]


def _is_nan(value: float) -> bool:
    return value != value  # noqa: PLR0124 # math is a library of its own to load


def _printed_reader(run: Run, on_fault: Callable[[str], None]) -> PrintedReader:
    opdef = meta_opdef(run)
    try:
        return PrintedReader(run, opdef)
    except ValueError as error:
        on_fault(f"operation {opdef.name}: {error}: printed metrics are not read")
        opdef.data["output-summary"] = False
        return PrintedReader(run, opdef)


def _in_summary(run: Run, on_fault: Callable[[str], None]) -> list[Metric]:
    try:
        summary = read_summary(run)
    except MetaError as error:
        on_fault(str(error))
        return []
    time_us = read_timestamp(run, "stopped") or now_us()
    return [
        Metric(name, None, time_us, float(value), SUMMARY)
        for name, value in summary["metrics"].items()
        if value is not None
    ]


def _warn(fault: str) -> None:
    import warnings

    warnings.warn(fault, stacklevel=3)
