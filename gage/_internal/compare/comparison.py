"""Many runs side by side: what differs between them, and by how much from a baseline.

The rows are one for each run (`compare_runs`) or one for each group of runs (`compare_groups`).
Their columns, in this order:

    run                 the run's name; of groups, `runs`: how many there are
    operation status label tags     if they differ
    config.KEY          if it differs; of groups, the keys that group
    metric.NAME         the last value, if it differs; of groups, instead of it
        mean.NAME std.NAME low.NAME high.NAME     with the 95 % interval of the mean
        n.NAME          how many runs have a finite value, if that is not all in every group
    delta.NAME          the difference from the baseline; of groups, from the reference's mean
    percent.NAME        the same in per cent of it
    p.NAME              of groups: of the test of the difference (`chance`)
    change.NAME         `better`, `worse`, `same`; of groups also `differs`, where it is not known
                        which is better, and `cannot be told apart`
    needed.NAME         of groups: how many runs of each would tell
    attr.NAME           if it differs
    id                  of the run

Without a baseline, groups have the best group of each metric as their reference, if it is known
whether higher or lower is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gage._internal.compare.chance import chance_of
from gage._internal.compare.groups import COLUMNS, group_rows, mark_of, value_of
from gage._internal.compare.means import mean_of
from gage._internal.index.listing import differing
from gage._internal.people import format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from gage._internal.compare.chance import Chance
    from gage._internal.compare.directions import Direction
    from gage._internal.compare.groups import Group, Grouping
    from gage._internal.compare.means import Mean

    Row = dict[str, Any]

__all__ = ["CHANGES", "Comparison", "compare_groups", "compare_runs"]

CHANGES = ("better", "worse", "same", "differs", "cannot be told apart")
BETTER, WORSE, SAME, DIFFERS, UNCLEAR = CHANGES


@dataclass(frozen=True)
class Comparison:
    """Runs or groups of them side by side.

    Attributes
    ----------
    rows
        One for each run or group; the module describes their columns, which all rows have.
    keys
        The columns before the metrics.
    metrics
        The names of the metrics.
    shared
        The values that all runs have, by column.
    notes
        What has to be known to read it: directions, tests, values that are missing.
    baseline
        The position of the row that the others are compared with; None without one.
    """

    rows: list[Row]
    keys: list[str]
    metrics: list[str]
    shared: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    baseline: int | None = None


def compare_runs(
    rows: Sequence[Row],
    directions: Mapping[str, Direction],
    baseline: str | None = None,
    *,
    every: bool = False,
) -> Comparison:
    """Return runs side by side, in their order; the baseline is the first.

    Parameters
    ----------
    rows
        Rows of `index.listing`.
    baseline
        The id of a run among them.
    every
        Whether to return all columns, those that differ first.
    """
    if baseline is not None:
        rows = sorted(rows, key=lambda row: row["id"] != baseline)
    base = rows[0] if baseline is not None and rows else None
    columns, shared = _columns(rows)
    keys, metrics, attributes = columns
    shown: list[Row] = []
    for row in rows:
        found: Row = {"run": row["run"], **{key: _value(row, key) for key in keys}}
        for name in metrics:
            found |= _metric_columns(row, base, name, directions.get(name))
        found |= {key: _value(row, key) for key in attributes}
        if every:
            found |= {key: _value(row, key) for key in shared if key not in found}
            found |= {key: row[key] for key in ("started_us", "duration_us")}
        shown.append({**found, "id": row["id"]})
    notes = _direction_notes(metrics, directions, is_needed=base is not None)
    at = None if base is None else 0
    return Comparison(shown, ["run", *keys], metrics, shared, _joined(notes), at)


def compare_groups(
    rows: Sequence[Row],
    grouping: Grouping,
    directions: Mapping[str, Direction],
    baseline: Callable[[Group], bool] | None = None,
    *,
    every: bool = False,
    interval: str = "student",
) -> Comparison:
    """Return groups of runs side by side; the one that `baseline` chooses is the first.

    All runs are in it, also those without a value of a metric.
    """
    groups = group_rows(rows, grouping.keys)
    if baseline is not None:
        groups.sort(key=lambda group: not baseline(group))
    names = _numeric(rows) if every else [n for n in _numeric(rows) if n in _varying(rows)]
    shared = {
        column: value for column, value in _columns(rows)[1].items() if column not in grouping.keys
    }
    found: list[Row] = [{**group.key_values, "runs": len(group.rows)} for group in groups]
    notes: list[tuple[str, str]] = []
    for name in names:
        values = [_values_by_mark(group, grouping.others, name) for group in groups]
        at = 0 if baseline is not None else _best(values, directions.get(name))
        columns = _GroupColumns(name, directions.get(name), interval, at)
        for row, of_metric in zip(found, columns.of(groups, values), strict=True):
            row.update(of_metric)
        notes += columns.notes(grouping, rows)
    notes += _direction_notes(names, directions, is_needed=len(groups) > 1)
    keys = [*grouping.keys, "runs"]
    at = None if baseline is None else 0
    return Comparison(found, keys, names, shared, _joined(notes), at)


# Runs


def _columns(rows: Sequence[Row]) -> tuple[tuple[list[str], list[str], list[str]], Row]:
    """Return the keys, metrics and attributes that differ, and the values of all others."""
    shared: Row = {}
    keys: list[str] = []
    for name in COLUMNS:
        values = [row[name] for row in rows]
        if any(value != values[0] for value in values[1:]):
            keys.append(name)
        elif values and values[0]:
            shared[name] = values[0]
    found: list[list[str]] = []
    for part, prefix in (("config", "config."), ("metrics", ""), ("attributes", "attr.")):
        names, constant = differing(rows, part)
        found.append([f"{prefix}{name}" for name in names])
        shared |= {f"{prefix or 'metric.'}{name}": value for name, value in constant.items()}
    return (keys + found[0], found[1], found[2]), shared


def _value(row: Row, column: str) -> Any:
    kind, _, name = column.partition(".")
    return row["metrics"].get(name) if kind == "metric" else value_of(row, column)


def _metric_columns(row: Row, base: Row | None, name: str, direction: Direction | None) -> Row:
    value = row["metrics"].get(name)
    found: Row = {f"metric.{name}": value}
    if base is None:
        return found
    start = base["metrics"].get(name)
    delta = None if value is None or start is None else value - start
    found |= {f"delta.{name}": delta, f"percent.{name}": _percent(delta, start)}
    if direction is not None:
        found[f"change.{name}"] = None if delta is None else _change(delta, direction)
    return found


def _percent(delta: float | None, start: float | None) -> float | None:
    return None if delta is None or not start else 100 * (delta / abs(start))


def _change(delta: float, direction: Direction | None) -> str | None:
    if math.isnan(delta):  # the difference of two infinities
        return None
    if not delta:
        return SAME
    if direction is None:
        return DIFFERS
    return BETTER if delta * direction.sign > 0 else WORSE


def _direction_notes(
    metrics: Sequence[str], directions: Mapping[str, Direction], *, is_needed: bool
) -> list[tuple[str, str]]:
    notes = [(name, directions[name].words) for name in metrics if name in directions]
    if is_needed:
        unknown = "minimize or maximize says which values are better"
        notes += [(name, unknown) for name in metrics if name not in directions]
    return notes


def _joined(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each different note, with the metrics that it is about."""
    names: dict[str, list[str]] = {}
    for name, note in notes:
        names.setdefault(note, []).append(name)
    return [f"{', '.join(about)}: {note}" for note, about in names.items()]


