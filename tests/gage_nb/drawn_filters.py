"""Filters that Hypothesis draws from the whole language, each with what it means for a row."""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

Row: TypeAlias = dict[str, Any]
# A filter and what it means: whether a row satisfies it at a time.
Filter: TypeAlias = tuple[str, Callable[[Row, dt.datetime], bool]]

HOUR_US = 3_600_000_000
STRINGS = ["", "small", "big", "1", "1.0", "1e3", "2h", "007", "true", "it's", 'a "b"', "ü", "a\\d"]
NUMBERS = [0, 1, -3, 1000, 7200, 2**53 + 1, 2**62 + 1, 0.1, -1.5, 1e300, 10.0, math.inf]
LISTS = [[], [1, 2.5], ["1", "small"], [True, None], [[1]]]
ANYTHING = [None, True, False, math.nan, {"a": 1}, *STRINGS, *NUMBERS, *LISTS]
CONFIG: dict[str, list[Any]] = {
    "lr": [*NUMBERS, math.nan, None],
    "seed": [2**53 + 1, 2**53, 2**62 + 1, 3],
    "model": STRINGS,
    "flag": [True, False],
    "layers": LISTS,
    "net.depth": [1, 2, 3],
    "loss": [None, 0.1, "small"],  # a metric too
    "any": ANYTHING,
    "odd key": ANYTHING,
    'say "x"': ANYTHING,
    "grün\\": ANYTHING,
}
METRICS: dict[str, list[Any]] = {
    "loss": [0.1, 1.0, -1.5, math.nan, math.inf],
    "val/loss": [0.1, 7200.0],
}
ATTRIBUTES: dict[str, list[Any]] = {"data": STRINGS, "size": [1_000, 10**7, 2**20]}
ONE_OF = {
    "config": CONFIG,
    "metric": METRICS,
    "attr": ATTRIBUTES,
}
LABELS = [None, "small", "1.0", "2h", "a b", "007"]
TAGS = [[], ["small"], ["1.0", "x"], ["x"]]
# The hours and the half, so that no age is passed while a test is running.
AGES_US = [HOUR_US * (2 * hours + 1) // 2 for hours in (0, 1, 5, 30, 50, 24 * 40)]
DURATIONS_US = [0, 500_000, 1_000_000, 300_000_000, 7_200_000_000, 90_061_500_000]

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800, "kB": 1000, "MiB": 2**20}


# The values that are written in filters: their text, and what it is


def _number(value: float) -> tuple[str, float]:
    return repr(value), value


def _string(value: str) -> tuple[str, str]:
    return (f"'{value}'" if '"' in value else f'"{value}"'), value


_BARE = st.sampled_from(["small", "big", "prepare.py", "ü", "1.0x"]).map(lambda text: (text, text))
_STRINGS = st.one_of(_BARE, st.sampled_from([*STRINGS, "a", "x", "a b"]).map(_string))
_NUMBERS = st.one_of(
    st.sampled_from(NUMBERS).map(_number),
    st.sampled_from([("1.0", 1.0), ("1e3", 1e3), ("007", 7), ("+1", 1), (".1", 0.1), ("1.", 1.0)]),
)
_QUANTITIES = st.tuples(st.sampled_from([0, 0.5, 1, 2, 10]), st.sampled_from(list(UNITS))).map(
    lambda found: (f"{found[0]}{found[1]}", found[0] * UNITS[found[1]])
)
_BOOLS = st.sampled_from([("true", True), ("false", False), ("True", True)])
_ANY = st.one_of(_STRINGS, _NUMBERS, _QUANTITIES, _BOOLS)


def _text_of(written: str) -> str:
    """Return a value as written, without its quotes."""
    return written[1:-1] if written[:1] in {"'", '"'} else written


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _compared(found: Any, sign: str, value: Any) -> bool:
    if found is None or _kind(found) != _kind(value):
        return False
    return (_kind(value) != "bool" or sign in {"=", "==", "!="}) and SIGNS[sign](found, value)


# The comparisons


@st.composite
def _recorded(draw: st.DrawFn) -> Filter:
    """Draw a comparison of something of the configuration, a metric or an attribute."""
    part, key = draw(st.sampled_from([(part, key) for part in ONE_OF for key in ONE_OF[part]]))
    measure = draw(st.sampled_from(["", "", "last", "min", "max", "count"]))
    name, columns = key, [f"{part}.{key}" for part in ONE_OF]
    if part == "metric" and measure:
        columns = [f"metric.{key}" + (f".{measure}" if measure != "last" else "")]
    elif draw(st.booleans()) and key.replace(".", "").isalpha():
        name, columns = f"{part}.{key}", [f"{part}.{key}"]
    quoted = name if re.fullmatch(r"[a-z./]+", name) else f"`{name}`"
    written = f"{measure}({quoted})" if part == "metric" and measure else quoted

    def value_of(row: Row) -> Any:
        return next((row[column] for column in columns if column in row), None)

    return draw(_compared_to(written, value_of))


