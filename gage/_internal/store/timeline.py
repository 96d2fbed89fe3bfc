"""What happened in a run, in the order of time: the rows of `timeline`.

    phase       initialized, staged, started, stopped
    output      stdout, stderr                      text: the line
    result      figure, display, value              text: the caption
    file        added, modified, by the run         text: the path
    metric      its name                            value; text: `step 3`
    progress    the last that was reported          value: the fraction; text: the description
    resources   cpu, memory                         value: cores in use, resident bytes
    damaged     the part that cannot be read        text: what is wrong; no time

Times of files are those of their modification.
"""

from __future__ import annotations

from gage._internal.errors import MetaError
from gage._internal.metrics.series import read_metrics
from gage._internal.record.file_log import read_events
from gage._internal.record.run_meta import read_timestamp
from gage._internal.resources.log import resource_rows
from gage._internal.store.reports import EVENTS, output_rows
from gage._internal.text import valid
from gage.inside.progress_report import read_reported_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from gage._internal.store.recorded_run import RecordedRun

    Row: TypeAlias = dict[str, Any]

__all__ = ["KINDS", "timeline_rows"]

_PHASES = ("initialized", "staged", "started", "stopped")


def timeline_rows(run: RecordedRun) -> list[Row]:
    """Return a row for each event of a run, with `time_us`, `kind`, `name`, `text`, `value`."""
    found: list[Row] = []
    damaged: list[Row] = []
    for kind, part in _PARTS.items():
        try:
            for row in part(run):
                found.append({**row, "kind": kind})  # noqa: PERF401  # those before a fault are kept
        except (MetaError, OSError, ValueError) as error:
            damaged.append({"kind": "damaged", **_row(None, kind, str(error))})
    in_order = sorted(found, key=lambda row: row["time_us"])
    columns = ("time_us", "kind", "name", "text", "value")
    return [{name: row[name] for name in columns} for row in (*in_order, *damaged)]


def _row(time_us: int | None, name: str, text: str = "", value: float | None = None) -> Row:
    return {"time_us": time_us, "name": name, "text": text, "value": value}


def _phases(run: RecordedRun) -> Iterator[Row]:
    for name in _PHASES:
        time_us = read_timestamp(run, name)
        if time_us is not None:
            yield _row(time_us, name)


def _output(run: RecordedRun) -> Iterator[Row]:
    for row in output_rows(run, "run"):
        if row["kind"] == "text":
            yield _row(row["time_ms"] * 1000, row["stream"], row["text"])


def _results(run: RecordedRun) -> Iterator[Row]:
    from gage._internal.output.results import captions

    for result, caption in captions(run.meta_dir):
        yield _row(result.time_us, result.kind, caption)


def _files(run: RecordedRun) -> Iterator[Row]:
    for event in read_events(run):
        if event.type == "g" and event.modified_us is not None:
            yield _row(event.modified_us, EVENTS[event.event], valid(event.path))


def _metrics(run: RecordedRun) -> Iterator[Row]:
    for each in read_metrics(run, lambda _fault: None):
        step = "" if each.step is None else f"step {each.step}"
        yield _row(each.time_us, each.name, step, each.value)


def _progress(run: RecordedRun) -> Iterator[Row]:
    found = read_reported_progress(run.meta_dir)
    if found is not None:
        part = found.completed / found.total if found.total else None
        yield _row(found.time_us, "progress", found.description, part)


def _resources(run: RecordedRun) -> Iterator[Row]:
    for row in resource_rows(run.meta_dir):
        yield _row(row["time_us"], "cpu", "", row["cpu"])
        yield _row(row["time_us"], "memory", "", row["rss_bytes"])


_PARTS: dict[str, Callable[[RecordedRun], Iterator[Row]]] = {
    "phase": _phases,
    "output": _output,
    "result": _results,
    "file": _files,
    "metric": _metrics,
    "progress": _progress,
    "resources": _resources,
}
KINDS = (*_PARTS, "damaged")
