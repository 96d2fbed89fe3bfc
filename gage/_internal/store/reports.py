"""The content of runs as rows of plain values: the one source of frames, tables and JSON.

A row is a dict whose keys are the columns, in order; every row of a report has the same keys.
The names of columns with bare numbers contain the unit.
"""

from __future__ import annotations

import os

from gage._internal.errors import MetaError
from gage._internal.metrics.summary_file import fields_of, value_of
from gage._internal.operations.targets import known_operations, known_scripts
from gage._internal.output.results import captions
from gage._internal.people import format_count
from gage._internal.record.duration import read_duration_us
from gage._internal.record.file_log import read_events
from gage._internal.record.layout import RUN_OUTPUT
from gage._internal.record.run_meta import meta_opcmd, read_attr, read_attrs, read_timestamp
from gage._internal.text import valid
from gage._internal.types import PHASES, OutputLine, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from gage._internal.store.recorded_run import RecordedRun

    Row: TypeAlias = dict[str, Any]

__all__ = [
    "EVENTS",
    "FILE_TYPES",
    "STREAMS",
    "as_recorded",
    "difference_rows",
    "expect_side_car",
    "file_rows",
    "manifest_rows",
    "meta_rows",
    "operation_rows",
    "output_rows",
    "run_row",
    "run_rows",
]

FILE_TYPES = {"s": "source code", "d": "dependency", "r": "runtime", "g": "generated"}
EVENTS = {"a": "added", "m": "modified", "d": "deleted"}
STREAMS = ("stdout", "stderr")

_TEXT_BYTES = 1 << 16


def run_rows(runs: Sequence[RecordedRun]) -> list[Row]:
    """Return a listing of runs, each read from its side-car, with its `position`."""
    return [{"position": number, **run_row(run)} for number, run in enumerate(runs, 1)]


def difference_rows(run: RecordedRun) -> Iterator[Row]:
    """Yield what is wrong with a run: damage of its side-car, then files unlike the manifest.

    `difference` is `damaged`, with the reason in `found`; or `missing`, `changed`, `added`.
    """
    expect_side_car(run)
    status = run.full_status
    if status.name == "damaged":
        yield {"difference": "damaged", "path": "", "expected": None, "found": status.reason}
    for difference in run.verify():
        yield {
            "difference": difference.kind,
            "path": valid(difference.path),
            "expected": difference.expected,
            "found": difference.found,
        }


def as_recorded(run: RecordedRun) -> str:
    """Return the line for a run whose files do not differ: `…: all 23 files as recorded`."""
    return f"{run.name}: all {format_count(len(run.manifest), 'file')} as recorded"


def operation_rows(directory: str | None = None) -> Iterator[Row]:
    """Yield what can be run in a directory: operations of its Gage file, scripts, notebooks."""
    for opdef in known_operations(directory):
        yield {
            "name": opdef.name,
            "kind": "operation",
            "default": opdef.default,
            "description": opdef.description.strip().partition("\n")[0],
        }
    for name in known_scripts(directory):
        kind = "notebook" if name.endswith(".ipynb") else "script"
        yield {"name": name, "kind": kind, "default": False, "description": ""}


def run_row(run: RecordedRun) -> Row:
    """Return the row of a run in a listing; never raises: a damaged run's row has the fault."""
    status = run.full_status
    started_us = _timestamp(run, "started")
    try:
        duration_us = read_duration_us(run, running=status.name == "running")
    except (MetaError, OSError, ValueError):
        duration_us = None
    return {
        "run": run.name,
        "operation": run.opref.op_name,
        "status": status.name,
        "started_us": started_us,
        "duration_us": duration_us,
        "exit_code": status.exit_code,
        "label": _label(run),
        "tags": _tags(run),
        "reason": status.reason,
        "id": run.id,
    }


def meta_rows(run: RecordedRun) -> Iterator[Row]:
    """Yield what is recorded about a run, one fact in each row: `name` and `value`."""
    for name, value in _facts(run):
        yield {"name": name, "value": value}


def file_rows(run: RecordedRun) -> Iterator[Row]:
    """Yield the log of the run's files, oldest first; `size_bytes` is the current size."""
    expect_side_car(run)
    for event in read_events(run):
        yield {
            "event": EVENTS[event.event],
            "type": FILE_TYPES.get(event.type, event.type),
            "modified_us": event.modified_us,
            "size_bytes": _size(run, event.path),
            "path": valid(event.path),
        }


def manifest_rows(run: RecordedRun) -> Iterator[Row]:
    """Yield the run's files with their digests, staged ones first."""
    expect_side_car(run)
    for entry in run.manifest:
        yield {
            "type": FILE_TYPES.get(entry.type, entry.type),
            "size_bytes": _size(run, entry.path),
            "sha256": entry.digest,
            "path": valid(entry.path),
        }


