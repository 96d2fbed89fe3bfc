"""The resources of a run in its panel: two charts, and the total in words."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from gage._internal.metrics.series import MetricSeries
from gage._internal.resources.log import memory_of, notable_words, read_resources
from gage.inside.metric_log import Metric
from gage_nb.views.charts import SAMPLED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.resources.log import Sample
    from gage._internal.types import Run

__all__ = ["ResourceView"]

# With fewer samples, two charts would say less than the total.
_LEAST_SAMPLES = 5
_INTERVAL_S = 1.0
_MB = 1e6

_log = logging.getLogger(__name__)


class ResourceView:
    """Reads the resources of a run again and again, at most once a second.

    Attributes
    ----------
    series
        CPU (cores) and memory (MB) over time, none for a run of a few seconds.
    words
        The total so far, if it is notable: `cpu time 3.2 s, peak memory 210 MB`.
    """

    def __init__(self, run: Run) -> None:
        self.series: Mapping[str, MetricSeries] = {}
        self.words = ""
        self._run = run
        self._due_s = 0.0
        self._is_complete = False

    def update(self, *, final: bool) -> bool:
        """Read what is new; return whether the series may have changed."""
        if self._is_complete or (not final and time.monotonic() < self._due_s):
            return False
        self._is_complete = final
        self._due_s = time.monotonic() + _INTERVAL_S
        try:
            resources = read_resources(self._run.meta_dir)
        except OSError as error:
            _log.debug("resources of %s: %s", self._run.name, error)
            return False
        self.words = notable_words(resources)
        if len(resources.samples) >= _LEAST_SAMPLES:
            self.series = _series(resources.samples)
        return True


def _series(samples: list[Sample]) -> dict[str, MetricSeries]:
    cpu, memory = (MetricSeries(name, SAMPLED) for name in ("cpu (cores)", "memory (MB)"))
    for before, sample in zip([None, *samples], samples, strict=False):
        at_ms = (sample.time_us - samples[0].time_us) // 1000
        memory.add(_point(memory, at_ms, memory_of(sample.usage) / _MB))
        if before is not None and sample.time_us > before.time_us:
            passed_us = sample.time_us - before.time_us
            used = (sample.usage.cpu_us - before.usage.cpu_us) / passed_us
            cpu.add(_point(cpu, at_ms, round(used, 2)))
    return {series.name: series for series in (cpu, memory)}


def _point(series: MetricSeries, at_ms: int, value: float) -> Metric:
    return Metric(series.name, at_ms, at_ms * 1000, value, series.source)
