"""The times of the filter language: days of the calendar, times of day, ages."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from gage._internal.index.language import FilterError, Quantity, written

if TYPE_CHECKING:
    from gage._internal.index.language import Name

__all__ = ["SECONDS", "SIGNS", "moment_us"]

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}
SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_DAYS = {"today": 0, "yesterday": 1}


def moment_us(
    text: str, now: dt.datetime, name: Name, operator: str, value: Any
) -> tuple[int, int]:
    """Return the first microsecond of a time and the first one after it, since the epoch.

    A date is a day, which begins and ends at the midnights of local time.

    Raises
    ------
    FilterError
        If the value is no time, or the operator does not compare times; it points into `text`.
    """
    if operator not in SIGNS:
        raise FilterError(text, name.position, f"{name.text} is a time: compare it by <, >")
    if isinstance(value, Quantity) and value.unit in SECONDS:
        return _instant(now - dt.timedelta(seconds=value.number * SECONDS[value.unit]))
    said = written(value)
    if said in _DAYS:
        day = now.astimezone().date() - dt.timedelta(days=_DAYS[said])
        # `started > today` means started today.
        return _day(day) if operator in {"=", "!="} else _instant(_midnight(day))
    if said == "now":
        return _instant(now)
    try:
        moment = dt.datetime.fromisoformat(said)
    except ValueError:
        message = (
            f"expected a time (today, 2026-11-24, 2026-11-24T10:30) or an age (2h, 3d) for "
            f"{name.text}, found {said!r}"
        )
        raise FilterError(text, getattr(value, "position", name.position), message) from None
    return _day(moment.date()) if len(said) == len("2026-11-24") else _instant(moment)


def _instant(moment: dt.datetime) -> tuple[int, int]:
    begin_us = round(moment.timestamp() * 1e6)
    return begin_us, begin_us + 1


def _day(day: dt.date) -> tuple[int, int]:
    """Return the beginnings of a day and of the next one, which may be 23 or 25 hours later."""
    return _instant(_midnight(day))[0], _instant(_midnight(day + dt.timedelta(days=1)))[0]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time()).astimezone()
