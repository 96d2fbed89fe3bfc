"""The state of a run at one moment, read from its files, cheaply and repeatedly.

    side-car → StateReader → PanelState

Files that cannot change are read once, and only the end of the output is read. Reading never fails
because of a file's content: a damaged run is a state too.
"""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.clock import now_us
from gage._internal.errors import GageError, MetaError
from gage._internal.metrics.series import MetricsReader
from gage._internal.metrics.summary_file import fields_text, read_full_summary, value_of
from gage._internal.progress.bars import Progress, progress_of, read_progress
from gage._internal.record.finalizing import read_finalizing
from gage._internal.record.layout import OUTPUTS, RUN_OUTPUT, run_meta_path
from gage._internal.record.outside_files import outside_files
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import (
    meta_config,
    meta_opdef,
    meta_opref,
    read_attr,
    read_timestamp,
)
from gage._internal.record.runner_log import LEFT_OUT, read_notes
from gage._internal.record.status import read_status
from gage._internal.store.made_files import made_paths
from gage._internal.types import ENDED, PHASES, OpDef
from gage.inside.progress_report import read_reported_progress
from gage_nb.views.charts import charts_html
from gage_nb.views.output_tail import Tail, TailReader
from gage_nb.views.panel_state import PanelState
from gage_nb.views.resource_view import ResourceView
from gage_nb.views.run_words import MAX_FILES, directory_from_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.metrics.series import MetricSeries
    from gage._internal.record.outside_files import OutsideFile
    from gage._internal.types import Run

__all__ = ["StateReader", "read_state"]

_MAX_PATCH_CHARS = 200_000
_MAX_VALUES = 50

METRICS_INTERVAL_S = 0.3
# The maximum part of the time for following metrics.
METRICS_SHARE = 0.05

_log = logging.getLogger(__name__)


class StateReader:
    """Reads a run repeatedly; files that cannot change are read once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._metrics: MetricsReader | None = None
        self._charts = ""
        self._resources = ResourceView(run)
        self._metrics_due_s = 0.0
        self._all_metrics = False
        self._defined: _Defined | None = None
        self._notes: tuple[tuple[str, ...], str] | None = None
        self._tail = TailReader(run)
        self._cell: Progress | None = None
        # The present phase before it leaves a trace in the side-car; set by the caller.
        self.phase = ""

    def read(self) -> PanelState:
        """Return what the run's files say now; never raises for what is in them."""
        run = self._run
        status = read_status(run)
        defined = self._definition()
        started_us = _timestamp(run, "started")
        ended = status.name in ENDED
        phase = _phase(run, started_us, ended=ended) or self.phase
        tail = self._read_tail(phase)
        files = made_paths(run) if ended else []
        outside = _outside_files(run) if ended else []
        notes, left_out = self._read_notes()
        return PanelState(
            operation=defined.operation,
            name=run.name,
            id=run.id,
            status=status.name,
            as_of_us=now_us(),
            reason="" if status.name in {"pending", "staged"} else status.reason,
            exit_code=status.exit_code,
            phase=phase,
            config=defined.config,
            label=defined.label,
            tags=defined.tags,
            started_us=started_us,
            stopped_us=_timestamp(run, "stopped"),
            progress=None if ended else self._progress(defined.opdef, phase, tail.data),
            tail=tail.lines,
            earlier_lines=tail.earlier_lines,
            line_count=tail.line_count,
            size_bytes=tail.size_bytes,
            directory=directory_from_here(run.run_dir),
            files=tuple((path, _size(run, path)) for path in files[:MAX_FILES]),
            file_count=len(files),
            outside=tuple((file.path, file.size_bytes) for file in outside[:MAX_FILES]),
            outside_count=len(outside),
            notes=(*notes, *filter(None, [tail.fault])),
            left_out=left_out,
            attributes=_attributes(run) if ended else (),
            metrics=self._read_metrics(started_us, ended=ended),
            charts=self._charts,
            resources=self._resources.words,
            resource_series=self._resources.series,
        )

    def _definition(self) -> _Defined:
        if self._defined is None:
            run = self._run
            try:
                label, tags = read_attr(run, "user", "label"), read_attr(run, "user", "tags", [])
                self._defined = _Defined(
                    meta_opref(run).op_name,
                    meta_opdef(run),
                    _config_text(run),
                    "" if label is None else str(label),
                    tuple(map(str, tags)) if isinstance(tags, list) else (),
                )
            except (MetaError, OSError):
                return _Defined()  # not written yet, or damaged: see the status
        return self._defined

    def _read_tail(self, phase: str) -> Tail:
        output = RUN_OUTPUT if phase == "finalize-run" else OUTPUTS.get(phase, RUN_OUTPUT)
        return self._tail.read(output)

    def _progress(self, opdef: OpDef, phase: str, tail: bytes) -> Progress | None:
        finalizing = read_finalizing(self._run)
        if finalizing is not None:
            return Progress(finalizing.fraction, description=finalizing.words)
        if phase == "run":
            said = read_reported_progress(self._run.meta_dir)
            if said is not None and said.completed != said.total:
                return progress_of(said.completed, said.total, said.description)
        elif phase not in {known.name for known in PHASES}:
            return None
        try:
            progress = read_progress(tail, opdef.progress(phase))
        except (ValueError, TypeError) as error:
            _log.debug("progress of %s: %s", self._run.name, error)
            return None
        if progress and progress.description.startswith("cell "):
            self._cell = progress
        # A cell may print more than the tail: it is the present one until the next begins.
        return self._cell or progress

    def _read_metrics(self, started_us: int | None, *, ended: bool) -> Mapping[str, MetricSeries]:
        """Return the metrics so far; floods of metrics are followed with delay."""
        began_s = time.monotonic()
        if (
            started_us is not None
            and not self._all_metrics
            and (ended or began_s >= self._metrics_due_s)
        ):
            try:
                if self._metrics is None:
                    self._metrics = MetricsReader(self._run, _log.debug)
                changed = self._metrics.update(final=ended)
                if self._resources.update(final=ended) or changed:
                    self._charts = charts_html({**self._metrics.series, **self._resources.series})
            except (GageError, OSError, ValueError) as error:
                _log.debug("metrics of %s: %s", self._run.name, error)
            self._all_metrics = ended
            took_s = time.monotonic() - began_s
            self._metrics_due_s = began_s + max(METRICS_INTERVAL_S, took_s / METRICS_SHARE)
        return {} if self._metrics is None else self._metrics.series

    def _read_notes(self) -> tuple[tuple[str, ...], str]:
        """Return the notes, and separately the note on files of the project that were left out."""
        if self._notes is not None:
            return self._notes
        ended = Path(run_meta_path(self._run, "stopped")).exists()
        try:
            found = read_notes(self._run)
        except (MetaError, OSError) as error:
            found = [str(error)]
        left_out = [note for note in found if note.startswith(LEFT_OUT)]
        notes = tuple(note for note in found if note not in left_out), "\n".join(left_out)
        if ended:
            self._notes = notes
        return notes


