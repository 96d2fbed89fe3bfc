"""The facts of a run: the values by which runs are filtered, compared and listed.

An ended run leaves its facts in its side-car, so that a new index reads one small file per run:

    facts.json      {"schema": 1, "operation": [NAMESPACE, NAME],
                     "status": [NAME, REASON, EXIT_CODE],
                     "initialized_us": …, "started_us": …, "duration_us": …,
                     "config": {KEY: VALUE}, "metrics": {NAME: [LAST, MIN, MAX, STEP, COUNT]},
                     "attributes": {NAME: VALUE}}

The file is written after `stopped`. It has the same content as the side-car's other files, from
which it can be made again at any time. Those files are read instead if the facts are of another
version, or if one of the files is gone or has changed since, including its permissions. Times are
epoch microseconds (UTC), `duration_us` is in microseconds, `STEP` is the step of the last value.
The JSON is for SQLite: NaN is null, infinities are `9e999` and `-9e999`. Attributes of the user
(label, tags, …) may change later and are not in the file.
"""

from __future__ import annotations

import os
import stat

from gage._internal import light_json
from gage._internal.atomic import replace
from gage._internal.errors import MetaError
from gage._internal.guarded import MOST_BYTES, REGULAR_FLAGS
from gage._internal.record.duration import read_duration_us
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import meta_opref, read_timestamp
from gage._internal.record.status import read_status
from gage._internal.running.default_config import known_config
from gage._internal.text import valid
from gage._internal.types import OpRef, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gage._internal.metrics.series import MetricSeries
__all__ = [
    "FACTS",
    "MEASURES",
    "encode",
    "facts_of",
    "kept_facts",
    "latest_change_ns",
    "unchecked_facts",
    "write_facts",
]

FACTS = "facts.json"
MEASURES = ("last", "min", "max", "step", "count")

_SCHEMA = 1
_BEGIN = f'{{"schema":{_SCHEMA},'
# The files that say what a run was and how it ended.
_SOURCES = (
    *("__schema__", "id", "name", "opref", "opdef.json", "config.json", "manifest"),
    *("initialized", "staged", "started", "stopped", "proc/exit", "proc/cmd", "proc/env"),
)
_NOT_FINITE = {"nan": "null", "inf": "9e999", "-inf": "-9e999"}


def facts_of(run: Run, *, use_kept: bool = True) -> str:
    """Return the facts of a run in the form of `facts.json`; never raises.

    Facts that cannot be read are missing; the status of a damaged run says what is wrong. The file
    is used as it is: it may have been damaged.
    """
    return (use_kept and kept_facts(run)) or encode(_found_facts(run))


def kept_facts(run: Run) -> str | None:
    """Return the facts in the run's side-car, None if there are none or they are out of date."""
    found = unchecked_facts(run.meta_dir)
    changed_ns = None if found is None else latest_change_ns(run.meta_dir)
    if found is None or changed_ns is None or changed_ns > found[1]:
        return None  # the other files are read instead
    return found[0]


def unchecked_facts(meta_dir: str) -> tuple[str, int] | None:
    """Return the facts in a side-car and when they were written (ns), None if there are none.

    They are out of date if `latest_change_ns` is later.
    """
    try:
        fd = os.open(f"{meta_dir}{os.sep}{FACTS}", REGULAR_FLAGS)
    except OSError:
        return None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            return None
        text = os.read(fd, found.st_size + 1).decode()
    except (OSError, ValueError):
        return None
    finally:
        os.close(fd)
    is_whole = text.startswith(_BEGIN) and text.endswith("}\n") and len(text) <= found.st_size
    # Its permissions may have been changed since, together with those of damaged files.
    return (text, min(found.st_mtime_ns, found.st_ctime_ns)) if is_whole else None


def latest_change_ns(meta_dir: str) -> int | None:
    """Return the latest change of the files that facts are made from, None if one is gone."""
    latest_ns = 0
    try:
        for name in _SOURCES:
            latest_ns = max(latest_ns, os.lstat(f"{meta_dir}{os.sep}{name}").st_ctime_ns)
    except OSError:
        return None
    return latest_ns


def write_facts(
    run: Run,
    config: Mapping[str, Any] | None = None,
    series: Mapping[str, MetricSeries] | None = None,
) -> None:
    """Write the facts of a run that has ended into its side-car, if there is room for them.

    Parameters
    ----------
    config
        The run's configuration, if it is known already.
    series
        The run's metrics but for those that only its summary has, if they were read already.
    """
    text = encode(_found_facts(run, config, series))
    try:
        replace(run_meta_path(run, FACTS), f"{text}\n".encode())
    except OSError:
        pass  # the other files are read instead


def encode(data: object) -> str:
    r"""Return data as JSON that SQLite reads: NaN is null, infinities are `9e999`.

    Bytes of a name that are not UTF-8 become escapes such as `\xff`.
    """
    text = light_json.compact(data, _NOT_FINITE)
    try:
        text.encode()
    except UnicodeEncodeError:
        return light_json.compact(_valid(data), _NOT_FINITE)
    return text


def _found_facts(
    run: Run,
    config: Mapping[str, Any] | None = None,
    series: Mapping[str, MetricSeries] | None = None,
) -> dict[str, Any]:
    status = read_status(run)
    started_us = _timestamp(run, "started")
    metrics, attributes = _summary(run, series)
    opref = _opref(run)
    return {
        "schema": _SCHEMA,
        "operation": [opref.op_ns, opref.op_name],
        "status": list(status),
        "initialized_us": _timestamp(run, "initialized"),
        "started_us": started_us,
        "duration_us": _duration_us(run),
        "config": _config(run) if config is None else dict(config),
        "metrics": metrics,
        "attributes": attributes,
    }


def _duration_us(run: Run) -> int | None:
    try:
        return read_duration_us(run)
    except (MetaError, OSError, ValueError):
        return None


def _config(run: Run) -> dict[str, Any]:
    known = known_config(run)
    if known is not None:
        return known
    from gage._internal.config.recorded import recorded_config

    try:
        return recorded_config(run)
    except (MetaError, OSError, ValueError):
        return {}


def _opref(run: Run) -> OpRef:
    try:
        return meta_opref(run)
    except (MetaError, OSError):
        return OpRef("?", "?")


def _summary(
    run: Run, series: Mapping[str, MetricSeries] | None
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return those metrics and attributes of a run that can be read."""
    from gage._internal.metrics.series import read_metrics, summarize, with_summary
    from gage._internal.metrics.summary_file import read_summary

    metrics: dict[str, list[Any]] = {}
    attributes: dict[str, Any] = {}
    try:
        if series is None:
            series = summarize(read_metrics(run, _ignore))
        else:
            series = with_summary(run, series, _ignore)
        for name, values in series.items():
            metrics[name] = [
                values.last,
                values.min,
                values.max,
                values.last_step,
                values.count,
            ]
        attributes = read_summary(run)["attributes"]
    except (MetaError, OSError, ValueError):
        pass  # the status and `gage verify` say what is wrong
    return metrics, attributes


def _ignore(_fault: str) -> None:
    """Pass over what cannot be read: the summary's notes say it."""


def _timestamp(run: Run, name: str) -> int | None:
    try:
        return read_timestamp(run, name)
    except MetaError:
        return None


def _valid(data: Any) -> Any:
    """Return data without anything that UTF-8 cannot represent."""
    if isinstance(data, str):
        return valid(data)
    if isinstance(data, dict):
        return {valid(str(key)): _valid(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_valid(value) for value in data]
    return data
