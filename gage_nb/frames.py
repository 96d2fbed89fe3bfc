"""What runs hold, as plain pandas DataFrames.

Every function gives a new DataFrame with the columns that its docstring lists, in that order and
with those dtypes, also when it is empty. Times are `datetime64[us, UTC]` (`[ms, UTC]` for output,
as it is recorded), durations `timedelta64[us]`, sizes bytes. Acting on runs is not done through
a frame: `gage.find(frame.run[0])` gives the run of a row.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pandas as pd

from gage._internal.errors import MetaError
from gage._internal.file_log import read_events
from gage._internal.recorded_run import RecordedRun
from gage._internal.requests import find
from gage._internal.requests import runs as list_all
from gage._internal.run_meta import meta_opcmd, read_attr, read_timestamp
from gage._internal.types import PHASES, STATUSES, Run

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["files", "manifest", "meta", "metrics", "output", "runs"]

_FILE_TYPES = {"s": "source code", "d": "dependency", "r": "runtime", "g": "generated"}
_EVENTS = {"a": "added", "m": "modified", "d": "deleted"}
_STREAMS = ("stdout", "stderr")
_US = "datetime64[us, UTC]"
_MS = "datetime64[ms, UTC]"


def runs(selected: Iterable[Run] | None = None) -> pd.DataFrame:
    """Return the runs, the newest first: all of them, or those given.

    Columns: `run` (string, its name), `operation` (string), `status` (category), `started`
    (datetime64[us, UTC]), `duration` (timedelta64[us], until now for a running one), `exit_code`
    (Int64), `label` (string), `tags` (object, a list), `reason` (string), `id` (string). The
    index counts from 1: the positions by which a run can be called.
    """
    rows = [_run_row(RecordedRun.of(run)) for run in (list_all() if selected is None else selected)]
    frame = _frame(
        rows,
        {
            "run": "string",
            "operation": "string",
            "status": pd.CategoricalDtype(STATUSES),
            "started": _US,
            "duration": "timedelta64[us]",
            "exit_code": "Int64",
            "label": "string",
            "tags": "object",
            "reason": "string",
            "id": "string",
        },
    )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def meta(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return what is recorded about a run, one row a fact.

    Columns: `name` (string) and `value` (object): identity, status, times (Timestamp, UTC),
    command, environment set by the operation (`env.NAME`), configuration (`config.KEY`), and the
    attributes of the user (`user.NAME`) and the system (`sys.NAME`).
    """
    recorded = _run(run)
    rows = list(_meta_rows(recorded))
    return _frame(rows, {"name": "string", "value": "object"})


