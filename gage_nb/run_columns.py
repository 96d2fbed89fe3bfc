"""The columns of frames of runs, made from rows of the index.

    run operation label tags status started duration
    config.KEY          values that differ
    metric.NAME         the last value; on request metric.NAME.min, .max, .step, .count
    exit_code reason
    attr.NAME
    config.KEY          values that are the same in all rows
    id

The dtype of a value's column keeps all values exactly: `Int64`, `Float64`, `boolean` or `string` if
all of them are of that kind, else `object`.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from gage._internal.index.runs import MEASURES, ROW
from gage._internal.text import printable
from gage._internal.types import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    # Part, key, measure: ("metric", "loss", "last"); ("", "run", "") for a fixed column
    Key: TypeAlias = tuple[str, str, str]
    Columns: TypeAlias = dict[Key, "Column"]

__all__ = [
    "Column",
    "ColumnsChanged",
    "RunRows",
    "differs",
    "frame_of",
    "inert",
    "merged",
    "times",
    "without",
]

_NAT = np.iinfo("int64").min  # the value of NumPy and pandas for a missing time
_STATUS = pd.CategoricalDtype(list(STATUSES))
_FIRST = ("run", "operation", "label", "tags", "status", "started", "duration")
_PARTS = (("config", "config"), ("metric", "metrics"), ("attr", "attributes"))
_DTYPES: dict[frozenset[type], str] = {
    frozenset({bool}): "boolean",
    frozenset({int}): "Int64",
    frozenset({float}): "Float64",
    frozenset({int, float}): "Float64",
    frozenset({str}): "string",
}
_NONE = type(None)


class ColumnsChanged(Exception):  # noqa: N818  # nothing is wrong: make the columns anew
    """Values of new rows do not fit into the dtypes of the columns before."""


class Column(NamedTuple):
    """The values of a column, and the types of those that are not missing."""

    array: Any
    kinds: frozenset[type] = frozenset()


class RunRows:
    """Rows of the index that become columns."""

    def __init__(self, measures: Iterable[str] = ()) -> None:
        self._measures = tuple(dict.fromkeys(("last", *measures)))
        self._plain: list[list[Any]] = [[] for _ in ROW]
        self._values: dict[Key, list[Any]] = {}
        self.count = 0

    def add(self, rows: list[tuple[Any, ...]], facts: list[dict[str, Any]]) -> None:
        """Add rows, which have the values of `index.runs.ROW` first, with their facts."""
        for values, added in zip(self._plain, zip(*rows, strict=True), strict=False):
            values.extend(added)
        for prefix, part in _PARTS:
            found = [each[part] for each in facts]
            for key in {key: None for each in found for key in each}:
                values = [each.get(key) for each in found]
                if prefix == "metric":
                    for measure in self._measures:
                        self._extend((prefix, key, measure), _measured(values, measure))
                else:
                    self._extend((prefix, key, ""), values)
        self.count += len(rows)
        for values in self._values.values():
            if len(values) < self.count:
                values.extend([None] * (self.count - len(values)))

    def columns(self, *, in_order: bool = True) -> Columns:
        """Return the columns of the rows, the newest first or in the order of adding."""
        plain = dict(zip(ROW, self._plain, strict=True))
        found = {("", name, ""): Column(values) for name, values in _fixed(plain).items()}
        for key, values in self._values.items():
            kinds = frozenset(map(type, values)) - {_NONE}
            if key[0] == "metric":
                kinds |= {float}
            found[key] = Column(_array(values, kinds), kinds)
        return _ordered(_latest(found)) if in_order else found

    def _extend(self, key: Key, values: list[Any]) -> None:
        self._values.setdefault(key, [None] * self.count).extend(values)


def merged(new: Columns, old: Columns) -> Columns:
    """Return the columns of new rows and of those old ones that have no new row, in their order.

    Raises
    ------
    ColumnsChanged
        If the dtype of a column would change.
    """
    ids = ("", "id", "")
    kept = ~pd.Index(old[ids].array).isin(pd.Index(new[ids].array))
    counts = len(kept), len(new[ids].array)
    found = {}
    for key in {**old, **new}:
        one, other = new.get(key), old.get(key)
        kinds = (one.kinds if one else frozenset()) | (other.kinds if other else frozenset())
        if other is None:
            other = Column(_array([None] * counts[0], kinds), kinds)
        if one is None:
            one = Column(_array([None] * counts[1], kinds), kinds)
        if key[0] and not _dtype(kinds) == _dtype(one.kinds) == _dtype(other.kinds):
            raise ColumnsChanged
        if type(one.array) is not type(other.array):  # one of them has too large integers
            raise ColumnsChanged
        values = other.array if kept.all() else other.array[kept]
        found[key] = Column(_joined(one.array, values), kinds)
    return _ordered(found)


def without(ids: Iterable[str], columns: Columns) -> Columns:
    """Return columns without the rows of some runs."""
    kept = ~pd.Index(columns["", "id", ""].array).isin(list(ids))
    return {key: Column(values[kept], kinds) for key, (values, kinds) in columns.items()}


def frame_of(columns: Columns, positions: Sequence[int] | None = None) -> pd.DataFrame:
    """Return columns as a frame, in the order of the module's docstring.

    Default positions: 1, 2, ….
    """
    of_config = [key for key in columns if key[0] == "config"]
    differing = [key for key in of_config if differs(columns[key].array)]
    order: list[Key] = [("", name, "") for name in _FIRST]
    order += differing
    order += [key for key in columns if key[0] == "metric"]
    order += [("", name, "") for name in ("exit_code", "reason")]
    order += [key for key in columns if key[0] == "attr"]
    order += [key for key in of_config if key not in set(differing)]
    order += [("", "id", "")]
    count = len(columns["", "id", ""].array)
    index: pd.Index[Any]
    if positions is None or list(positions) == list(range(1, count + 1)):
        index = pd.RangeIndex(1, count + 1)
    else:
        index = pd.Index(np.array(positions, dtype="int64"))
    numbered = {at: columns[key].array.copy() for at, key in enumerate(order)}
    frame = pd.DataFrame(numbered, index=index, copy=False)
    frame.columns = pd.Index([_name(key) for key in order])
    return frame


def inert(value: Any) -> Any:
    """Return a value with strings that no terminal obeys; tabs and line breaks stay."""
    if isinstance(value, str):
        return value if value.isprintable() else "\t".join(map(printable, value.split("\t")))
    if isinstance(value, list):
        return [inert(item) for item in value]
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    return value


def times(values_us: Iterable[int | None], unit: str = "us") -> pd.Series[Any]:
    """Return times since the epoch, in `unit`, as a series in UTC."""
    # Converted as integers: as floats they would lose microseconds.
    counts = np.array([_NAT if value is None else value for value in values_us], dtype="int64")
    series: pd.Series[Any] = pd.Series(counts.view(f"datetime64[{unit}]")).dt.tz_localize("UTC")
    return series


def _fixed(plain: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the arrays of the fixed columns, and of what orders the rows."""
    now_us = time.time_ns() // 1000
    durations = [
        max(now_us - started, 0)
        if duration is None and status == "running" and started is not None
        else duration
        for duration, started, status in zip(
            plain["duration_us"], plain["started_us"], plain["status"], strict=True
        )
    ]
    counts = np.array([_NAT if value is None else value for value in durations], dtype="int64")
    return {
        "run": _strings(plain["name"]),
        "operation": _strings(plain["op_name"]),
        "label": _strings(plain["label"]),
        "tags": _objects(
            [[] if text == "[]" else inert(json.loads(text)) for text in plain["tags"]]
        ),
        "status": pd.Categorical(plain["status"], dtype=_STATUS),
        "started": times(plain["started_us"]).array,
        "duration": pd.Series(counts.view("timedelta64[us]")).array,
        "exit_code": pd.array(plain["exit_code"], dtype="Int64"),
        "reason": _strings(plain["reason"]),
        "id": _strings(plain["id"]),
        "order_us": np.array(plain["order_us"], dtype="int64"),
    }