def _compared_to(name: str, value_of: Callable[[Row], Any]) -> st.SearchStrategy[Filter]:
    def compared(sign: str, value: tuple[str, Any]) -> Filter:
        return f"{name} {sign} {value[0]}", lambda row, _: _compared(value_of(row), sign, value[1])

    def contains(value: tuple[str, Any]) -> Filter:
        def holds(row: Row, _: dt.datetime) -> bool:
            found = value_of(row)
            if isinstance(found, list):
                return any(_compared(item, "=", value[1]) for item in found)
            return isinstance(found, str) and _said(value) in found

        return f"{name} contains {value[0]}", holds

    def matched(pattern: str) -> Filter:
        def holds(row: Row, _: dt.datetime) -> bool:
            found = value_of(row)
            return isinstance(found, str) and re.search(pattern, found) is not None

        return f'{name} =~ "{pattern}"', holds

    def one_of(values: list[tuple[str, Any]], negated: bool) -> Filter:
        def holds(row: Row, _: dt.datetime) -> bool:
            is_one = any(_compared(value_of(row), "=", value) for _, value in values)
            return value_of(row) is not None and is_one != negated

        word = "not in" if negated else "in"
        return f"{name} {word} ({', '.join(text for text, _ in values)})", holds

    return st.one_of(
        st.builds(compared, st.sampled_from(list(SIGNS)), _ANY),
        st.builds(contains, _ANY),
        st.builds(matched, _PATTERNS),
        st.builds(one_of, st.lists(_ANY, min_size=1, max_size=3), st.booleans()),
        st.sampled_from(_presence(name, lambda row: value_of(row) is not None)),
    )


_PATTERNS = st.sampled_from(["^s", "", r"^\d", "a|b$", "[.]0", "^1$"])


def _said(value: tuple[str, Any]) -> str:
    return str(value[1]).lower() if isinstance(value[1], bool) else _text_of(value[0])


def _presence(name: str, is_there: Callable[[Row], bool]) -> list[Filter]:
    return [
        (f"{name} is missing", lambda row, _: not is_there(row)),
        (f"{name} is not missing", lambda row, _: is_there(row)),
    ]


@st.composite
def _of_text(draw: st.DrawFn) -> Filter:
    """Draw a comparison of a column of strings: any value is one, as it is written."""
    name = draw(st.sampled_from(["label", "operation", "op", "reason", "id", "run", "name"]))
    column = {"op": "operation", "name": "run"}.get(name, name)
    text, value_of = draw(_compared_to(name, lambda row: row.get(column))), column
    values = st.one_of(_STRINGS, _NUMBERS, _QUANTITIES, _BOOLS)
    if draw(st.booleans()):
        value = draw(values)
        sign = draw(st.sampled_from(list(SIGNS)))
        said = _said(value)
        return (
            f"{name} {sign} {value[0]}",
            lambda row, _: value_of in row and SIGNS[sign](row[value_of], said),
        )
    is_of_strings = not re.search(
        r"[ (](true|false)|[\d.](\W|$|[a-zA-Z]+\W*$)", text[0], re.IGNORECASE
    )
    return text if is_of_strings else (f"{name} is missing", lambda row, _: value_of not in row)


@st.composite
def _of_tags(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(["tag", "tags"]))
    sign = draw(st.sampled_from(["=", "!=", "contains", "=~", "in", "not in", "missing"]))
    value = draw(_ANY)
    said = _said(value)
    if sign == "missing":
        return draw(st.sampled_from(_presence(name, lambda row: bool(row["tags"]))))
    if sign == "=~":
        pattern = draw(_PATTERNS)
        return (
            f'{name} =~ "{pattern}"',
            lambda row, _: any(re.search(pattern, tag) for tag in row["tags"]),
        )
    if sign == "not in":
        return (
            f"{name} not in ({value[0]})",
            lambda row, _: bool(row["tags"]) and said not in row["tags"],
        )
    text = f"{name} in ({value[0]})" if sign == "in" else f"{name} {sign} {value[0]}"
    return text, lambda row, _: (said in row["tags"]) != (sign == "!=")


