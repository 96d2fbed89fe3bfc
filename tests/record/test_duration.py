"""Durations: by a clock that nobody sets, for runs recorded before by the difference of times."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.record.duration import monotonic_us, read_duration_us, write_clock
from gage._internal.record.run_meta import write_timestamp
from gage._internal.types import Run
from tests.making import ended, initialized, meta


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return initialized(tmp_path)


def test_a_clock_that_was_set_back_changes_no_duration(run: Run) -> None:
    write_timestamp(run, "started", 86_404_000_000)
    write_clock(run, "started", "boot", 1_000)
    write_clock(run, "stopped", "boot", 4_001_000)
    write_timestamp(run, "stopped", 1)

    assert read_duration_us(run) == 4_000_000


@pytest.mark.parametrize(
    "clock",
    [
        None,
        "",
        "started boot 5\n",
        "started boot 5\nstopped other 7\n",
        "started boot 9\nstopped boot 7\n",
        "started boot 5\nstopped boot 7",
        "started boot x\nstopped boot 7\n",
        "nonsense\n\n\xff\n",
    ],
    ids=["none", "empty", "no-end", "another-boot", "backwards", "torn", "no-number", "nonsense"],
)
def test_without_two_times_of_one_boot_the_timestamps_say_it(run: Run, clock: str | None) -> None:
    write_timestamp(run, "started", 1_000)
    write_timestamp(run, "stopped", 3_500)
    if clock is not None:
        meta(run, "proc", "clock").write_text(clock, encoding="latin-1")

    assert read_duration_us(run) == 2_500


def test_a_run_that_was_not_started_or_has_no_end_has_none(run: Run) -> None:
    assert read_duration_us(run, running=True) is None

    write_timestamp(run, "started", 1_000)

    assert read_duration_us(run) is None


def test_a_running_run_has_a_duration_up_to_now(run: Run) -> None:
    write_timestamp(run, "started", 1)
    write_clock(run, "started", time_us=monotonic_us() - 5_000_000)

    found = read_duration_us(run, running=True)

    assert found is not None
    assert 5_000_000 <= found < 1_000_000_000  # not since 1970


def test_a_run_records_both(tmp_path: Path) -> None:
    run = ended(tmp_path / "runs", "true")

    events = [line.split()[0] for line in meta(run, "proc", "clock").read_text().splitlines()]

    assert events == ["started", "stopped"]
    assert (read_duration_us(run) or 0) > 0
