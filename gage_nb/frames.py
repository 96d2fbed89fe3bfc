r"""The content of runs as plain pandas DataFrames.

Every function returns a new DataFrame with the columns of its docstring, in that order and with
those dtypes, also if it is empty. Times are `datetime64[us, UTC]` (`[ms, UTC]` for output, as
recorded), durations `timedelta64[us]`, sizes bytes; a cell shows them as local times and in words
(`tables`). Text has no characters that a terminal obeys: control characters and bytes that are not
UTF-8 are escapes such as `\x1b`. Frames cannot act on runs: `gage.find(frame.run[0])` returns the
run of a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gage._internal.api.place import home_of
from gage._internal.api.runs import find, nothing_found, run_listing
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.reports import (
    EVENTS,
    FILE_TYPES,
    STREAMS,
    file_rows,
    manifest_rows,
    meta_rows,
    output_rows,
    run_row,
)
from gage._internal.text import printable
from gage._internal.types import PHASES, STATUSES, Run
from gage_nb.tables import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "diff",
    "files",
    "from_rows",
    "inert",
    "listed",
    "listing_frame",
    "manifest",
    "meta",
    "metrics",
    "output",
    "run_frame",
    "runs",
    "series_of",
    "typed",
]

_US = "datetime64[us, UTC]"
_MS = "datetime64[ms, UTC]"
_NAT = np.iinfo("int64").min  # the value of NumPy and pandas for a missing time
_FILE_TYPE = pd.CategoricalDtype(list(FILE_TYPES.values()))
_TIMES = ("initialized", "staged", "started", "stopped")


def runs(
    where: str | Iterable[Run] | None = None,
    *,
    limit: int | None = None,
    deleted: bool = False,
    directory: str | None = None,
) -> pd.DataFrame:
    """Return the runs, the newest first: all, those that match a filter, or given ones.

        gage_nb.runs("lr > 0.1 and status = completed").sort_values("metric.loss")

    Columns: `run` (string, its name), `operation` (string), `status` (category), `started`
    (datetime64[us, UTC]), `duration` (timedelta64[us], until now for a running one), `exit_code`
    (Int64), `label` (string), `tags` (object, a list), `reason` (string); if any of the runs has
    them, `config.KEY`, `metric.NAME` (Float64, the last value) and `attr.NAME`; at the end `id`
    (string). The index is the position by which a run can be named.

    Parameters
    ----------
    where
        A filter, as for `gage runs`, or the runs themselves.
    limit
        At most this many runs, the newest.
    deleted
        Whether to return the runs in the trash instead.
    directory
        Default: the current directory.
    """
    if isinstance(where, str) or (where is None and not deleted):
        words = [where] if where else []
        return listed(home_of(directory), words, limit=limit)
    if deleted:
        from gage._internal.api.order import deleted as in_trash

        chosen: Iterable[Run] = in_trash(directory=directory)
    else:
        chosen = where or ()
    recorded = [RecordedRun.of(run) for run in chosen][:limit]
    return run_frame([{"position": at, **run_row(run)} for at, run in enumerate(recorded, 1)])


def listed(home: str, words: Sequence[str], *, limit: int | None = None) -> pd.DataFrame:
    """Return the runs in a directory of runs that match a filter; default: all runs.

    `words` are the words of the filter on a line.
    """
    rows = run_listing(home, words, limit=limit)
    frame = listing_frame(rows)
    if not rows:
        frame.attrs["if_empty"] = nothing_found(home, words)
    return frame


def diff(a: Run | str | int, b: Run | str | int) -> pd.DataFrame:
    """Return the differences of two runs, one in each row.

    Columns: `section` (category: config, command, source, environment, files, metrics, output,
    system, damaged), `what` (string: the key, path, package, metric or line), `a` and `b`
    (object; of source code, `b` is the unified diff).
    """
    from gage._internal.compare.difference import COLUMNS, diff_runs

    rows = []
    for section, found in diff_runs(_run(a), _run(b)).items():
        for row in found:
            first, *others = row.values()
            if section == "source":
                others = [row["difference"], row["diff"]]
            elif section == "output":
                first = row["line_a"] if row["line_a"] is not None else row["line_b"]
                others = [row["a"], row["b"]]
            elif section == "files":
                others = [row["a"], row["b"]]
            elif section == "damaged":
                others = [row["what"], None]
            rows.append({"section": section, "what": str(first), "a": others[0], "b": others[1]})
    section_type = pd.CategoricalDtype(list(COLUMNS))
    dtypes = {"section": section_type, "what": "string", "a": "object", "b": "object"}
    return readable(from_rows(rows, dtypes))


def listing_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the frame of `runs` for rows of `index.listing`."""
    frame = run_frame(rows)
    parts = [("config", "config", None), ("metrics", "metric", "Float64")]
    added: dict[str, pd.Series[Any]] = {}
    for part, prefix, dtype in [*parts, ("attributes", "attr", None)]:
        for key in dict.fromkeys(key for row in reversed(rows) for key in row[part]):
            values = [row[part].get(key) for row in rows]
            added[printable(f"{prefix}.{key}")] = typed(values, dtype, frame.index)
    if not added:
        return frame
    ids = frame.pop("id")  # last: nobody reads it
    return readable(pd.concat([frame, pd.DataFrame(added), ids], axis=1))