def read_state(run: Run) -> PanelState:
    """Return what the run's files say now; never raises for what is in them."""
    return StateReader(run).read()


class _Defined(NamedTuple):
    operation: str = "?"
    opdef: OpDef = OpDef("?", {})
    config: str = ""
    label: str = ""
    tags: tuple[str, ...] = ()


def _config_text(run: Run) -> str:
    """Return the values that differ from the defaults, which changed lines of the source.

    If no source was changed (the values are arguments of a command), return all values.
    """
    config = meta_config(run)
    try:
        patch = (read_text(run, "log", "patched") or "")[:_MAX_PATCH_CHARS]
    except (MetaError, OSError):
        patch = ""
    changed = "\n".join(re.findall(r"^[+-](?![+-]).*", patch, re.MULTILINE))
    words = set(re.findall(r"\w+", changed))
    given = {key: value for key, value in config.items() if key.rpartition(".")[2] in words}
    shown = list((given or config).items())[:_MAX_VALUES]
    return " ".join(f"{key}={value!r}" for key, value in shown)


def _phase(run: Run, started_us: int | None, *, ended: bool) -> str:
    """Return the running or last phase, as far as it has left a trace."""
    there = [
        known.name for known in PHASES if Path(run_meta_path(run, "output", known.output)).exists()
    ]
    if started_us is None:
        return there[-1] if there else ""
    return "finalize-run" if "finalize-run" in there and not ended else "run"


def _timestamp(run: Run, name: str) -> int | None:
    try:
        return read_timestamp(run, name)
    except (MetaError, OSError):
        return None


def _outside_files(run: Run) -> list[OutsideFile]:
    try:
        return outside_files(run)
    except (MetaError, OSError):
        return []


def _attributes(run: Run) -> tuple[str, ...]:
    """Return what the run said of itself, and the fields of its metrics, a text each."""
    try:
        summary = read_full_summary(run)
    except (MetaError, OSError):
        return ()  # what reads its metrics says so
    texts = []
    for name, entry in summary["attributes"].items():
        fields = fields_text(entry)
        texts.append(f"{name} {value_of(entry)}" + (f" ({fields})" if fields else ""))
    fielded = {name: fields_text(entry) for name, entry in summary["metrics"].items()}
    texts += [f"{name} ({fields})" for name, fields in fielded.items() if fields]
    return tuple(texts)


def _size(run: Run, path: str) -> int | None:
    try:
        return Path(run.run_dir, path).stat().st_size
    except (OSError, ValueError):
        return None