@st.composite
def _of_status(draw: st.DrawFn) -> Filter:
    status = draw(st.sampled_from(["completed", "error", "terminated", "running"]))
    sign = draw(st.sampled_from(["=", "!=", "in", "not in", "exit_code"]))
    if sign == "exit_code":
        sign, value = draw(st.sampled_from(list(SIGNS))), draw(st.one_of(_NUMBERS, _BOOLS))
        return (
            f"exit_code {sign} {value[0]}",
            lambda row, _: _compared(row.get("exit_code"), sign, value[1]),
        )
    text = f"status {sign} ({status})" if sign.endswith("in") else f"status {sign} {status}"
    return text, lambda row, _: (row["status"] == status) == (sign in {"=", "in"})


@st.composite
def _of_duration(draw: st.DrawFn) -> Filter:
    sign = draw(st.sampled_from(list(SIGNS)))
    written = draw(
        st.sampled_from(["0", "1", "0.5", "300", "0.5s", "1s", "5min", "2h", "1d", "1.5w"])
    )
    found = re.fullmatch(r"([\d.]+)(\w*)", written)
    assert found
    wanted = dt.timedelta(seconds=float(found[1]) * UNITS[found[2] or "s"])
    return f"duration {sign} {written}", lambda row, _: SIGNS[sign](row["duration"], wanted)


_TIMES = [
    *("today", "yesterday", "now", "2026-10-25", "2026-10-26", "2026-03-29", "2026-10-25T22:45"),
    *("2h", "1d", "3d", "1.5w", "60d", "90min"),
]


@st.composite
def _of_time(draw: st.DrawFn) -> Filter:
    """Draw a comparison with a day, a time or an age; days are those of the calendar."""
    name = draw(st.sampled_from(["started", "stopped"]))
    sign = draw(st.sampled_from(list(SIGNS)))
    written = draw(
        st.sampled_from(
            [
                "today",
                "yesterday",
                "now",
                "2026-10-25",
                "2026-10-26",
                "2026-03-29",
                "2026-10-25T22:45",
                "2h",
                "1d",
                "3d",
                "1.5w",
                "60d",
                "90min",
            ]
        )
    )
    is_since = name == "started" and sign == ">" and draw(st.booleans())

    def holds(row: Row, now: dt.datetime) -> bool:
        begin, end = _moments(written, now)
        is_word = written in {"today", "yesterday"}
        time_of = row[name].to_pydatetime()
        if sign in {"=", "=="}:
            return bool(begin <= time_of < end)
        if sign == "!=":
            return not begin <= time_of < end
        if begin + dt.timedelta(seconds=1) > end or is_word:  # a moment
            return SIGNS[sign](time_of, begin)
        return bool(
            {
                "<": time_of < begin,
                "<=": time_of < end,
                ">": time_of >= end,
                ">=": time_of >= begin,
            }[sign]
        )

    return (f"since {written}" if is_since else f"{name} {sign} {written}"), holds


def _moments(written: str, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the beginning of a time and its end: that of a day is the next day's beginning."""
    moment = dt.timedelta(microseconds=1)
    here = now.astimezone().replace(tzinfo=None)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    day = dt.timedelta(days=1)
    if written in {"today", "yesterday"}:
        begin = midnight - (day if written == "yesterday" else 0 * day)
        return begin.astimezone(), (begin + day).astimezone()
    if written == "now":
        return now, now + moment
    if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        begin = dt.datetime.fromisoformat(written)
        return begin.astimezone(), (begin + day).astimezone()
    if written.startswith("2026"):
        begin = dt.datetime.fromisoformat(written).astimezone()
        return begin, begin + moment
    found = re.fullmatch(r"([\d.]+)(\w+)", written)
    assert found
    begin = now - dt.timedelta(seconds=float(found[1]) * UNITS[found[2]])
    return begin, begin + moment


# The conditions


def _joined(parts: list[Filter], word: str) -> Filter:
    join = any if word == "or" else all
    text = f" {word} ".join(f"({text})" for text, _ in parts)
    return text, lambda row, now: join(holds(row, now) for _, holds in parts)


def _negated(part: Filter) -> Filter:
    return f"not ({part[0]})", lambda row, now: not part[1](row, now)


_WORDS = ["and", "or", "AND", ""]
_ONE = st.one_of(
    *(_recorded(), _recorded(), _recorded()),
    *(_of_text(), _of_tags(), _of_status(), _of_duration(), _of_time()),
)
FILTERS = st.recursive(
    _ONE,
    lambda inner: st.one_of(
        st.builds(_joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(_WORDS)),
        st.builds(_negated, inner),
    ),
    max_leaves=5,
)