def output_rows(
    run: RecordedRun, phase: str | None = None, start: int = 0, stop: int | None = None
) -> Iterator[Row]:
    """Yield what the run printed, a row for each line, or for each stream's part of a line.

    The `kind` of such a row is `text`. A result that the run showed has its own row between those
    lines, whose kind is `figure`, `display` or `value` and which has no stream. The text of a line
    of more than 64 KiB is cut and ends with the number of bytes left out.

    Raises
    ------
    ValueError
        If there is no such phase.
    """
    known = [item.name for item in PHASES]
    if phase is not None and phase not in known:
        raise ValueError(f"unknown phase {phase!r}: expected one of {', '.join(known)}")
    expect_side_car(run)
    for item in PHASES:
        if phase in (None, item.name):
            shown = _shown(run) if item.output == RUN_OUTPUT else []
            lines = run.output(item.output).lines(start, stop)
            for line, more in _shortened(lines):
                while shown and shown[-1]["line"] <= line.number:
                    yield shown.pop()
                text = line.data.decode("utf-8", "replace").rstrip("\r\n")
                yield {
                    "phase": item.name,
                    "line": line.number,
                    "time_ms": line.time_ms,
                    "stream": STREAMS[line.stream],
                    "kind": "text",
                    "text": f"{text} … {more} more bytes: gage output {run.name}" if more else text,
                }
            while shown and start <= shown[-1]["line"] and stop is None:
                yield shown.pop()


def _shown(run: RecordedRun) -> list[Row]:
    """Return a row for each result, the last first; its `line` is the line that followed it."""
    rows: list[Row] = []
    offset = line = 0
    unfinished = False
    path = run.output().path
    for result, text in captions(run.meta_dir):
        if result.at > offset:
            with open(path, "rb") as file:
                file.seek(offset)
                data = file.read(result.at - offset)
            line += data.count(b"\n")
            unfinished = not data.endswith(b"\n")
            offset = result.at
        rows.append(
            {
                "phase": "run",
                "line": line + unfinished,
                "time_ms": result.time_us // 1000,
                "stream": None,
                "kind": result.kind,
                "text": text,
            }
        )
    return rows[::-1]


def _shortened(lines: Iterator[OutputLine]) -> Iterator[tuple[OutputLine, int]]:
    """Yield each line, or one stream's part of it, shortened, and the number of bytes cut off."""
    held: OutputLine | None = None
    more = 0
    for line in lines:
        if held is not None and (held.number, held.stream) == (line.number, line.stream):
            more += len(line.data)
            continue
        if held is not None:
            yield held, more
        held = line._replace(data=line.data[:_TEXT_BYTES])
        more = len(line.data) - len(held.data)
    if held is not None:
        yield held, more


def _facts(run: RecordedRun) -> Iterable[tuple[str, Any]]:
    status = run.full_status
    yield "id", run.id
    yield "name", run.name
    yield "operation", run.opref.full_name
    yield "status", status.name
    yield "reason", status.reason
    yield "exit_code", status.exit_code
    for name in ("initialized", "staged", "started", "stopped"):
        yield f"{name}_us", _timestamp(run, name)
    yield "run_dir", run.run_dir
    try:
        cmd = meta_opcmd(run)
        yield "command", cmd.args
        for name, text in cmd.env.items():
            yield f"env.{name}", text
        for key, value in run.config.items():
            yield f"config.{key}", value
        yield from _summary_fields(run)
        for kind in ("user", "sys"):
            for name, value in read_attrs(run, kind).items():
                yield f"{kind}.{name}", value
    except MetaError as error:
        yield "damaged", str(error)


def _summary_fields(run: RecordedRun) -> Iterator[tuple[str, Any]]:
    """Yield the summary of a run: its attributes, and the fields of its metrics."""
    summary = run.summary
    for name, entry in summary["metrics"].items():
        for field, value in fields_of(entry).items():
            yield f"metric.{name}.{field}", value
    for name, entry in summary["attributes"].items():
        yield f"attr.{name}", value_of(entry)
        for field, value in fields_of(entry).items():
            yield f"attr.{name}.{field}", value


def _timestamp(run: Run, name: str) -> int | None:
    try:
        return read_timestamp(run, name)
    except MetaError:
        return None  # the status of the run says that it is damaged, and where


def _label(run: Run) -> str | None:
    label = _user_attr(run, "label")
    return None if label is None else str(label)


def _tags(run: Run) -> list[str]:
    tags = _user_attr(run, "tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def expect_side_car(run: Run) -> None:
    """Raise `MetaError` if a run has no side-car, which is not the same as an empty one."""
    if not os.path.isdir(run.meta_dir):
        raise MetaError(f"{run.meta_dir}: the side-car is missing")


def _user_attr(run: Run, name: str) -> Any:
    try:
        return read_attr(run, "user", name)
    except MetaError:
        return None  # a listing shows what can be read; `meta` says what is wrong


def _size(run: Run, path: str) -> int | None:
    try:
        return os.stat(os.path.join(run.run_dir, path)).st_size
    except OSError:
        return None
