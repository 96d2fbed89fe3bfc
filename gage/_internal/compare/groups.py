"""Runs in groups: by named keys, or by all keys but some.

A key is one of the configuration (`lr`, `config.lr`), an attribute (`attr.data`), or one of
`operation`, `status`, `label` and `tags`. The keys of `all but seed` are those of the configuration
whose values differ, without `seed`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gage._internal.errors import OptionError
from gage._internal.index.listing import differing
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    Row = dict[str, Any]

__all__ = [
    "COLUMNS",
    "Group",
    "Grouping",
    "group_rows",
    "grouping_of",
    "mark_of",
    "value_of",
    "varying_keys",
]

COLUMNS = ("operation", "status", "label", "tags")
_ALL_BUT = "all but"


@dataclass(frozen=True)
class Grouping:
    """By which keys runs are grouped, and which other keys differ between them."""

    keys: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Runs with the same values of the keys, which are in `key_values`."""

    key_values: dict[str, Any]
    rows: list[Row]


def grouping_of(by: str | Iterable[str], rows: Sequence[Row]) -> Grouping:
    """Return the keys that a request means: `all but seed`, `lr, model`, or a list of names.

    Raises
    ------
    OptionError
        If no run has a key of that name.
    """
    if isinstance(by, str):
        text = " ".join(by.split())
        is_all_but = text.startswith(f"{_ALL_BUT} ")
        names = text.removeprefix(_ALL_BUT).replace(",", " ").split()
    else:
        names, is_all_but = list(by), False
    if not names:
        raise OptionError("expected keys to group by, such as 'lr' or 'all but seed'")
    named = [_known(name, rows) for name in names]
    varying = varying_keys(rows)
    keys = [key for key in varying if key not in named] if is_all_but else named
    others = (key for key in varying if key not in keys and key != "operation")
    return Grouping(tuple(keys), tuple(others))


def varying_keys(rows: Sequence[Row]) -> list[str]:
    """Return the keys of the configuration that differ, after `operation` if that does."""
    keys = [f"config.{key}" for key in differing(rows, "config")[0]]
    return ["operation", *keys] if len({row["operation"] for row in rows}) > 1 else keys


def group_rows(rows: Iterable[Row], keys: Sequence[str]) -> list[Group]:
    """Return the groups, sorted by their values; every row is in one of them."""
    groups: dict[Hashable, Group] = {}
    for row in rows:
        values = {key: value_of(row, key) for key in keys}
        mark = tuple(mark_of(value) for value in values.values())
        if mark not in groups:
            groups[mark] = Group(values, [])
        groups[mark].rows.append(row)
    return sorted(groups.values(), key=lambda group: [_order(v) for v in group.key_values.values()])


def value_of(row: Row, key: str) -> Any:
    """Return the value that a run has of a key; None if it has none."""
    if key in COLUMNS:
        return row[key]
    kind, _, name = key.partition(".")
    return row["attributes" if kind == "attr" else "config"].get(name)


def mark_of(value: Any) -> Hashable:
    """Return what is equal for equal values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | None):
        return (type(value).__name__, json.dumps(value, sort_keys=True, default=str))
    return value


def _order(value: Any) -> tuple[int, float, str]:
    """Return a value's place: nothing, then numbers, then the rest by its text."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, value, "")
    return (2, 0.0, value if isinstance(value, str) else json.dumps(value, default=str))


def _known(name: str, rows: Sequence[Row]) -> str:
    """Return the full name of a key."""
    kind, dot, rest = name.partition(".")
    config = dict.fromkeys(key for row in rows for key in row["config"])
    attributes = dict.fromkeys(key for row in rows for key in row["attributes"])
    if name in config:
        return f"config.{name}"
    if dot and (rest in config if kind == "config" else kind == "attr" and rest in attributes):
        return name
    if name in COLUMNS:
        return name
    if name in attributes:
        return f"attr.{name}"
    choices = [*config, *attributes, *COLUMNS]
    near = did_you_mean(name, choices) or f"Keys: {', '.join(choices)}"
    raise OptionError(f"no run has a key {name!r} to group by. {near}")
