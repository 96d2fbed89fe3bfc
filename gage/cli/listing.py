"""The listing of runs for people: values that differ in columns, shared ones on a line above."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from gage._internal.index.listing import differing
from gage._internal.people import format_value, short_time, zone_of
from gage._internal.text import on_a_line, printable, shortened
from gage.cli.tables import STATUS_STYLES, duration_text, print_table, status_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FIRST_PAGE", "print_listing"]

FIRST_PAGE = 50
_MOST_CHARS = 24
_FIRST = 2
_ROOM_FOR_VALUES = 24
_STATUS = 3
_GAP = 2
_NARROW = 76  # below, a status is its first word
_NAMES = 16  # of an operation and a label, if there are values beside them


def print_listing(rows: Sequence[dict[str, Any]], *, is_page: bool = False) -> None:
    """Print a listing of runs; with `is_page`, these are the newest of more."""
    if not rows:
        print("No runs yet. Start one with: gage run SCRIPT.py")
        return
    zone = zone_of(row["started_us"] for row in rows)
    columns = ["#", "run", "operation", "status", f"started ({zone})" if zone else "started"]
    is_narrow = sys.stdout.isatty() and shutil.get_terminal_size().columns < _NARROW
    columns += ["duration", *(["label"] if any(row["label"] for row in rows) else [])]
    cells = [
        [
            str(row["position"]),
            row["run"],
            on_a_line(row["operation"]),
            row["status"] if is_narrow else status_text(row),
            short_time(row["started_us"]),
            duration_text(row["duration_us"]),
            on_a_line(row["label"] or ""),
        ][: len(columns)]
        for row in rows
    ]
    keys, shared = differing(rows, "config")
    names, _ = differing(rows, "metrics")
    if len(rows) == 1:
        names = list(rows[0]["metrics"])
    candidates = _most_telling(rows[0], keys, names)
    if candidates and _room(columns, cells) < _ROOM_FOR_VALUES:
        for row, shown in zip(rows, cells, strict=True):
            shown[_STATUS] = row["status"]  # `gage show` says the rest
    _add_columns(columns, cells, rows, candidates)
    shared = {key: value for key, value in shared.items() if value is not None}
    if shared and len(rows) > 1:
        texts = (f"{on_a_line(key)}={_value(value)}" for key, value in shared.items())
        print(f"all: {shortened(', '.join(texts), shutil.get_terminal_size().columns - 5)}")
    styles = {_STATUS: [STATUS_STYLES[row["status"]] for row in rows]}
    print_table(columns, cells, styles=styles, whole=(0, 1, 3, 4, 5))
    if is_page:
        print(f"The newest {len(rows)} runs; all of them: gage runs --all")
    for row in rows:
        if row["status"] == "damaged":
            print(f"{row['run']} is damaged: {printable(row['reason'])}")


def _most_telling(
    newest: dict[str, Any], keys: list[str], names: list[str]
) -> list[tuple[str, str]]:
    """Return parts and names of the columns, those that should find room first.

    What the newest run has comes first: some of its configuration, some of its metrics, the rest.
    """
    of_newest = [("config", key) for key in keys if key in newest["config"]]
    metrics = [("metrics", name) for name in names if name in newest["metrics"]]
    first = [*of_newest[:_FIRST], *metrics[:_FIRST], *of_newest[_FIRST:], *metrics[_FIRST:]]
    every = [*(("config", key) for key in keys), *(("metrics", name) for name in names)]
    return list(dict.fromkeys([*first, *every]))


def _add_columns(
    columns: list[str],
    cells: list[list[str]],
    rows: Sequence[dict[str, Any]],
    candidates: Sequence[tuple[str, str]],
) -> None:
    """Add the values that differ, as many columns as the terminal has room for."""
    room = _room(columns, cells)
    added: dict[tuple[str, str], list[str]] = {}
    for part, key in candidates:
        texts = [_value(row[part].get(key)) for row in rows]
        heading = shortened(on_a_line(key), _MOST_CHARS)
        room -= max(map(len, (heading, *texts))) + _GAP
        if room < 0:
            break
        added[part, key] = [heading, *texts]
    # The configuration comes before the metrics, whatever found room first.
    for heading, *texts in (added[chosen] for chosen in sorted(added, key=lambda one: one[0])):
        columns.append(heading)
        for row, text in zip(cells, texts, strict=True):
            row.append(text)


def _room(columns: list[str], cells: list[list[str]]) -> int:
    """Return how many characters of the terminal's width the columns leave."""
    longest = [max(map(len, texts)) for texts in zip(columns, *cells, strict=True)]
    width = sum(
        (min(size, _NAMES) if name in {"operation", "label"} else size) + _GAP
        for name, size in zip(columns, longest, strict=True)
    )
    return shutil.get_terminal_size().columns - width


def _value(value: Any) -> str:
    return format_value(value, _MOST_CHARS)
