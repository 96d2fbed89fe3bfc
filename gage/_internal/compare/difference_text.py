"""The differences of two runs as lines of text: what differs at a glance, then the details.

a: kafom-fikud
b: gafib-nusat
differs: configuration (lr), source code (train.py), output (2 lines)
same: command, environment, files, metrics, system

Configuration
  lr: 0.1 → 0.2

Source code
  train.py: changed
    @@ -1,3 +1,3 @@
    -lr = 0.1
    +lr = 0.2
"""

from __future__ import annotations

from gage._internal.named import NamedTuple
from gage._internal.people import format_count, format_value
from gage._internal.text import listed, on_a_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    Row: TypeAlias = dict[str, Any]

__all__ = ["ADDED", "HEADINGS", "PLAIN", "REMOVED", "TITLE", "TextLine", "difference_lines",
           "first_lines", "summary_of"]  # fmt: skip

HEADINGS = {
    "config": "Configuration",
    "command": "Command",
    "source": "Source code",
    "environment": "Environment",
    "files": "Files",
    "metrics": "Metrics",
    "output": "Output",
    "system": "System",
    "damaged": "Damaged",
}

PLAIN, TITLE, REMOVED, ADDED = "plain", "title", "removed", "added"

_MOST_ROWS = 30
_MOST_CHARS = 60
_MOST_DIFF_CHARS = 200
_MOST_NAMES = 4
_DIGEST_CHARS = 8


class TextLine(NamedTuple):
    """A line, and its style: `plain`, `title`, `removed` (of a) or `added` (of b)."""

    text: str
    style: str


def difference_lines(
    a: str, b: str, found: Mapping[str, Sequence[Row]], more: str = "gage diff --json"
) -> Iterator[TextLine]:
    """Yield the lines for the differences of two runs, given by their names.

    `more` says how to get the lines that are left out of long sections.
    """
    if not any(found.values()):
        yield TextLine(f"{a} and {b} do not differ", PLAIN)
        return
    yield TextLine(f"a: {a}", PLAIN)
    yield TextLine(f"b: {b}", PLAIN)
    yield from (TextLine(line, PLAIN) for line in summary_of(found))
    for name, rows in found.items():
        if rows:
            yield TextLine("", PLAIN)
            yield TextLine(HEADINGS[name], TITLE)
            lines, left = first_lines(name, rows, _MOST_ROWS)
            yield from (TextLine(f"  {text}", style) for text, style in lines)
            if left:
                yield TextLine(f"  … {left:,} more lines: {more}", PLAIN)


def summary_of(found: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return two lines: what differs, with names, and what is the same."""
    parts = []
    for name, rows in found.items():
        if name == "output" and rows:
            parts.append(f"output ({format_count(len(rows), 'line')})")
        elif rows:
            names = list(dict.fromkeys(on_a_line(str(next(iter(row.values())))) for row in rows))
            parts.append(f"{HEADINGS[name].lower()} ({listed(names, most=_MOST_NAMES)})")
    same = [
        HEADINGS[name].lower() for name, rows in found.items() if not rows and name != "damaged"
    ]
    lines = [f"differs: {', '.join(parts)}" if parts else ""]
    return [*filter(None, lines), *([f"same: {', '.join(same)}"] if same else [])]


def first_lines(name: str, rows: Sequence[Row], most: int) -> tuple[list[TextLine], int]:
    """Return the first lines of a section, and how many more there are."""
    from itertools import islice

    if name != "output":
        lines = list(_section_lines(name, rows))
        return lines[:most], max(0, len(lines) - most)
    count = sum((row["a"] is not None) + (row["b"] is not None) for row in rows)
    lines = list(islice(_output_lines(rows, most), most))
    return lines, count - len(lines)


def _section_lines(name: str, rows: Sequence[Row]) -> Iterator[TextLine]:
    """Yield the lines of a section other than the output."""
    if name == "source":
        yield from _source_lines(rows)
    elif name == "damaged":
        yield from (TextLine(f"{row['run']}: {on_a_line(row['what'])}", PLAIN) for row in rows)
    else:
        for row in rows:
            key = on_a_line(str(next(iter(row.values()))))
            delta = "" if row.get("delta") is None else f"  ({row['delta']:+.4g})"
            values = [_value(row[side], is_digest=name == "files") for side in ("a", "b")]
            yield TextLine(f"{key}: {' → '.join(values)}{delta}", PLAIN)


def _source_lines(rows: Sequence[Row]) -> Iterator[TextLine]:
    for row in rows:
        yield TextLine(f"{on_a_line(row['path'])}: {row['difference']}", PLAIN)
        for line in (row["diff"] or "").splitlines()[2:]:
            style = {"-": REMOVED, "+": ADDED}.get(line[:1], PLAIN)
            text = on_a_line(line[:_MOST_DIFF_CHARS]) + "…" * (len(line) > _MOST_DIFF_CHARS)
            yield TextLine(f"  {text}", style)


def _output_lines(rows: Sequence[Row], most: int) -> Iterator[TextLine]:
    """Yield the lines of each change, of a long one in parts: those of a, then those of b."""
    change: list[Row] = []
    half = most // 2
    for row in (*rows, None):
        if change and (row is None or len(change) >= half or not _follows(row, change[-1])):
            for side, sign, style in (("a", "-", REMOVED), ("b", "+", ADDED)):
                for each in change:
                    if each[side] is not None:
                        number = each[f"line_{side}"]
                        text = on_a_line(each[side][:_MOST_DIFF_CHARS])
                        yield TextLine(f"{sign}{number}: {text}", style)
            change = []
        if row is not None:
            change.append(row)


def _follows(row: Row, before: Row) -> bool:
    """Return whether a line belongs to the same change as the one before it."""
    return any(
        row[side] is not None and before[side] is not None and row[side] == before[side] + 1
        for side in ("line_a", "line_b")
    )


def _value(value: Any, *, is_digest: bool) -> str:
    if is_digest:
        return "none" if value is None else f"{value[:_DIGEST_CHARS]}…"
    return format_value(value, _MOST_CHARS)