def typed(values: list[Any], dtype: str | None, index: pd.Index[Any]) -> pd.Series[Any]:
    """Return the values of one key with a dtype that keeps all of them exactly."""
    kinds = {type(value) for value in values if value is not None}
    of_kind = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}
    if dtype is None and kinds == {int, float}:
        dtype = "Float64"
    if dtype is None and len(kinds) == 1:
        dtype = of_kind.get(next(iter(kinds)))
    if dtype == "string":
        values = [None if value is None else printable(value) for value in values]
    try:
        series: pd.Series[Any] = pd.Series(values, index=index, dtype=dtype or "object")
    except (TypeError, OverflowError):  # an integer that is too large for pandas
        series = pd.Series(values, index=index, dtype="object")
    return series


def run_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the frame of `runs` for rows of a listing; the index is their `position`."""
    frame = from_rows(
        rows,
        {
            "run": "string",
            "operation": "string",
            "status": pd.CategoricalDtype(list(STATUSES)),
            "started_us": _US,
            "duration_us": "timedelta64[us]",
            "exit_code": "Int64",
            "label": "string",
            "tags": "object",
            "reason": "string",
            "id": "string",
        },
    )
    positions = [row["position"] for row in rows]
    everything = positions == list(range(1, len(rows) + 1))
    frame.index = (
        pd.RangeIndex(1, len(rows) + 1) if everything else pd.Index(positions, dtype="int64")
    )
    return readable(frame)


def meta(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return what is recorded about a run, one fact in each row.

    Columns: `name` (string) and `value` (object): identity, status, times (Timestamp, UTC),
    command, environment set by the operation (`env.NAME`), configuration (`config.KEY`), what the
    run said of itself (`attr.NAME`, and fields such as `attr.NAME.color`, `metric.NAME.label`), and
    the attributes of the user (`user.NAME`) and the system (`sys.NAME`).
    """
    frame = from_rows(meta_rows(_run(run)), {"name": "string", "value": "object"})
    times = frame["name"].isin([f"{name}_us" for name in _TIMES])
    frame["value"] = [
        pd.Timestamp(value, unit="us", tz="UTC") if is_time and value is not None else value
        for value, is_time in zip(frame["value"], times, strict=True)
    ]
    frame["name"] = frame["name"].str.removesuffix("_us")
    return frame


