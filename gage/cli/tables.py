"""Tables for people: by Rich where the extra `cli` is installed, else in plain text."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from gage._internal.errors import MetaError
from gage._internal.metrics.summary_file import fields_text, value_of
from gage._internal.output.own_paths import shorten_paths_in
from gage._internal.output.results import captions
from gage._internal.people import (
    format_duration,
    format_number,
    format_size,
    format_time,
    reason_words,
    status_words,
)
from gage._internal.resources.log import notable_words
from gage._internal.store.made_files import made_files, made_paths
from gage._internal.store.reports import FILE_TYPES, run_row
from gage._internal.text import coloured, on_a_line, plain, printable
from gage._internal.text_table import columns_kept, cut_to_fit, text_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import Console

    from gage._internal.store.recorded_run import RecordedRun

__all__ = [
    "STATUS_STYLES",
    "duration_text",
    "print_rows",
    "print_run",
    "print_table",
    "status_text",
]

STATUS_STYLES = {
    "completed": "green",
    "running": "yellow",
    "error": "red",
    "terminated": "magenta",
    "damaged": "red reverse",
    "staged": "cyan",
    "pending": "dim",
}
_YES_OR_NOTHING = frozenset({"running", "default"})
_DURATIONS = frozenset({"duration_us", "cpu_time_us"})
_LAST_LINES = 10
_FILES_SHOWN = 12
_ROWS_SHOWN = 4  # the names of the columns, and three rows


def print_run(run: RecordedRun) -> None:
    """Print what a run is, what happened to it, its files and its last lines."""
    row = run_row(run)
    facts = [
        ("operation", on_a_line(row["operation"])),
        ("status", status_text(row)),
        ("reason", reason_words(row["status"], row["exit_code"], row["reason"])),
        ("started", format_time(row["started_us"])),
        ("duration", duration_text(row["duration_us"])),
        ("resources", _resources(run)),
        ("label", row["label"] or ""),
        ("tags", ", ".join(row["tags"])),
        ("configuration", _config_text(run)),
        ("directory", run.run_dir),
        ("executed", _executed_notebook(run)),
    ]
    _print_title(f"{run.name}  {run.id[:8]}", STATUS_STYLES[row["status"]])
    for name, value in facts:
        if value:
            print(f"  {name:<14} {printable(value)}")
    try:
        for note in run.notes:
            print(f"  {'note':<14} {printable(note)}")
        _print_metrics(run)
        _print_files(run)
        _print_outside(run)
        _print_results(run)
        tail = run.last_lines(_LAST_LINES)
    except MetaError as error:
        print(f"  {'damaged':<14} {error}")
        return
    if tail:
        print(f"\nlast lines (all: gage output {run.name})")
        _print_output(shorten_paths_in(tail, run.run_dir))


def _resources(run: RecordedRun) -> str:
    try:
        return notable_words(run.resources)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _executed_notebook(run: RecordedRun) -> str:
    """Return where the notebook with its outputs is, "" for a run of something else."""
    names = (path for path in made_paths(run) if path.endswith(".executed.ipynb"))
    return next((os.path.join(run.run_dir, path) for path in names), "")


def _print_metrics(run: RecordedRun) -> None:
    from gage._internal.metrics.series import read_metrics, summarize

    faults: list[str] = []
    series = summarize(read_metrics(run, faults.append))
    for fault in faults:
        print(f"  {'note':<14} {printable(fault)}")
    summary = run.summary
    if series:
        print(f"\nmetrics (all: gage metrics {run.name})")
        width = max(len(on_a_line(name)) for name in series)
    for name, one in series.items():
        more = f"  min {format_number(one.min)}  max {format_number(one.max)}"
        more = more if one.count > 1 else ""
        fields = fields_text(summary["metrics"].get(name))
        more += f"  {on_a_line(fields)}" if fields else ""
        print(f"  {on_a_line(name):<{width}}  {format_number(one.last)}{more}")
    _print_attributes(summary["attributes"])


def _print_attributes(attributes: dict[str, Any]) -> None:
    if attributes:
        print("\nattributes")
        width = max(len(on_a_line(name)) for name in attributes)
    for name, entry in attributes.items():
        text = f"{on_a_line(name):<{width}}  {on_a_line(str(value_of(entry)))}"
        print(f"  {text}  {on_a_line(fields_text(entry))}".rstrip())


def print_rows(rows: Sequence[dict[str, Any]], whole: Collection[int] | None = None) -> None:
    """Print any report as a table; times, durations and sizes as people read them.

    `whole` as in `print_table`.
    """
    if not rows:
        print("Nothing recorded.")
        return
    cells = [tuple(_cell(name, value) for name, value in row.items()) for row in rows]
    print_table([_heading(name) for name in rows[0]], cells, whole=whole)


def _cell(name: str, value: Any) -> str:
    if name in _DURATIONS:
        return duration_text(value)
    if name.endswith("_us"):
        return format_time(value)
    if name.endswith("_bytes"):
        return format_size(value)
    if isinstance(value, float):
        return format_number(value)
    if name in _YES_OR_NOTHING:
        return "yes" if value else ""
    if name == "id":
        return printable(str(value))[:8]
    if name == "path":
        return on_a_line(value)
    return "" if value is None else printable(str(value))


def _heading(name: str) -> str:
    return name.removesuffix("_us").removesuffix("_bytes").removesuffix("_ms")


def _config_text(run: RecordedRun) -> str:
    try:
        return " ".join(f"{key}={value}" for key, value in run.config.items())
    except MetaError:
        return ""


def status_text(row: dict[str, Any]) -> str:
    """Return the status of a row of a listing, in words."""
    return status_words(row["status"], row["exit_code"], row["reason"])


def duration_text(duration_us: int | None) -> str:
    """Return a duration in µs for people."""
    return format_duration(None if duration_us is None else duration_us / 1e6)


def _print_results(run: RecordedRun) -> None:
    shown = captions(run.meta_dir)
    if shown:
        print(f"\nshown ({len(shown)})")
        for _, text in shown[:_FILES_SHOWN]:
            print(f"  {printable(text)}")
        if len(shown) > _FILES_SHOWN:
            print(f"  … {len(shown) - _FILES_SHOWN} more: gage output {run.name}")


def _print_files(run: RecordedRun) -> None:
    files = run.manifest
    if not files:
        return
    print(f"\nfiles ({len(files)})")
    # Generated files come first: they are what a user looks for.
    made = set(made_paths(run))
    shown = (entry for entry in files if entry.type != "g" or entry.path in made)  # no caches
    in_order = sorted(shown, key=lambda entry: entry.type != "g")
    looked_at = {file.path: file for file in made_files(run)}
    for entry in in_order[:_FILES_SHOWN]:
        file = looked_at.get(entry.path)
        about = f"  {printable(file.about)}" if file and file.about else ""
        print(f"  {FILE_TYPES.get(entry.type, entry.type):<12} {on_a_line(entry.path)}{about}")
        if file and entry.type == "g":
            _print_first_rows(file.rows)
    more = len(files) - len(in_order[:_FILES_SHOWN])
    if more > 0:
        print(f"  and {more} more: gage manifest {run.name}")


def _print_first_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print the beginning of a table that a run made, below its name."""
    shown = rows[:_ROWS_SHOWN]
    widths = [max(map(len, column)) for column in zip_longest(*shown, fillvalue="")]
    for row in shown:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        print(f"  {'':<14} {'  '.join(cells)}".rstrip())


