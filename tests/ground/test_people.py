"""What people read: the same text wherever it is shown."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest

from gage._internal.people import (
    format_count,
    format_duration,
    format_number,
    format_numbers,
    format_size,
    format_time,
    reason_words,
    short_time,
    status_words,
    zone_of,
)

WINTER_US = 1_795_539_600_000_000  # 2026-11-24 17:00:00 UTC
SUMMER_US = 1_782_000_000_000_000  # 2026-06-21 00:00:00 UTC


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "ended", "text"),
    [
        (0, True, "0.00 s"),
        (0.354, True, "0.35 s"),
        (59.99, True, "59.99 s"),
        (59.999, True, "1:00"),
        (65.2, True, "1:05"),
        (7265, True, "2:01:05"),
        (90_000, True, "25:00:00"),
        (3.9, False, "0:03"),
        (65, False, "1:05"),
        (None, True, ""),
    ],
)
def test_durations(seconds: float | None, ended: bool, text: str) -> None:
    assert format_duration(seconds, ended=ended) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (3_400_000_000, "3.4 GB"),
        (5e16, "50,000.0 TB"),
        (None, ""),
    ],
)
def test_sizes(size_bytes: float | None, text: str) -> None:
    assert format_size(size_bytes) == text


def test_times_are_local_and_have_their_zone(berlin: None) -> None:
    assert format_time(WINTER_US) == "2026-11-24 18:00:00 CET"
    assert format_time(SUMMER_US) == "2026-06-21 02:00:00 CEST"
    assert format_time(SUMMER_US, zone=False) == "2026-06-21 02:00:00"
    assert format_time(None) == ""


def test_a_column_of_times_names_its_zones(berlin: None) -> None:
    assert zone_of([WINTER_US, None, WINTER_US]) == "CET"
    assert zone_of([WINTER_US, SUMMER_US]) == "CET/CEST"
    assert zone_of([]) == ""


def test_a_time_of_today_is_short(berlin: None, monkeypatch: pytest.MonkeyPatch) -> None:
    strftime, today = time.strftime, time.localtime(SUMMER_US // 1_000_000)
    monkeypatch.setattr(time, "strftime", lambda text, at=today: strftime(text, at))

    assert short_time(SUMMER_US) == "02:00:00"
    assert short_time(WINTER_US) == "2026-11-24 18:00"


@pytest.mark.parametrize("time_us", [10**25, -(10**25)])
def test_a_time_beyond_the_calendar_is_still_shown(time_us: int) -> None:
    assert format_time(time_us) == f"{time_us} µs"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.1, 0.01, 12.5], ["0.10", "0.01", "12.50"]),
        ([1, 12345, None], ["1", "12,345", ""]),
        ([0.5, None, math.nan, -math.inf], ["0.5", "", "nan", "-inf"]),
        ([1 / 3, 2 / 3], ["0.33333", "0.66667"]),
        ([1e-6, 0.5], ["1.0000e-06", "5.0000e-01"]),
        ([0.0, 0.25], ["0.00", "0.25"]),
        ([math.nan], ["nan"]),
        ([], []),
    ],
)
def test_numbers_of_a_column_have_equal_digits(
    values: list[float | None], texts: list[str]
) -> None:
    assert format_numbers(values) == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03125, "0.03125"),
        (0.031251, "0.03125"),
        (1.25e-6, "1.25e-06"),
        (12345, "12,345"),
        (12345.6, "12,346"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert format_number(value) == text


def test_counts() -> None:
    assert format_count(1, "line") == "1 line"
    assert format_count(1204, "line") == "1,204 lines"
    assert format_count(2, "child", "children") == "2 children"


@pytest.mark.parametrize(
    ("status", "exit_code", "reason", "words", "more"),
    [
        ("completed", 0, "", "completed", ""),
        ("completed", 0, "a warning", "completed", "a warning"),
        ("error", 3, "exit code 3", "error (exit code 3)", ""),
        ("terminated", -2, "stopped by user, ended by signal SIGINT", "stopped by you", ""),
        ("terminated", 0, "stopped by notebook, exit code 0", "stopped by you", ""),
        ("terminated", -9, "ended by signal SIGKILL", "killed (SIGKILL)", ""),
        ("terminated", -15, "ended by signal SIGTERM", "ended by SIGTERM", ""),
        ("terminated", None, "stopped by tester", "stopped by tester", ""),
        (
            "terminated",
            None,
            "its processes are gone and left no exit code",
            "terminated",
            "its processes are gone and left no exit code",
        ),
        ("damaged", None, "x: broken", "damaged", "x: broken"),
    ],
)
def test_a_status_is_in_words(
    status: str, exit_code: int | None, reason: str, words: str, more: str
) -> None:
    assert status_words(status, exit_code, reason) == words
    assert reason_words(status, exit_code, reason) == more
