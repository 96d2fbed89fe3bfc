"""A running trial as a table of trials shows it: its progress, its duration, its last metrics."""

from __future__ import annotations

import time

from gage._internal.errors import GageError, MetaError
from gage._internal.metrics.series import MetricsReader
from gage._internal.named import NamedTuple
from gage._internal.output.reader import OutputReader
from gage._internal.progress.bars import progress_of, read_progress
from gage._internal.record.duration import read_duration_us
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.run_meta import meta_opdef
from gage.inside.progress_report import read_reported_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["Now", "RunningTrial"]

_TAIL_BYTES = 16_384

# Metrics are followed at most this often, and for at most this part of the time.
_METRICS_INTERVAL_S = 0.3
_METRICS_SHARE = 0.05


class Now(NamedTuple):
    """What is known of a running trial; `done` is between 0 and 1, None if it is not known."""

    done: float | None
    seconds: float | None
    metrics: Mapping[str, float | None]


class RunningTrial:
    """Reads a running trial repeatedly; never raises for what its files hold."""

    def __init__(self, run: RecordedRun) -> None:
        self._run = run
        self._output = OutputReader(run_meta_path(run, "output", RUN_OUTPUT))
        self._metrics: MetricsReader | None = None
        self._metrics_due_s = 0.0
        self._seen = (0, 0)
        self._done: float | None = None
        self._in_cell = False

    def read(self) -> Now:
        """Return what the trial's files say now."""
        return Now(self._progress(), self._seconds(), self._last_metrics())

    def _progress(self) -> float | None:
        said = read_reported_progress(self._run.meta_dir)
        if said is not None and said.completed != said.total:
            return progress_of(said.completed, said.total, said.description).fraction
        seen = self._output.size_bytes, self._output.line_count
        if seen != self._seen:
            self._seen = seen
            try:
                found = read_progress(
                    self._output.tail(_TAIL_BYTES), meta_opdef(self._run).progress("run")
                )
            except (GageError, OSError, ValueError, TypeError):
                return self._done
            if found is not None:
                self._done = found.fraction
                self._in_cell = found.description.startswith("cell ")
            elif not self._in_cell:  # a cell may print more than the tail
                self._done = None
        return self._done

    def _seconds(self) -> float | None:
        try:
            took_us = read_duration_us(self._run, running=True)
        except (MetaError, OSError):
            return None
        return None if took_us is None else took_us / 1e6

    def _last_metrics(self) -> Mapping[str, float | None]:
        began_s = time.monotonic()
        if began_s >= self._metrics_due_s:
            try:
                if self._metrics is None:
                    self._metrics = MetricsReader(self._run, _ignored)
                self._metrics.update()
            except (GageError, OSError, ValueError):
                pass  # damaged: the status of the trial says so at its end
            took_s = time.monotonic() - began_s
            self._metrics_due_s = began_s + max(_METRICS_INTERVAL_S, took_s / _METRICS_SHARE)
        series = {} if self._metrics is None else self._metrics.series
        return {name: one.last for name, one in series.items()}


def _ignored(fault: str) -> None:
    """Pass over a fault of a line of metrics, which `gage metrics` shows."""
