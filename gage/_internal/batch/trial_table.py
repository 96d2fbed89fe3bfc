"""The trials of a batch as the rows of a table: values that vary, results, how they ended.

Columns: `index`, `run`, `status`, `duration_us`, the keys that vary, the metrics (last values), the
attributes of the runs' summaries, `exit_code`, `reason`, `id`. A key, metric or attribute with the
name of another column is `config.NAME`, `metric.NAME` or `attr.NAME`.
"""

from __future__ import annotations

from gage._internal.errors import MetaError
from gage._internal.named import NamedTuple
from gage._internal.record.duration import read_duration_us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.types import Status

__all__ = ["TrialFacts", "TrialTable", "trial_table"]

_FIRST = ("index", "run", "status", "duration_us")
_LAST = ("exit_code", "reason", "id")


class TrialFacts(NamedTuple):
    """What is known of a trial; one that was not started has neither run nor status."""

    index: int  # type: ignore[assignment]  # that of a tuple finds items; nobody does here
    asked: dict[str, Any]
    run: RecordedRun | None
    status: Status | None
    metrics: Mapping[str, float | None]
    attributes: Mapping[str, Any]


class TrialTable(NamedTuple):
    """Rows with equal columns, and the columns' names by what they hold."""

    rows: list[dict[str, Any]]
    keys: list[str]
    metrics: list[str]
    attributes: list[str]


def trial_table(
    trials: Sequence[TrialFacts], keys: Sequence[str], taken: Collection[str] = ()
) -> TrialTable:
    """Return the table of a batch's trials.

    Parameters
    ----------
    keys
        The keys that vary.
    taken
        Names that no key, metric or attribute may have, such as those of a DataFrame to be joined.
    """
    used = {*_FIRST, *_LAST, "duration", *taken}  # frames have `duration`
    columns = [
        _columns("config", keys, used),
        _columns("metric", _names(trial.metrics for trial in trials), used),
        _columns("attr", _names(trial.attributes for trial in trials), used),
    ]
    rows = []
    for trial in trials:
        run, status = trial.run, trial.status
        row: dict[str, Any] = {
            "index": trial.index,
            "run": None if run is None else run.name,
            "status": None if status is None else status.name,
            "duration_us": None if run is None else _duration_us(run, status),
        }
        values = (trial.asked, trial.metrics, trial.attributes)
        for found, names in zip(values, columns, strict=True):
            row |= {column: found.get(name) for name, column in names.items()}
        row["exit_code"] = None if status is None else status.exit_code
        row["reason"] = "" if status is None else status.reason
        row["id"] = None if run is None else run.id
        rows.append(row)
    return TrialTable(rows, *(list(names.values()) for names in columns))


def _names(found: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for each in found for name in each))


def _columns(kind: str, names: Sequence[str], used: set[str]) -> dict[str, str]:
    """Return the column of each name; it is added to the used ones."""
    columns = {}
    for name in names:
        columns[name] = f"{kind}.{name}" if name in used else name
        used.add(columns[name])
    return columns


def _duration_us(run: RecordedRun, status: Status | None) -> int | None:
    try:
        return read_duration_us(run, running=status is not None and status.name == "running")
    except MetaError:
        return None