def files(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return the log of a run's files, added, modified and deleted, the oldest event first.

    Columns: `event` (category: added, modified, deleted), `type` (category: source code,
    dependency, runtime, generated), `modified` (datetime64[us, UTC], NaT when deleted), `size`
    (Int64, the present size in bytes; missing if the file is gone), `path` (string).
    """
    return from_rows(
        file_rows(_run(run)),
        {
            "event": pd.CategoricalDtype(list(EVENTS.values())),
            "type": _FILE_TYPE,
            "modified_us": _US,
            "size_bytes": "Int64",
            "path": "string",
        },
    )


def manifest(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return the manifest of a run: each file with its digest.

    Columns: `type` (category: source code, dependency, runtime, generated), `size` (Int64,
    bytes; missing if the file is gone), `sha256` (string, hex), `path` (string).
    """
    return from_rows(
        manifest_rows(_run(run)),
        {"type": _FILE_TYPE, "size_bytes": "Int64", "sha256": "string", "path": "string"},
    )


def output(
    run: Run | str | int | None = None,
    *,
    phase: str | None = None,
    start: int = 0,
    stop: int | None = None,
) -> pd.DataFrame:
    """Return what a run printed, one row for each line.

    Columns: `phase` (category), `line` (Int64, from 0 in its phase), `time` (datetime64[ms, UTC],
    of arrival), `stream` (category: stdout, stderr), `kind` (category: text, or figure, display,
    value for a result), `text` (string, without the line end, with bytes that are not UTF-8
    replaced; or the caption of a result). A line to which both streams wrote has a row for each
    part. The text of a line of more than 64 KiB is cut and ends with the number of bytes left out.

    Parameters
    ----------
    phase
        The name of a phase, such as `run`. Default: every phase.
    start, stop
        Only this range of the lines of each phase, as in a slice.
    """
    return from_rows(
        output_rows(_run(run), phase, start, stop),
        {
            "phase": pd.CategoricalDtype([item.name for item in PHASES]),
            "line": "Int64",
            "time_ms": _MS,
            "stream": pd.CategoricalDtype(list(STREAMS)),
            "kind": pd.CategoricalDtype(["text", "figure", "display", "value"]),
            "text": "string",
        },
    )


def metrics(selected: Run | str | int | Iterable[Run | str | int] | None = None) -> pd.DataFrame:
    """Return the metrics of one or more runs, one value in each row, in order of time.

    Columns: `run` (string, its name), `name` (string), `step` (Int64), `time` (datetime64[us,
    UTC]), `value` (float64), `source` (category: logged, printed, tensorboard, summary).
    """
    from gage._internal.metrics.series import SOURCES, metric_rows

    chosen = [selected] if selected is None or isinstance(selected, Run | str | int) else selected
    return from_rows(
        (row for run in map(_run, chosen) for row in metric_rows(run)),
        {
            "run": "string",
            "name": "string",
            "step": "Int64",
            "time_us": _US,
            "value": "float64",
            "source": pd.CategoricalDtype(list(SOURCES)),
        },
    )


def from_rows(rows: Iterable[dict[str, Any]], dtypes: dict[str, Any]) -> pd.DataFrame:
    """Return the rows of a report as a frame; columns whose dtype has the unit lose it."""
    listed = list(rows)
    frame = pd.DataFrame(
        {
            _without_unit(name): series_of([row[name] for row in listed], dtype)
            for name, dtype in dtypes.items()
        }
    )
    return readable(frame)


def inert(value: Any) -> Any:
    """Return a value with strings that no terminal obeys; tabs and line breaks stay."""
    if isinstance(value, str):
        return value if value.isprintable() else "\t".join(map(printable, value.split("\t")))
    if isinstance(value, list):
        return [inert(item) for item in value]
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    return value


def _without_unit(name: str) -> str:
    return name.removesuffix("_us").removesuffix("_ms").removesuffix("_bytes")


def series_of(values: list[Any], dtype: Any) -> pd.Series[Any]:
    """Return values as a column; None is a missing time, duration, number or string."""
    if dtype in (_US, _MS):
        # Converted as integers: as floats they would lose microseconds.
        unit = "us" if dtype == _US else "ms"
        counts = np.array([_NAT if value is None else value for value in values], dtype="int64")
        times: pd.Series[Any] = pd.Series(counts.view(f"datetime64[{unit}]")).dt.tz_localize("UTC")
        return times
    if dtype == "timedelta64[us]":
        counts = np.array([_NAT if value is None else value for value in values], dtype="int64")
        durations: pd.Series[Any] = pd.Series(counts.view(dtype))
        return durations
    if dtype in ("string", "object"):
        values = [inert(value) for value in values]
    series: pd.Series[Any] = pd.Series(values, dtype=dtype)
    return series


def _run(run: Run | str | int | None) -> RecordedRun:
    return RecordedRun.of(run) if isinstance(run, Run) else find(run)
