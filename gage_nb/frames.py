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
from gage._internal.api.runs import find, nothing_found
from gage._internal.errors import OptionError
from gage._internal.index.language import began_since, one_of
from gage._internal.index.runs import MEASURES
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.reports import (
    EVENTS,
    FILE_TYPES,
    STREAMS,
    file_rows,
    manifest_rows,
    meta_rows,
    output_rows,
)
from gage._internal.text import printable
from gage._internal.types import PHASES, Run
from gage_nb.run_columns import inert, times
from gage_nb.run_frames import every_run, given_runs, matching_runs
from gage_nb.run_table import readable_runs
from gage_nb.tables import readable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from gage._internal.index.language import Condition

__all__ = [
    "files",
    "from_rows",
    "inert",
    "listed",
    "manifest",
    "meta",
    "metrics",
    "output",
    "resources",
    "runs",
    "series_of",
    "typed",
]

_US = "datetime64[us, UTC]"
_MS = "datetime64[ms, UTC]"
_NAT = np.iinfo("int64").min  # the value of NumPy and pandas for a missing time
_FILE_TYPE = pd.CategoricalDtype(list(FILE_TYPES.values()))
_TIMES = ("initialized", "staged", "started", "stopped")


def runs(  # noqa: PLR0913  # one for each question
    where: str | Iterable[Run] | None = None,
    *,
    ops: str | Sequence[str] = (),
    status: str | Sequence[str] = (),
    tags: str | Sequence[str] = (),
    since: str | dt.datetime | dt.timedelta | None = None,
    measures: Sequence[str] = (),
    limit: int | None = None,
    deleted: bool = False,
    directory: str | None = None,
) -> pd.DataFrame:
    """Return the runs, the newest first: all, those that match a filter, or given ones.

        gage_nb.runs("lr > 0.1 and status = completed").sort_values("metric.loss")

    Columns: `run` (string, its name), `operation` (string), `label` (string), `tags` (object, a
    list), `status` (category), `started` (datetime64[us, UTC]), `duration` (timedelta64[us], until
    now for a running one), `exit_code` (Int64), `reason` (string), `id` (string). If any of the
    runs has them, there are `config.KEY` whose values differ and `metric.NAME` (Float64, the last
    value) after `duration`; `attr.NAME` and `config.KEY` whose values are all the same before `id`.
    The index is the position by which a run can be named.

    Parameters
    ----------
    where
        A filter, as for `gage runs`, or the runs themselves.
    ops, status, tags
        Only runs of one of these operations, with one of these statuses, with all of these tags.
    since
        Only runs that were started after this time, or so long ago: `"2h"`, `"2026-11-24"`.
    measures
        Which measures of each metric to return as well, in `metric.NAME.MEASURE`: `min`, `max`,
        `step` (of the last value) and `count`; `@N` is the last value up to step N, in
        `metric.NAME@N`.
    limit
        At most this many runs, the newest.
    deleted
        Whether to return the runs in the trash instead.
    directory
        Default: the current directory.
    """
    wrong = [name for name in measures if name not in MEASURES and not name[1:].isdecimal()]
    if wrong:
        raise OptionError(
            f"expected measures of {', '.join(MEASURES)} or @STEP, found {wrong[0]!r}"
        )
    kept = [name for name in measures if name in MEASURES]
    if deleted:
        frame = given_runs(list(_in_trash(directory))[:limit], kept)
    elif where is not None and not isinstance(where, str):
        frame = given_runs(list(where)[:limit], kept)
    else:
        home = home_of(directory)
        also = _conditions(ops, status, tags, since)
        words = [where] if where else []
        if words or also or kept or limit is not None:
            frame = matching_runs(home, words, limit, also=also, measures=kept)
        else:
            frame = every_run(home)
        if frame.empty:
            frame.attrs["if_empty"] = nothing_found(home, words)
    for name in measures:
        if name.startswith("@"):
            frame = _with_values_at(frame, int(name[1:]), directory)
    return readable_runs(frame)


def _conditions(
    ops: str | Sequence[str],
    status: str | Sequence[str],
    tags: str | Sequence[str],
    since: str | dt.datetime | dt.timedelta | None,
) -> list[Condition]:
    found = [
        one_of(name, [values] if isinstance(values, str) else values)
        for name, values in (("operation", ops), ("status", status))
        if values
    ]
    found += [one_of("tags", [tag]) for tag in ([tags] if isinstance(tags, str) else tags)]
    return found if since is None else [*found, began_since(since)]


def _in_trash(directory: str | None) -> Iterable[Run]:
    from gage._internal.api.order import deleted

    return deleted(directory=directory)


def listed(home: str, words: Sequence[str], *, limit: int | None = None) -> pd.DataFrame:
    """Return the runs in a directory of runs that match a filter; default: all runs.

    `words` are the words of the filter on a line.
    """
    frame = every_run(home) if limit is None and not words else matching_runs(home, words, limit)
    if frame.empty:
        frame.attrs["if_empty"] = nothing_found(home, words)
    return readable_runs(frame)


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


def _with_values_at(frame: pd.DataFrame, step: int, directory: str | None) -> pd.DataFrame:
    """Return a frame of runs with the last value of each metric up to a step."""
    from gage._internal.metrics.series import read_metrics

    found: list[dict[str, float]] = []
    for run_id in frame["id"]:
        values = {}
        for metric in read_metrics(find(str(run_id), directory), lambda _fault: None):
            if metric.step is not None and metric.step <= step:
                values[inert(metric.name)] = metric.value
        found.append(values)
    names = dict.fromkeys(name for values in found for name in values)
    added = {
        f"metric.{name}@{step}": pd.array([values.get(name) for values in found], dtype="Float64")
        for name in names
    }
    ids = frame.pop("id")
    return pd.concat([frame, pd.DataFrame(added, index=frame.index), ids], axis=1)


def resources(run: Run | str | int | None = None) -> pd.DataFrame:
    """Return what the processes of a run used, one row for each sample, in order of time.

    Columns: `time` (datetime64[us, UTC]), `cpu` (Float64, cores in use since the sample before),
    `cpu_time` (timedelta64[us], until then, of all processes, also of those that have ended),
    `rss` (Int64, resident memory in bytes, the sum over all processes), `pss` (Int64, the same
    with shared pages divided among those that share them, in bytes), `read` (Int64, bytes from
    storage until then), `written` (Int64, bytes to storage until then), `processes` (Int64),
    `threads` (Int64). A sample is taken each second, in long runs less often; none in a run of less
    than a moment.
    """
    from gage._internal.resources.log import resource_rows

    numbers = ("rss_bytes", "pss_bytes", "read_bytes", "written_bytes", "processes", "threads")
    return from_rows(
        resource_rows(_run(run).meta_dir),
        {
            "time_us": _US,
            "cpu": "Float64",
            "cpu_time_us": "timedelta64[us]",
            **dict.fromkeys(numbers, "Int64"),
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


def _without_unit(name: str) -> str:
    return name.removesuffix("_us").removesuffix("_ms").removesuffix("_bytes")


def series_of(values: list[Any], dtype: Any) -> pd.Series[Any]:
    """Return values as a column; None is a missing time, duration, number or string."""
    if dtype in (_US, _MS):
        return times(values, "us" if dtype == _US else "ms")
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
