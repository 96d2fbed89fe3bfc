"""Conditions of the filter language as SQL over the table of `database`.

Values never become part of the SQL, which has a `?` for each of them. Every comparison gives 0 or
1, also if a value is missing, so that `not` is always its opposite.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.index.database import KINDS
from gage._internal.index.language import (
    And,
    Comparison,
    Condition,
    FilterError,
    Name,
    Not,
    Number,
    Or,
    Quantity,
    written,
)
from gage._internal.index.moments import SECONDS, SIGNS, moment_us
from gage._internal.running.facts import MEASURES
from gage._internal.suggestions import did_you_mean
from gage._internal.types import STATUSES

if TYPE_CHECKING:
    import datetime as dt
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
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

# A document of the one value that has a key.
_DOCUMENT = """(
    SELECT json_object('value', CASE WHEN type IN ('true', 'false') THEN json(type)
        WHEN type IN ('array', 'object') THEN json(value) ELSE value END)
    FROM json_each({}, {}) WHERE key = {}
)"""


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


class _Place(NamedTuple):
    """Where the rows have a value: a column, a path in its JSON, the parent of it and its key."""

    column: str
    path: str
    parent: str = ""
    key: str = ""


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
            self.values.append(json.dumps(list(self.vocabulary.found[written(value)])))
            return "(id IN (SELECT value FROM json_each(?)))"
        column = None if name.is_quoted else name.text
        if column in TEXT_COLUMNS:
            return self._text(TEXT_COLUMNS[column], operator, value)
        if column in {"tag", "tags"}:
            return self._tags(name, operator, value)
        if column in _TIMES or column == "stopped":
            return self._time(_TIMES.get(column, _STOPPED), name, operator, value)
        if column == "duration":
            return self._duration(name, operator, value)
        if column == "exit_code":
            return self._exit_code(name, operator, value)
        return self._recorded(name, operator, value)

    # The columns

    def _text(self, column: str, operator: str, value: Any) -> str:
        if column == "reason":
            column = "NULLIF(reason, '')"
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        if operator == "=~":
            self.values.append(_pattern(self.text, value))
            return f"COALESCE(regexp(?, {column}), 0)"
        if operator == "contains":
            self.values.append(written(value))
            return f"COALESCE(instr({column}, ?) > 0, 0)"
        if column == "status" and operator == "=" and written(value) not in STATUSES:
            position = _position(self.text, value)
            raise FilterError(self.text, position, _unknown_status(written(value)))
        self.values.append(written(value))
        return f"COALESCE({column} {operator} ?, 0)"

    def _tags(self, name: Name, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"(tags {'=' if operator == 'missing' else '!='} '[]')"
        if operator in {"<", "<=", ">", ">="}:
            message = "tags have no order: compare them by =, !=, in, contains or =~"
            raise FilterError(self.text, name.position, message)
        each = "EXISTS (SELECT 1 FROM json_each(tags) WHERE {})"
        if operator == "=~":
            self.values.append(_pattern(self.text, value))
            return each.format("regexp(?, value)")
        self.values.append(written(value))
        found = each.format("value = ?")
        return f"(NOT {found})" if operator == "!=" else found

    def _time(self, column: str, name: Name, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        begin_us, end_us = moment_us(self.text, self.vocabulary.now, name, operator, value)
        if operator == "=":
            self.values += [begin_us, end_us]
            return f"COALESCE({column} >= ? AND {column} < ?, 0)"
        if operator == "!=":
            self.values += [begin_us, end_us]
            return f"COALESCE({column} < ? OR {column} >= ?, 0)"
        # "After a day" means after its end, and "up to a day" means up to its end.
        is_day = end_us > begin_us + 1
        self.values.append(end_us if operator in {">", "<="} and is_day else begin_us)
        sign = {">": ">=", "<=": "<"}.get(operator, operator) if is_day else operator
        return f"COALESCE({column} {sign} ?, 0)"

    def _duration(self, name: Name, operator: str, value: Any) -> str:
        now_us = round(self.vocabulary.now.timestamp() * 1e6)
        column = (
            f"(CASE WHEN duration_us IS NULL AND status = 'running' THEN {now_us} - started_us "
            "ELSE duration_us END)"
        )
        if operator in {"missing", "present"}:
            return f"({column} IS {'' if operator == 'missing' else 'NOT '}NULL)"
        if isinstance(value, Quantity) and value.unit in SECONDS:
            seconds = value.number * SECONDS[value.unit]
        elif isinstance(value, Number):
            seconds = float(value.number)
        else:
            position = getattr(value, "position", name.position)
            message = (
                f"expected a duration (30s, 5min, 2h) for {name.text}, found {written(value)!r}"
            )
            raise FilterError(self.text, position, message)
        if operator not in SIGNS:
            raise FilterError(self.text, name.position, f"{name.text} is compared by <, > or =")
        self.values.append(round(seconds * 1e6))
        return f"COALESCE({column} {operator} ?, 0)"

    def _exit_code(self, name: Name, operator: str, value: Any) -> str:
        if operator in {"missing", "present"}:
            return f"(exit_code IS {'' if operator == 'missing' else 'NOT '}NULL)"
        if operator not in SIGNS:
            raise FilterError(self.text, name.position, "exit_code is compared by <, > or =")
        self.values.append(_number_of(value))
        return f"COALESCE(exit_code {operator} ?, 0)"

    # What the runs recorded

    def _recorded(self, name: Name, operator: str, value: Any) -> str:
        places = self._places(name)
        if operator in {"missing", "present"}:
            there = " OR ".join(
                f"COALESCE(json_type({self._at(place)}), 'null') != 'null'" for place in places
            )
            return f"({there})" if operator == "present" else f"(NOT ({there}))"
        cases = []
        for place in places:
            # JSON's null counts as missing: the next place has the value.
            when = f"COALESCE(json_type({self._at(place)}), 'null') != 'null'"
            cases.append(f"WHEN {when} THEN {self._value(place, operator, value)}")
        return f"COALESCE(CASE {' '.join(cases)} ELSE 0 END, 0)"

    def _at(self, place: _Place) -> str:
        """Return the arguments of a JSON function for a place."""
        if not place.key:
            return f"{place.column}, {self._mark(place.path)}"
        query = _DOCUMENT.format(place.column, self._mark(place.parent), self._mark(place.key))
        return f"{query}, {self._mark(place.path)}"

    def _value(self, place: _Place, operator: str, value: Any) -> str:
        """Return the comparison of a value in JSON with one of the same kind."""

        def extracted() -> str:
            return f"json_extract({self._at(place)})"

        def kind() -> str:
            return f"json_type({self._at(place)})"

        if operator == "contains":
            in_list = (
                f"({kind()} = 'array' AND EXISTS (SELECT 1 FROM json_each("  # noqa: S608
                f"{self._at(place)}) AS item WHERE {self._item(value)}))"
            )
            in_text = (
                f"({kind()} = 'text' AND instr({extracted()}, {self._mark(written(value))}) > 0)"
            )
            return f"({in_list} OR {in_text})"
        if operator == "=~":
            is_text = f"{kind()} = 'text'"
            pattern = self._mark(_pattern(self.text, value))
            return f"({is_text} AND regexp({pattern}, {extracted()}))"
        if isinstance(value, bool):
            if operator not in {"=", "!="}:
                return "0"
            wanted = value if operator == "=" else not value
            return f"({kind()} = '{written(wanted)}')"
        number = _number_of(value)
        if number is not None:
            same_kind = f"{kind()} IN ('integer', 'real')"
            return f"({same_kind} AND {extracted()} {operator} {self._mark(number)})"
        same_kind = f"{kind()} = 'text'"
        return f"({same_kind} AND {extracted()} {operator} {self._mark(written(value))})"

    def _item(self, value: Any) -> str:
        """Return whether an item of a list is a value of the same kind."""
        number = _number_of(value)
        if isinstance(value, bool):
            return f"item.type = '{written(value)}'"
        if number is not None:
            return f"item.type IN ('integer', 'real') AND item.value = {self._mark(number)}"
        return f"item.type = 'text' AND item.value = {self._mark(written(value))}"

    def _mark(self, value: Any) -> str:
        self.values.append(value)
        return "?"

    def _places(self, name: Name) -> list[_Place]:
        """Return the places that may have a name."""
        prefix, dot, rest = name.text.partition(".")
        names = self.vocabulary.names
        if dot and prefix in KINDS and not name.is_quoted:
            kinds = [prefix]
            bare = rest
        else:
            kinds = list(KINDS)
            bare = name.text
        if name.of:
            kinds = [kind for kind in kinds if kind == "metric"]
        found = [kind for kind in kinds if bare in names[kind]]
        if not found:
            raise FilterError(self.text, name.position, _unknown(name, kinds, names))
        return [_place(kind, bare, name.of) for kind in found]


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


def _unknown_status(status: str) -> str:
    near = did_you_mean(status, STATUSES)
    return f"there is no status {status!r}. {near or 'There are: ' + ', '.join(STATUSES)}"


def _position(text: str, value: Any) -> int:
    return int(getattr(value, "position", max(text.find(written(value)), 0)))


def _place(kind: str, name: str, of: str) -> _Place:
    column, parent = KINDS[kind]
    item = f"[{MEASURES.index(of or 'last')}]" if kind == "metric" else ""
    if set(name) & set('"\\'):  # which no path can have
        return _Place(column, f"$.value{item}", parent, name)
    return _Place(column, f'{parent}."{name}"{item}')


def _unknown(name: Name, kinds: list[str], names: Mapping[str, Collection[str]]) -> str:
    choices = [*COLUMNS] if len(kinds) > 1 else []
    choices += [known for kind in kinds for known in names[kind]]
    bare = name.text.partition(".")[2] if len(kinds) == 1 and "." in name.text else name.text
    near = did_you_mean(bare, choices)
    what = "no run has a metric" if kinds == ["metric"] else "no run has a value"
    listed = f"Columns: {', '.join(COLUMNS)}" if len(kinds) > 1 and not near else ""
    return " ".join(filter(None, [f"{what} {name.text!r}.", near, listed]))


def _number_of(value: Any) -> float | None:
    if isinstance(value, Quantity):
        return value.number * (SECONDS.get(value.unit) or _BYTES[value.unit])
    return value.number if isinstance(value, Number) else None


def _pattern(text: str, value: Any) -> str:
    import re

    pattern = written(value)
    try:
        re.compile(pattern)
    except re.error as error:
        raise FilterError(
            text, _position(text, value), f"not a regular expression: {error}"
        ) from None
    return pattern