# Groups


def _numeric(rows: Sequence[Row]) -> list[str]:
    names = dict.fromkeys(name for row in reversed(rows) for name in row["metrics"])
    return [name for name in names if any(_finite(row, name) is not None for row in rows)]


def _varying(rows: Sequence[Row]) -> set[str]:
    return set(differing(rows, "metrics")[0])


def _finite(row: Row, name: str) -> float | None:
    value = row["metrics"].get(name)
    return value if value is not None and math.isfinite(value) else None


def _values_by_mark(
    group: Group, others: Sequence[str], name: str
) -> dict[Hashable, Sequence[float]]:
    """Return the finite values of a metric by what the runs are paired by."""
    found: dict[Hashable, list[float]] = {}
    for number, row in enumerate(group.rows):
        value = _finite(row, name)
        if value is not None:
            # Without other keys, nothing makes a pair.
            mark = tuple(mark_of(value_of(row, key)) for key in others) or (row["id"], number)
            found.setdefault(mark, []).append(value)
    return dict(found)


def _best(
    groups: Sequence[Mapping[Hashable, Sequence[float]]], direction: Direction | None
) -> int | None:
    """Return the position of the group with the best mean; None if nobody said what is better."""
    if direction is None or len(groups) < 2:
        return None
    means = [
        mean_of([value for values in group.values() for value in values]).mean for group in groups
    ]
    known = [at for at, mean in enumerate(means) if mean is not None]
    return max(known, key=lambda at: direction.sign * (means[at] or 0.0), default=None)