def files(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return the log of a run's files: what was added, modified and deleted, in that order.

    Columns: `event` (category: added, modified, deleted), `type` (category: source code,
    dependency, runtime, generated), `modified` (datetime64[us, UTC], NaT when deleted), `size`
    (Int64, bytes, of the file as it is now; missing where it is gone), `path` (string).
    """
    recorded = _run(run)
    rows = [
        (
            _EVENTS[event.event],
            _FILE_TYPES.get(event.type, event.type),
            event.modified_us,
            _size(recorded, event.path),
            _shown(event.path),
        )
        for event in read_events(recorded)
    ]
    return _frame(
        rows,
        {
            "event": pd.CategoricalDtype(list(_EVENTS.values())),
            "type": pd.CategoricalDtype(list(_FILE_TYPES.values())),
            "modified": _US,
            "size": "Int64",
            "path": "string",
        },
    )


def manifest(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return the manifest of a run: each file with its digest.

    Columns: `type` (category: source code, dependency, runtime, generated), `size` (Int64,
    bytes; missing where the file is gone), `sha256` (string, hex), `path` (string).
    """
    recorded = _run(run)
    rows = [
        (
            _FILE_TYPES.get(entry.type, entry.type),
            _size(recorded, entry.path),
            entry.digest,
            _shown(entry.path),
        )
        for entry in recorded.manifest
    ]
    return _frame(
        rows,
        {
            "type": pd.CategoricalDtype(list(_FILE_TYPES.values())),
            "size": "Int64",
            "sha256": "string",
            "path": "string",
        },
    )


def output(
    run: Run | str | int | None = None,
    *,
    phase: str | None = None,
    start: int = 0,
    stop: int | None = None,
) -> pd.DataFrame:
    """Return what a run printed, one row a line.

    Columns: `phase` (category), `line` (Int64, from 0 in its phase), `time` (datetime64[ms, UTC],
    of arrival), `stream` (category: stdout, stderr), `text` (string, without the line end; bytes
    that are not UTF-8 replaced). A line that both streams wrote to has a row for each part.

    Parameters
    ----------
    phase
        One of `types.PHASES`, `run` for example; every phase when None.
    start, stop
        Only the lines of each phase in this range, as in a slice.
    """
    recorded = _run(run)
    known = [item.name for item in PHASES]
    if phase is not None and phase not in known:
        raise ValueError(f"unknown phase {phase!r}: expected one of {', '.join(known)}")
    rows = [
        (
            item.name,
            line.number,
            line.time_ms,
            _STREAMS[line.stream],
            line.data.decode("utf-8", "replace").rstrip("\r\n"),
        )
        for item in PHASES
        if phase in (None, item.name)
        for line in recorded.output(item.output).lines(start, stop)
    ]
    return _frame(
        rows,
        {
            "phase": pd.CategoricalDtype(known),
            "line": "Int64",
            "time": _MS,
            "stream": pd.CategoricalDtype(_STREAMS),
            "text": "string",
        },
    )


def metrics(selected: Run | str | int | Iterable[Run | str | int] | None = None) -> pd.DataFrame:
    """Return the numbers that one or more runs gave back, one row a value, in order of time.

    Columns: `run` (string, its name), `name` (string), `step` (Int64), `time` (datetime64[us,
    UTC]), `value` (float64), `source` (category: logged, printed, tensorboard, summary).
    """
    from gage._internal.metrics import SOURCES
    from gage._internal.run_metrics import read_metrics

    chosen = [selected] if selected is None or isinstance(selected, Run | str | int) else selected
    rows = [
        (run.name, metric.name, metric.step, metric.time_us, metric.value, metric.source)
        for run in map(_run, chosen)
        for metric in read_metrics(run)
    ]
    return _frame(
        rows,
        {
            "run": "string",
            "name": "string",
            "step": "Int64",
            "time": _US,
            "value": "float64",
            "source": pd.CategoricalDtype(SOURCES),
        },
    )


def _frame(rows: list[tuple[Any, ...]], dtypes: dict[str, Any]) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ((),) * len(dtypes)
    return pd.DataFrame(
        {
            name: _series(list(values), dtype)
            for (name, dtype), values in zip(dtypes.items(), columns, strict=True)
        }
    )


def _series(values: list[Any], dtype: Any) -> pd.Series[Any]:
    # Integers are epoch µs or ms: through int64 with the unit, not through float.
    if dtype in (_US, _MS):
        unit = dtype.removeprefix("datetime64[")[:2]
        stamps = [pd.NaT if value is None else pd.Timestamp(value, unit=unit) for value in values]
        if None not in values:
            return pd.Series(pd.array(values, dtype="int64")).astype(f"datetime64[{unit}]").dt.tz_localize("UTC")
        return pd.Series(stamps, dtype=f"datetime64[{unit}]").dt.tz_localize("UTC")
    if dtype == "timedelta64[us]":
        return pd.Series(
            [pd.NaT if value is None else pd.Timedelta(value, unit="us") for value in values],
            dtype=dtype,
        )
    return pd.Series(values, dtype=dtype)


def _run(run: Run | str | int | None) -> RecordedRun:
    return RecordedRun.of(run) if isinstance(run, Run) else find(run)


def _run_row(run: RecordedRun) -> tuple[Any, ...]:
    status = run.full_status
    started_us, stopped_us = _timestamp(run, "started"), _timestamp(run, "stopped")
    duration_us = None
    if started_us is not None:
        if stopped_us is not None:
            duration_us = stopped_us - started_us
        elif status.name == "running":
            duration_us = pd.Timestamp.now("UTC").value // 1000 - started_us
    return (
        run.name,
        run.opref.op_name,
        status.name,
        started_us,
        duration_us,
        status.exit_code,
        _attr(run, "label", None),
        _attr(run, "tags", []),
        status.reason,
        run.id,
    )


def _timestamp(run: Run, name: str) -> int | None:
    try:
        return read_timestamp(run, name)
    except MetaError:
        return None  # the status of the row says that the run is damaged, and where


def _attr(run: Run, name: str, default: Any) -> Any:
    try:
        return read_attr(run, "user", name, default)
    except MetaError:
        return default


def _meta_rows(run: RecordedRun) -> Iterable[tuple[str, Any]]:
    status = run.full_status
    yield "id", run.id
    yield "name", run.name
    yield "operation", run.opref.full_name
    yield "status", status.name
    yield "reason", status.reason
    yield "exit_code", status.exit_code
    for name in ("initialized", "staged", "started", "stopped"):
        value_us = _timestamp(run, name)
        yield name, None if value_us is None else pd.Timestamp(value_us, unit="us", tz="UTC")
    if status.name != "damaged":
        cmd = meta_opcmd(run)
        yield "command", cmd.args
        for name, value in cmd.env.items():
            yield f"env.{name}", value
        for key, value in run.config.items():
            yield f"config.{key}", value
    for kind in ("user", "sys"):
        for name, value in _attrs(run, kind).items():
            yield f"{kind}.{name}", value
    yield "run_dir", run.run_dir


def _attrs(run: RecordedRun, kind: str) -> dict[str, Any]:
    from gage._internal.run_meta import read_attrs

    try:
        return read_attrs(run, kind)
    except MetaError as error:
        return {"damaged": str(error)}


def _size(run: Run, path: str) -> int | None:
    try:
        return os.stat(os.path.join(run.run_dir, path)).st_size
    except OSError:
        return None


def _shown(path: str) -> str:
    """Return a path as text: bytes that are not UTF-8 as escapes, since Arrow strings need UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
