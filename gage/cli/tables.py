"""Tables and panels for people, by Rich."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gage._internal.reports import run_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from gage._internal.recorded_run import RecordedRun

__all__ = ["format_duration", "format_size", "format_time", "print_rows", "print_run", "print_runs"]

_STATUS_STYLES = {
    "completed": "green",
    "running": "yellow",
    "error": "red",
    "terminated": "magenta",
    "damaged": "red reverse",
    "staged": "cyan",
    "pending": "dim",
}
_SIZE_STEP = 1000
_LAST_LINES = 10
_FILES_SHOWN = 12


def print_runs(rows: Sequence[dict[str, Any]]) -> None:
    """Print a listing of runs."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        _console().print("No runs yet. Start one with: gage run SCRIPT.py")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "run", "operation", "status", "started", "duration", "label"):
        table.add_column(name, overflow="fold", justify="right" if name == "#" else "left")
    for row in rows:
        status = Text(row["status"], _STATUS_STYLES[row["status"]])
        if row["exit_code"] not in (None, 0):
            status.append(f" ({row['exit_code']})")
        table.add_row(
            str(row["position"]),
            Text(row["run"]),
            Text(row["operation"]),
            status,
            format_time(row["started_us"]),
            format_duration(row["duration_us"]),
            Text(row["label"] or ""),
        )
    _console().print(table)


def print_run(run: RecordedRun) -> None:
    """Print what a run is, what happened to it, its files and its last lines."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    row = run_row(run)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    status = Text(row["status"], _STATUS_STYLES[row["status"]])
    if row["reason"]:
        status.append(f"  {row['reason']}", "default")
    for name, value in (
        ("operation", Text(row["operation"])),
        ("status", status),
        ("started", Text(format_time(row["started_us"]))),
        ("duration", Text(format_duration(row["duration_us"]))),
        ("label", Text(row["label"] or "")),
        ("tags", Text(", ".join(row["tags"]))),
        ("configuration", Text(_config_text(run))),
        ("directory", Text(run.run_dir)),
    ):
        if str(value):
            facts.add_row(name, value)
    parts: list[Any] = [facts]
    files = run.manifest
    if files:
        listed = "\n".join(f"  {entry.type} {entry.path}" for entry in files[:_FILES_SHOWN])
        more = len(files) - _FILES_SHOWN
        parts.append(Text(f"\nfiles ({len(files)})", "dim"))
        parts.append(Text(_printable(listed)))
        if more > 0:
            parts.append(Text(f"  … and {more} more: gage manifest {run.name}", "dim"))
    tail = run.last_lines(_LAST_LINES)
    if tail:
        parts.append(Text(f"\nlast lines (all: gage output {run.name})", "dim"))
        parts.append(Text.from_ansi(tail))
    _console().print(Panel(Group(*parts), title=f"{run.name}  {run.id[:8]}", title_align="left"))


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print any report as a table; times, durations and sizes as people read them."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        _console().print("Nothing recorded.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(_heading(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(name, value)) for name, value in row.items()))
    _console().print(table)


def format_time(time_us: int | None) -> str:
    """Return epoch µs as local date and time to the second, nothing for None."""
    if time_us is None:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_us / 1e6))


def format_duration(duration_us: int | None) -> str:
    """Return µs as `0.35 s`, `1:05` or `2:01:05`, nothing for None."""
    if duration_us is None:
        return ""
    seconds = duration_us / 1e6
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_size(size_bytes: int | None) -> str:
    """Return bytes as `12 B`, `1.2 kB`, `3.4 MB`, nothing for None."""
    if size_bytes is None:
        return ""
    if size_bytes < _SIZE_STEP:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= _SIZE_STEP
        if size < _SIZE_STEP:
            break
    return f"{size:.1f} {unit}"


def _cell(name: str, value: Any) -> str:
    if name.endswith("_us") and name != "duration_us":
        return format_time(value)
    if name == "duration_us":
        return format_duration(value)
    if name.endswith("_bytes"):
        return format_size(value)
    return "" if value is None else _printable(str(value))


def _heading(name: str) -> str:
    return name.removesuffix("_us").removesuffix("_bytes").removesuffix("_ms")


def _printable(text: str) -> str:
    """Return text that every terminal can take: control characters and odd bytes as escapes."""
    safe = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in safe
    )


def _config_text(run: RecordedRun) -> str:
    from gage._internal.errors import MetaError

    try:
        return " ".join(f"{key}={value}" for key, value in run.config.items())
    except MetaError:
        return ""


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)
