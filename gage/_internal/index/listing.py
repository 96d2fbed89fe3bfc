"""The listing of runs: one row per run, the newest first, with configuration and metrics."""

from __future__ import annotations

import re

from gage._internal.index.language import FilterError
from gage._internal.index.runs import IndexedRun, run_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias, TypeVar

    Answer = TypeVar("Answer")

    Row: TypeAlias = dict[str, Any]

__all__ = ["asked", "differing", "filter_of", "listing"]

# `label=first try`, one word of a shell line, whose value is a string with spaces.
_WORD_WITH_BLANKS = re.compile(r"([\w./:-]+)(==?)([^'\"=<>~()]*\s[^'\"=<>~()]*)")


def listing(home: str, where: Sequence[str] = (), limit: int | None = None) -> list[Row]:
    """Return a row for each run that matches a filter, the newest first.

    A row has `position` (1 is the newest of all runs), `run`, `operation`, `status`, `started_us`,
    `duration_us` (until now of a running one), `exit_code`, `label`, `tags`, `reason`, `id`; and
    as dicts `config`, `metrics` (the last values) and `attributes`.

    Parameters
    ----------
    where
        The words of a filter (`language`) on a line.

    Raises
    ------
    FilterError
        If the words are not a valid filter, or name something that no run has.
    StoreError
        If the directory of runs cannot be read.
    """
    index = run_index(home)
    runs = asked(where, lambda text: index.select(text, limit))
    positions = index.positions() if where else {}
    return [_row(run, positions.get(run.id, number)) for number, run in enumerate(runs, 1)]


def asked(where: Sequence[str], ask: Callable[[str], Answer]) -> Answer:
    """Ask with the filter that the words of a line are, as they are or with quotes (`filter_of`).

    Raises
    ------
    FilterError
        If neither is a valid filter.
    """
    try:
        return ask(" ".join(where))
    except FilterError:
        quoted = filter_of(where)
        if quoted == " ".join(where):
            raise
        return ask(quoted)


def filter_of(where: Iterable[str]) -> str:
    """Return the words of a line as a filter, with values that have spaces in quotes."""
    words = []
    for word in where:
        found = _WORD_WITH_BLANKS.fullmatch(word)
        words.append(word if found is None else f'{found[1]}{found[2]}"{found[3]}"')
    return " ".join(words)


def differing(rows: Sequence[Row], part: str) -> tuple[list[str], dict[str, Any]]:
    """Return the keys of `config` or `metrics` whose values differ, and the values of all others.

    A key that is missing in some rows differs. Keys have the order of the oldest row.
    """
    keys = dict.fromkeys(key for row in reversed(rows) for key in row[part])
    varying, constant = [], {}
    for key in keys:
        values = [row[part].get(key) for row in rows]
        if len(rows) > 1 and any(value != values[0] for value in values[1:]):
            varying.append(key)
        else:
            constant[key] = values[0]
    return varying, constant


def _row(run: IndexedRun, position: int) -> Row:
    return {
        "position": position,
        "run": run.name,
        "operation": run.op_name,
        "status": run.status,
        "started_us": run.started_us,
        "duration_us": run.duration_us,
        "exit_code": run.exit_code,
        "label": run.label,
        "tags": run.tags,
        "reason": run.reason,
        "id": run.id,
        "config": run.config,
        "metrics": {name: values[0] for name, values in run.metrics.items()},
        "attributes": run.attributes,
    }
