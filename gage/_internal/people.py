"""Sizes, times, durations, numbers and statuses as people read them, the same everywhere.

Files, frames' dtypes and JSON hold UTC, bytes and microseconds; whatever shows them to people, the
shell, a panel, a table in a notebook, asks here. Times are local and have their zone.

    0.35 s · 1:05 · 2:01:05        durations            12 B · 1.2 kB · 3.4 MB       sizes
    2026-11-24 17:03:22 CET        times                0.0312 · 12,345 · 1.25e-06   numbers
    completed · error (exit code 3) · stopped by you · killed (SIGKILL)              statuses
"""

from __future__ import annotations

import time

from gage._internal.text import on_a_line, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "STATUS_SIGNS",
    "format_age",
    "format_bar",
    "format_count",
    "format_counts",
    "format_duration",
    "format_number",
    "format_numbers",
    "format_size",
    "format_time",
    "format_value",
    "outcome",
    "reason_words",
    "short_time",
    "status_words",
    "zone_of",
]

_UNITS = ("kB", "MB", "GB", "TB")
_STEP = 1000
_DIGITS = 5
_MAX_DECIMALS = 6

STATUS_SIGNS = {
    "pending": "○",
    "staged": "◇",
    "running": "●",
    "completed": "✔",
    "error": "✖",
    "terminated": "■",
    "damaged": "⚠",
}

# Who asked for a stop (`record.stop_request`), in words.
_STOPPED_BY = {
    "user": "stopped by you",
    "interrupt": "stopped by you",
    "notebook": "stopped by you",
    "fail-fast": "stopped: another trial had failed",
    "signal": "stopped by a signal to its supervisor",
    "resume": "stopped for --resume",
}


def format_duration(seconds: float | None, *, ended: bool = True) -> str:
    """Return `0.35 s`, `1:05` or `2:01:05`; nothing for None.

    A duration that still grows (not `ended`) has no fractions: `0:03`.
    """
    if seconds is None:
        return ""
    if ended and round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, second = divmod(round(seconds) if ended else int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_bar(fraction: float, chars: int = 24) -> str:
    """Return a bar of so many characters; `fraction` is between 0 and 1."""
    halves = round(2 * chars * fraction)
    return f"{'━' * (halves // 2)}{'╸' * (halves % 2)}".ljust(chars, "─")


def format_age(time_us: int | None) -> str:
    """Return how long ago a time was in one unit: `40 s ago`, `3 min ago`, `2 d ago`."""
    if time_us is None:
        return ""
    seconds = max(0, int(time.time() - time_us / 1e6))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit} ago"
    return f"{seconds} s ago"


def format_size(size_bytes: float | None) -> str:
    """Return bytes as `12 B`, `1.2 kB`, `3.4 MB`, nothing for None."""
    if size_bytes is None:
        return ""
    if size_bytes < _STEP:
        return f"{size_bytes:.0f} B"
    size, unit = size_bytes / _STEP, 0
    # A size that would be rounded to 1000 is shown as 1 of the next unit.
    while round(size, 1) >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{size:,.1f} {_UNITS[unit]}"


def format_time(time_us: int | None, *, zone: bool = True) -> str:
    """Return epoch µs as local date, time to the second and zone; nothing for None."""
    if time_us is None:
        return ""
    try:
        local = time.localtime(time_us // 1_000_000)
    except (OverflowError, OSError, ValueError):
        return f"{time_us} µs"  # outside the years that a calendar has
    return time.strftime("%Y-%m-%d %H:%M:%S %Z" if zone else "%Y-%m-%d %H:%M:%S", local)


def short_time(time_us: int | None) -> str:
    """Return only the local time for today, else date and minute: for a table with `zone_of`."""
    text = format_time(time_us, zone=False)
    date, _, clock = text.partition(" ")
    return clock if date == time.strftime("%Y-%m-%d") else text[:16]


def zone_of(times_us: Iterable[int | None]) -> str:
    """Return the zone of local times, `CET`, or `CET/CEST` if they have more than one."""
    zones = {format_time(time_us).rpartition(" ")[2]: None for time_us in times_us if time_us}
    return "/".join(zones)


def format_count(count: int, noun: str, nouns: str = "") -> str:
    """Return a number of things: `1 line`, `1,204 lines`; `nouns` is an irregular plural."""
    return f"1 {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def format_counts(counts: Mapping[str, int]) -> str:
    """Return the numbers of runs by their status: `2 completed, 1 stopped`."""
    words = {"terminated": "stopped"}
    return ", ".join(f"{count} {words.get(name, name)}" for name, count in counts.items())


def format_number(value: float) -> str:
    """Return a number in at most five digits: `0.0312`, `1.25e-06`, `12,345`, `nan`."""
    if not abs(value) < float("inf"):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    text = f"{value:.4g}"
    if "e" in text and abs(value) >= 1:
        return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.3g}"
    return text


def format_value(value: object, max_chars: int) -> str:
    """Return a value on one line, shortened: `0.0312`, `adam`; `–` for None."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return format_number(value)
    return shortened(on_a_line(str(value)), max_chars)


def format_numbers(values: Sequence[float | None]) -> list[str]:
    """Return the numbers of a column, all with the same number of decimals; nothing for None.

    Their digits are aligned: `0.100`, `0.010`, `12.500`. Numbers that are too large
    or too small for that are all in the form `1.2500e-06`.
    """
    finite = [value for value in values if value is not None and abs(value) < float("inf")]
    if all(value == int(value) and abs(value) < 1e15 for value in finite):
        return [_cell(value, ",.0f") for value in values]
    sizes = [abs(value) for value in finite if value]
    if max(sizes) >= 1e9 or min(sizes) < 1e-4:
        return [_cell(value, f".{_DIGITS - 1}e") for value in values]
    decimals = max(map(_decimals, finite))
    return [_cell(value, f",.{decimals}f") for value in values]


def status_words(status: str, exit_code: int | None = None, reason: str = "") -> str:
    """Return a status as people say it: `stopped by you`, not `terminated` and -2."""
    if status == "error" and exit_code:
        return f"error (exit code {exit_code})"
    if status != "terminated":
        return status
    parts = reason.split(", ")
    for part in parts:
        if part.startswith("stopped by "):
            return _STOPPED_BY.get(part.removeprefix("stopped by "), part)
    for part in parts:
        if part.startswith("ended by signal "):
            signal = part.removeprefix("ended by signal ")
            return f"killed ({signal})" if signal == "SIGKILL" else f"ended by {signal}"
    return status


def reason_words(status: str, exit_code: int | None = None, reason: str = "") -> str:
    """Return the part of a status's reason that `status_words` does not say; often nothing."""
    parts = [part for part in reason.split(", ") if part != f"exit code {exit_code}"]
    if status == "terminated":
        parts = [part for part in parts if not part.startswith(("stopped by ", "ended by signal "))]
    return ", ".join(parts)


def outcome(status: str, exit_code: int | None = None, reason: str = "") -> str:
    """Return a status in words, and what its reason adds to them, on one line."""
    words = (status_words(status, exit_code, reason), reason_words(status, exit_code, reason))
    return ": ".join(filter(None, words))


def _cell(value: float | None, form: str) -> str:
    if value is None:
        return ""
    return format(value, form) if abs(value) < float("inf") else str(value)


def _decimals(value: float) -> int:
    """Return how many decimals show a number in five digits, without trailing zeros."""
    text = f"{value:.{_DIGITS}g}"
    if "e" in text:
        return 0
    return min(len(text.partition(".")[2]), _MAX_DECIMALS + 2)