def _latest(columns: Columns) -> Columns:
    """Return the last row of each run."""
    earlier = pd.Index(columns["", "id", ""].array).duplicated(keep="last")
    if not earlier.any():
        return columns
    return {key: Column(values[~earlier], kinds) for key, (values, kinds) in columns.items()}


def _ordered(columns: Columns) -> Columns:
    """Return rows with the newest first."""
    order_us = columns["", "order_us", ""].array
    if bool((order_us[:-1] > order_us[1:]).all()):
        return columns
    ids = np.asarray(columns["", "id", ""].array, dtype=str)
    order = np.lexsort((ids, order_us))[::-1]
    return {key: Column(values[order], kinds) for key, (values, kinds) in columns.items()}


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    return type(first)._concat_same_type([first, second])  # noqa: SLF001  # pandas' own interface


def _measured(values: list[Any], measure: str) -> list[Any]:
    """Return one measure of the values of a metric in some runs."""
    at = MEASURES.index(measure)
    found = [value[at] if type(value) is list and len(value) > at else None for value in values]
    if set(map(type, found)) <= {float, _NONE}:
        return found
    return [float(value) if isinstance(value, int | float) else None for value in found]


def _dtype(kinds: frozenset[type]) -> str:
    return _DTYPES.get(kinds, "object")


def _array(values: list[Any], kinds: frozenset[type]) -> Any:
    """Return values, of which some may be None, as an array that keeps all of them exactly."""
    dtype = _dtype(kinds)
    if dtype == "string":
        return _strings(values)
    if dtype == "object":
        return _objects([inert(value) for value in values])
    if dtype == "Float64":
        if int in kinds and any(type(value) is int and value != float(value) for value in values):
            return _objects(values)  # the nearest float is another number
        numbers = np.array(values, dtype="float64")
        return pd.arrays.FloatingArray(numbers, np.isnan(numbers))
    try:
        series: Any = pd.Series(values, dtype=dtype)
        return series.array
    except (TypeError, OverflowError):  # an integer that is too large for pandas
        return _objects(values)


def _strings(values: list[str | None]) -> Any:
    if not "".join([value for value in values if value is not None]).isprintable():
        values = [None if value is None else str(inert(value)) for value in values]
    return pd.array(values, dtype="string")


def _objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype="object")
    array[:] = values  # not np.array, which would make lists a dimension
    return array


def differs(values: Any) -> bool:
    """Return whether the values of a column differ; in one row all of them do."""
    if len(values) < 2:
        return True
    missing = pd.isna(values)
    if missing.any():
        return not missing.all()
    if isinstance(values, np.ndarray):
        return any(value != values[0] for value in values[1:])
    return bool((values != values[0]).any())


def _name(key: Key) -> str:
    part, name, measure = key
    if not part:
        return name
    suffix = f".{measure}" if measure not in {"", "last"} else ""
    return str(printable(f"{part}.{name}{suffix}"))
