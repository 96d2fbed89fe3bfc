"""Conditions of the filter language as SQL over the table of `database`.

Values never become part of the SQL, which has a `?` for each of them. Every comparison gives 0 or
1, also if a value is missing, so that `not` is always its opposite.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gage._internal.index.database import KINDS
from gage._internal.index.language import (
    And,
    Comparison,
    Condition,
    FilterError,
    Name,
    Not,
    Or,
    Quantity,
    Word,
    searched_text,
)
from gage._internal.running.facts import MEASURES
from gage._internal.suggestions import did_you_mean
from gage._internal.types import STATUSES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["COLUMNS", "TEXT_COLUMNS", "Vocabulary", "condition_sql"]

TEXT_COLUMNS = {
    "run": "name",
    "name": "name",
    "operation": "op_name",
    "op": "op_name",
    "status": "status",
    "label": "label",
    "reason": "reason",
    "id": "id",
}
_TIMES = {"started": "started_us", "initialized": "initialized_us"}
_STOPPED = "(started_us + duration_us)"
COLUMNS = (
    *("run", "operation", "status", "started", "stopped", "duration", "exit_code"),
    *("label", "tags", "reason", "id"),
)
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_DAY_US = 86_400 * 1_000_000
_SIGNS = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Vocabulary:
    """What a condition needs to know.

    Attributes
    ----------
    names
        The names that the runs have, by kind (`KINDS`).
    now
        The present time.
    found
        The ids of the runs whose output has a text, by text.
    """

    names: Mapping[str, Collection[str]]
    now: dt.datetime
    found: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass
class _Builder:
    """Builds SQL and collects the values for its marks, in their order."""

    text: str
    vocabulary: Vocabulary
    values: list[Any] = field(default_factory=list)

    def of(self, condition: Condition) -> str:
        match condition:
            case And(parts):
                return "(" + " AND ".join(self.of(part) for part in parts) + ")"
            case Or(parts):
                return "(" + " OR ".join(self.of(part) for part in parts) + ")"
            case Not(part):
                return f"(NOT {self.of(part)})"
            case Comparison(name, "in", values):
                return "(" + " OR ".join(self._one(name, "=", value) for value in values) + ")"
            case Comparison(name, operator, value):
                return self._one(name, operator, value)

    def _one(self, name: Name, operator: str, value: Any) -> str:
        if operator == "~":
            self.values.append(json.dumps(list(self.vocabulary.found[searched_text(value)])))
            return "(id IN (SELECT value FROM json_each(?)))"
        column = None if name.is_quoted else name.text
        if column in TEXT_COLUMNS:
            return self._text(TEXT_COLUMNS[column], operator, value)
        if column in {"tag", "tags"}:
            return self._tags(operator, value)
        if column in _TIMES or column == "stopped":
            return self._time(_TIMES.get(column, _STOPPED), name, operator, value)
        if column == "duration":
            return self._duration(name, operator, value)
        if column == "exit_code":
            return self._number("exit_code", operator, value)
        return self._recorded(name, operator, value)

    # The columns

    def _text(self, column: str, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        written = _written(value)
        if operator == "=~":
            self.values.append(_pattern(self.text, value))
            return f"COALESCE(regexp(?, {column}), 0)"
        if operator == "contains":
            self.values.append(written)
            return f"COALESCE(instr({column}, ?) > 0, 0)"
        if column == "status" and operator == "=" and written not in STATUSES:
            raise FilterError(self.text, _position(self.text, value), _unknown_status(written))
        self.values.append(written)
        return f"COALESCE({column} {operator} ?, 0)"

    def _tags(self, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"(tags {'=' if operator == 'missing' else '!='} '[]')"
        each = "EXISTS (SELECT 1 FROM json_each(tags) WHERE {})"
        if operator == "=~":
            self.values.append(_pattern(self.text, value))
            return each.format("regexp(?, value)")
        self.values.append(_written(value))
        found = each.format("value = ?")
        return f"(NOT {found})" if operator == "!=" else found

    def _time(self, column: str, name: Name, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        begin_us, end_us = self._moment(name, operator, value)
        if operator == "=":
            self.values += [begin_us, end_us]
            return f"COALESCE({column} >= ? AND {column} < ?, 0)"
        if operator == "!=":
            self.values += [begin_us, end_us]
            return f"COALESCE({column} < ? OR {column} >= ?, 0)"
        # "After a day" means after its end, and "up to a day" means up to its end.
        self.values.append(
            end_us if operator in {">", "<="} and end_us > begin_us + 1 else begin_us
        )
        sign = {">": ">=", "<=": "<"}.get(operator, operator) if end_us > begin_us + 1 else operator
        return f"COALESCE({column} {sign} ?, 0)"

    def _moment(self, name: Name, operator: str, value: Any) -> tuple[int, int]:
        """Return the first microsecond of a time and the first one after it; a date is a day."""
        now = self.vocabulary.now
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if operator not in _SIGNS:
            raise FilterError(
                self.text, name.position, f"{name.text} is a time: compare it by <, >"
            )
        if isinstance(value, Quantity) and value.unit in _SECONDS:
            moment = now - dt.timedelta(seconds=value.number * _SECONDS[value.unit])
            return _us(moment), _us(moment) + 1
        written = _written(value)
        days = {"today": 0, "yesterday": 1}
        if written in days:
            day = midnight - dt.timedelta(days=days[written])
            # `started > today` means started today.
            return (_us(day), _us(day) + (1 if operator in {">", "<", ">=", "<="} else _DAY_US))
        if written == "now":
            return _us(now), _us(now) + 1
        try:
            moment = dt.datetime.fromisoformat(written)
        except ValueError:
            position = getattr(value, "position", name.position)
            raise FilterError(
                self.text,
                position,
                f"expected a time (today, 2026-11-24, 2026-11-24T10:30) or an age (2h, 3d) for "
                f"{name.text}, found {written!r}",
            ) from None
        moment = moment.astimezone() if moment.tzinfo is None else moment
        return _us(moment), _us(moment) + (_DAY_US if len(written) == len("2026-11-24") else 1)

    def _duration(self, name: Name, operator: str, value: Any) -> str:
        now_us = _us(self.vocabulary.now)
        column = (
            f"(CASE WHEN duration_us IS NULL AND status = 'running' THEN {now_us} - started_us "
            "ELSE duration_us END)"
        )
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        if isinstance(value, Quantity) and value.unit in _SECONDS:
            seconds = value.number * _SECONDS[value.unit]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = float(value)
        else:
            position = getattr(value, "position", name.position)
            message = (
                f"expected a duration (30s, 5min, 2h) for {name.text}, found {_written(value)!r}"
            )
            raise FilterError(self.text, position, message)
        if operator not in _SIGNS:
            raise FilterError(self.text, name.position, f"{name.text} is compared by <, > or =")
        self.values.append(round(seconds * 1e6))
        return f"COALESCE({column} {operator} ?, 0)"

    def _number(self, column: str, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        self.values.append(_number_of(value))
        sign = operator if operator in _SIGNS else "="
        return f"COALESCE({column} {sign} ?, 0)"

    # What the runs recorded

    def _recorded(self, name: Name, operator: str, value: Any) -> str:
        places = self._places(name)
        if operator in {"missing", "present"}:
            # JSON's null counts as missing too.
            there = " OR ".join(
                f"COALESCE(json_type({column}, {self._path(path)}), 'null') != 'null'"
                for column, path in places
            )
            return f"({there})" if operator == "present" else f"(NOT ({there}))"
        cases = []
        for column, path in places:
            when = f"json_type({column}, {self._path(path)}) IS NOT NULL"
            cases.append(f"WHEN {when} THEN {self._value(column, path, operator, value)}")
        return f"COALESCE(CASE {' '.join(cases)} ELSE 0 END, 0)"

    def _path(self, path: str) -> str:
        self.values.append(path)
        return "?"

    def _value(self, column: str, path: str, operator: str, value: Any) -> str:
        """Return the comparison of a value in JSON with one of the same kind."""

        def extracted() -> str:
            return f"json_extract({column}, {self._path(path)})"

        def kind() -> str:
            return f"json_type({column}, {self._path(path)})"

        if isinstance(value, bool):
            if operator not in {"=", "!="}:
                return "0"
            wanted = value if operator == "=" else not value
            return f"({kind()} = '{'true' if wanted else 'false'}')"
        number = _number_of(value)
        if operator == "contains":
            written = _written(value)
            item = _written(value) if number is None else number
            in_list = (
                f"EXISTS (SELECT 1 FROM json_each({column}, {self._path(path)}) "  # noqa: S608
                f"WHERE json_each.value = {self._path_value(item)})"
            )
            in_text = (
                f"({kind()} = 'text' AND instr({extracted()}, {self._path_value(written)}) > 0)"
            )
            return f"({in_list} OR {in_text})"
        if operator == "=~":
            pattern = _pattern(self.text, value)
            return f"regexp({self._path_value(pattern)}, {extracted()})"
        if number is not None:
            same_kind = f"{kind()} IN ('integer', 'real')"
            return f"({same_kind} AND {extracted()} {operator} {self._path_value(number)})"
        same_kind = f"{kind()} = 'text'"
        return f"({same_kind} AND {extracted()} {operator} {self._path_value(_written(value))})"

    def _path_value(self, value: Any) -> str:
        self.values.append(value)
        return "?"

    def _places(self, name: Name) -> list[tuple[str, str]]:
        """Return the columns that have a name, each with its JSON path."""
        prefix, dot, rest = name.text.partition(".")
        names = self.vocabulary.names
        if dot and prefix in KINDS and not name.is_quoted:
            kinds = [prefix]
            bare = rest
        else:
            kinds = list(KINDS)
            bare = name.text
        if name.of != "last":
            kinds = [kind for kind in kinds if kind == "metric"]
        found = [kind for kind in kinds if bare in names[kind]]
        if not found:
            raise FilterError(self.text, name.position, _unknown(name, kinds, names))
        return [(KINDS[kind][0], _json_path(kind, bare, name.of)) for kind in found]


def condition_sql(
    text: str, condition: Condition | None, vocabulary: Vocabulary
) -> tuple[str, Sequence[Any]]:
    """Return the SQL of a condition and the values for its marks.

    `text` is the filter as written, for messages.

    Raises
    ------
    FilterError
        If no run has a name, or a value is not of its column's kind.
    """
    if condition is None:
        return "1", ()
    builder = _Builder(text, vocabulary)
    return builder.of(condition), builder.values


def _unknown_status(written: str) -> str:
    near = did_you_mean(written, STATUSES)
    return f"there is no status {written!r}. {near or 'There are: ' + ', '.join(STATUSES)}"


def _position(text: str, value: Any) -> int:
    return int(getattr(value, "position", max(text.find(_written(value)), 0)))


def _json_path(kind: str, name: str, of: str) -> str:
    path = f'{KINDS[kind][1]}."{name}"'
    return f"{path}[{MEASURES.index(of)}]" if kind == "metric" else path


def _unknown(name: Name, kinds: list[str], names: Mapping[str, Collection[str]]) -> str:
    choices = [*COLUMNS] if len(kinds) > 1 else []
    choices += [known for kind in kinds for known in names[kind]]
    bare = name.text.partition(".")[2] if len(kinds) == 1 and "." in name.text else name.text
    near = did_you_mean(bare, choices)
    what = "no run has a metric" if kinds == ["metric"] else "no run has a value"
    listed = f"Columns: {', '.join(COLUMNS)}" if len(kinds) > 1 and not near else ""
    return " ".join(filter(None, [f"{what} {name.text!r}.", near, listed]))


def _written(value: Any) -> str:
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Quantity):
        return f"{value.number:g}{value.unit}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number_of(value: Any) -> float | None:
    if isinstance(value, Quantity):
        return value.number * (_SECONDS.get(value.unit) or _BYTES[value.unit])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return None


def _pattern(text: str, value: Any) -> str:
    import re

    written = _written(value)
    try:
        re.compile(written)
    except re.error as error:
        raise FilterError(
            text, _position(text, value), f"not a regular expression: {error}"
        ) from None
    return written


def _us(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1e6)
