"""A comparison as people read it: one column a metric, and one for its difference.

    run           lr    loss     Δ loss
    kafom-fikud   0.1   0.5000   baseline
    gafib-nusat   0.2   0.4500   -0.05 (-10.0 %) better

Of groups, `0.5 ± 0.02` is the mean with its 95 % interval, and `(n 3)` says how many runs have a
value, if that is not all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.compare.comparison import UNCLEAR
from gage._internal.people import format_count, format_number, format_numbers, format_value
from gage._internal.text import on_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.compare.comparison import Comparison

    Row = dict[str, Any]

__all__ = ["ComparisonTable", "comparison_table", "shared_text"]

_MOST_CHARS = 40


class ComparisonTable(NamedTuple):
    """The texts of a comparison: headings, a row of cells for each of its rows.

    `numbers` are the positions of columns that are aligned to the right, `changes` the position of
    each column of differences with the `change` of each row.
    """

    headings: list[str]
    cells: list[list[str]]
    numbers: set[int]
    changes: dict[int, list[str | None]]


def comparison_table(comparison: Comparison) -> ComparisonTable:
    """Return a comparison as texts."""
    rows = comparison.rows
    table = ComparisonTable([], [[] for _ in rows], set(), {})
    names = _short_names([*comparison.keys, *(f"metric.{name}" for name in comparison.metrics)])
    for key in comparison.keys:
        values = [row[key] for row in rows]
        if _are_numbers(values):
            table.numbers.add(len(table.headings))
            _add(table, names[key], ["–" if v is None else format_number(v) for v in values])
        else:
            _add(table, names[key], [_words(value) for value in values])
    for name in comparison.metrics:
        table.numbers.add(len(table.headings))
        is_group = bool(rows) and f"mean.{name}" in rows[0]
        texts = _means(rows, name) if is_group else _numbers(rows, f"metric.{name}")
        heading = names[f"metric.{name}"]
        _add(table, heading, texts)
        if rows and f"delta.{name}" in rows[0]:
            table.changes[len(table.headings)] = [row.get(f"change.{name}") for row in rows]
            at = comparison.baseline
            texts = [_difference(row, name) for row in rows]
            if at is not None:
                texts[at] = "baseline"
            _add(table, f"Δ {heading}", texts)
    return table


def shared_text(comparison: Comparison) -> str:
    """Return the values that all runs have: `epochs=5, optimizer=adam`."""
    names = _short_names(comparison.shared)
    return ", ".join(
        f"{names[key]}={_words(value)}"
        for key, value in comparison.shared.items()
        if value not in (None, []) and (key, value) != ("status", "completed")
    )


def _add(table: ComparisonTable, heading: str, texts: Sequence[str]) -> None:
    heading = on_a_line(heading)
    while heading in table.headings:
        heading += "'"
    table.headings.append(heading)
    for cells, text in zip(table.cells, texts, strict=True):
        cells.append(text)


def _short_names(columns: Iterable[str]) -> dict[str, str]:
    """Return the columns' names without `config.` and the like, if they stay different."""
    bare = {name: name.partition(".")[2] if "." in name else name for name in columns}
    seen = list(bare.values())
    return {name: short if seen.count(short) == 1 else name for name, short in bare.items()}


def _are_numbers(values: Sequence[Any]) -> bool:
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float}


def _words(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    return format_value(value, _MOST_CHARS)


def _numbers(rows: Sequence[Row], column: str) -> list[str]:
    return [text or "–" for text in format_numbers([row[column] for row in rows])]


def _means(rows: Sequence[Row], name: str) -> list[str]:
    texts = []
    for row in rows:
        mean, low, high = (row[f"{part}.{name}"] for part in ("mean", "low", "high"))
        if mean is None:
            texts.append("–")
            continue
        text = format_number(mean)
        if low is not None and abs((high - mean) - (mean - low)) <= 1e-9 * max(high - low, 1e-300):
            text += f" ± {format_number(float(f'{(high - low) / 2:.2g}'))}"
        elif low is not None:
            text += f" ({format_number(low)} to {format_number(high)})"
        if row.get(f"n.{name}", row["runs"]) != row["runs"]:
            text += f" (n {row[f'n.{name}']})"
        texts.append(text)
    return texts


def _difference(row: Row, name: str) -> str:
    delta, percent = row[f"delta.{name}"], row[f"percent.{name}"]
    if delta is None:
        return "best" if row.get(f"mean.{name}") is not None and f"p.{name}" in row else "–"
    change, needed = row.get(f"change.{name}"), row.get(f"needed.{name}")
    text = f"{delta:+.3g}" + ("" if percent is None else f" ({percent:+.1f} %)")
    if change == UNCLEAR:
        runs = f": {format_count(needed, 'run')} each would tell" if needed else ""
        return f"{text} {change}{runs}"
    return f"{text} {change}" if change else text
