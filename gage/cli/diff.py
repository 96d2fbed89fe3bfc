"""The differences between two runs, printed for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.people import format_value
from gage._internal.text import on_a_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["print_diff"]

_MOST_ROWS = 30
_MOST_CHARS = 60
_RED, _GREEN, _BOLD, _END = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"
_HEADINGS = {
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


def print_diff(
    a: RecordedRun, b: RecordedRun, found: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Print the sections that differ; in colour on a terminal."""
    import sys

    colour = sys.stdout.isatty()
    if not any(found.values()):
        print(f"{a.name} and {b.name} do not differ")
        return
    print(f"a: {a.name}\nb: {b.name}")
    for name, rows in found.items():
        if not rows:
            continue
        print()
        print(_coloured(_HEADINGS[name], _BOLD, colour))
        lines = list(_lines(name, rows, colour))
        for line in lines[:_MOST_ROWS]:
            print(f"  {line}")
        if len(lines) > _MOST_ROWS:
            print(f"  … {len(lines) - _MOST_ROWS} more lines: gage diff --json")


def _lines(name: str, rows: Sequence[dict[str, Any]], colour: bool) -> Iterator[str]:
    for row in rows:
        if name == "source":
            yield f"{on_a_line(row['path'])}: {row['difference']}"
            for line in (row["diff"] or "").splitlines()[2:]:
                yield f"  {_diff_line(line, colour)}"
        elif name == "output":
            if row["a"] is not None:
                yield _coloured(f"-{row['line_a']}: {_value(row['a'])}", _RED, colour)
            if row["b"] is not None:
                yield _coloured(f"+{row['line_b']}: {_value(row['b'])}", _GREEN, colour)
        elif name == "damaged":
            yield f"{row['run']}: {on_a_line(row['what'])}"
        else:
            key = next(iter(row.values()))
            delta = "" if row.get("delta") is None else f"  ({row['delta']:+g})"
            yield f"{on_a_line(str(key))}: {_value(row['a'])} → {_value(row['b'])}{delta}"


def _diff_line(line: str, colour: bool) -> str:
    style = {"-": _RED, "+": _GREEN}.get(line[:1])
    text = on_a_line(line)
    return text if style is None else _coloured(text, style, colour)


def _value(value: Any) -> str:
    return format_value(value, _MOST_CHARS)


def _coloured(text: str, style: str, colour: bool) -> str:
    return f"{style}{text}{_END}" if colour else text