class _GroupColumns:
    """The columns of one metric for all groups."""

    def __init__(
        self, name: str, direction: Direction | None, interval: str, reference: int | None
    ) -> None:
        self._name = name
        self._direction = direction
        self._interval = interval
        self._reference = reference
        self._chances: list[Chance] = []

    def of(
        self, groups: Sequence[Group], values: Sequence[Mapping[Hashable, Sequence[float]]]
    ) -> list[Row]:
        """Return the columns of each group."""
        name = self._name
        means = [
            mean_of([value for same in group.values() for value in same], self._interval)
            for group in values
        ]
        all_have = all(mean.n == len(group.rows) for mean, group in zip(means, groups, strict=True))
        found: list[Row] = []
        for at, mean in enumerate(means):
            row: Row = {} if all_have else {f"n.{name}": mean.n}
            row |= {f"mean.{name}": mean.mean, f"std.{name}": mean.std}
            row |= {f"low.{name}": mean.low, f"high.{name}": mean.high}
            if self._reference is not None:
                row |= self._difference(means, values, at)
            found.append(row)
        return found

    def _difference(
        self,
        means: Sequence[Mean],
        values: Sequence[Mapping[Hashable, Sequence[float]]],
        at: int,
    ) -> Row:
        name, reference = self._name, self._reference or 0
        columns = (f"{part}.{name}" for part in ("delta", "percent", "p", "change", "needed"))
        chance = None
        if at != reference:
            chance = chance_of(values[reference], values[at], self._interval)
        if chance is None:
            return dict.fromkeys(columns)
        self._chances.append(chance)
        delta = (means[at].mean or 0.0) - (means[reference].mean or 0.0)
        change = None
        if chance.is_apart is not None:
            change = _change(chance.delta, self._direction) if chance.is_apart else UNCLEAR
        percent = _percent(delta, means[reference].mean)
        return dict(zip(columns, (delta, percent, chance.p, change, chance.needed), strict=True))

    def notes(self, grouping: Grouping, rows: Sequence[Row]) -> list[tuple[str, str]]:
        """Return what has to be known of the metric: the test, and runs without a value."""
        notes = []
        if self._chances:
            paired = sum(chance.pairs > 0 for chance in self._chances)
            others = ", ".join(key.removeprefix("config.") for key in grouping.others)
            tests = [f"pairs of runs with the same {others}"] if paired else []
            tests += ["two means (Welch)"] if paired < len(self._chances) else []
            notes.append((self._name, f"test of {' or '.join(tests)}"))
        missing = sum(_finite(row, self._name) is None for row in rows)
        if missing:
            notes.append((self._name, f"{format_count(missing, 'run')} without a finite value"))
        return notes