def _print_outside(run: RecordedRun) -> None:
    files = run.outside_files
    if files:
        print(f"\nread outside of the run ({len(files)})")
        for file in files[:_FILES_SHOWN]:
            print(f"  {format_size(file.size_bytes):<12} {on_a_line(file.path)}")
        if len(files) > _FILES_SHOWN:
            print(f"  and {len(files) - _FILES_SHOWN} more: gage meta {run.name}")


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: dict[int, list[str]] | None = None,
    numbers: Collection[int] = (),
    whole: Collection[int] | None = None,
    first_out: Sequence[int] = (),
) -> None:
    """Print a table.

    `styles` has the Rich styles of a column's cells, by the column's position; `numbers` are the
    positions of columns that are aligned to the right. With `whole`, each row is one line on a
    terminal: columns other than those of `whole` are cut, then those of `first_out` are left out,
    then the last ones.
    """
    console = _console()
    kept = list(range(len(headings)))
    columns = list(headings)
    texts = [[printable(cell) for cell in row] for row in rows]
    if whole is not None and sys.stdout.isatty():
        room = shutil.get_terminal_size().columns
        kept = columns_kept(headings, texts, whole, room, first_out)
        columns, texts = cut_to_fit(
            [headings[at] for at in kept],
            [[row[at] for at in kept] for row in texts],
            [new for new, at in enumerate(kept) if at in whole],
            room,
            wraps=console is not None,
        )
        numbers = [new for new, at in enumerate(kept) if at in numbers]
        styles = {new: styles[at] for new, at in enumerate(kept) if styles and at in styles}
    if console is None:
        for line in text_table(columns, texts, numbers, indent=""):
            print(line)
    else:
        _print_rich(console, columns, texts, styles or {}, numbers, is_cut=whole is not None)
    left_out = [headings[at] for at in range(len(headings)) if at not in kept[: len(columns)]]
    if left_out:
        print(f"No room for: {', '.join(left_out)}. All columns: --json")


def _print_rich(
    console: Console,
    columns: Sequence[str],
    texts: Sequence[Sequence[str]],
    styles: dict[int, list[str]],
    numbers: Collection[int],
    *,
    is_cut: bool,
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, name in enumerate(columns):
        # Short cells stay on one line; names, labels and paths of any length are folded.
        is_known = name in ("#", "run", "status", "duration") or name.startswith("started")
        short = is_known and not is_cut  # a heading of two words may have two lines
        is_number = at in numbers or name in ("#", "duration", "size", "value", "step")
        table.add_column(
            name, overflow="fold", no_wrap=short, justify="right" if is_number else "left"
        )
    for number, row in enumerate(texts):
        table.add_row(
            *(
                Text(
                    cell,
                    styles.get(index, [""] * len(texts))[number],
                    no_wrap=is_cut or None,
                )
                for index, cell in enumerate(row)
            )
        )
    console.print(table)


def _print_title(text: str, style: str) -> None:
    console = _console()
    if console is None:
        print(text)
        return
    from rich.rule import Rule
    from rich.text import Text

    console.print(Rule(Text(text, f"bold {style}"), align="left", style=style))


def _print_output(text: str) -> None:
    """Print lines of a run: their colours on a terminal that Rich knows, else their text."""
    console = _console()
    if console is None:
        print(plain(text))
        return
    from rich.text import Text

    console.print(Text.from_ansi(coloured(text)))


def _console() -> Console | None:
    """Return Rich's console; None where it is not installed, and in a pipe or file."""
    if not sys.stdout.isatty():
        return None
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        return None
    return Console(highlight=False, soft_wrap=False)
