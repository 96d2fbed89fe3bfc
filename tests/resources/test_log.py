"""The file of a run's resources: what is written is read back, and it stays small."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.resources.log import (
    HEADER,
    RESOURCES,
    Resources,
    Sample,
    Total,
    encode_sample,
    encode_total,
    read_resources,
    thinned,
    total_of,
)
from gage._internal.resources.tree import Usage

NUMBER = st.integers(0, 2**63 - 1)
UNKNOWN = st.none() | NUMBER
USAGES = st.builds(Usage, NUMBER, NUMBER, UNKNOWN, UNKNOWN, UNKNOWN, NUMBER, NUMBER)
SAMPLES = st.builds(Sample, NUMBER, USAGES)
TOTALS = st.builds(Total, NUMBER, NUMBER, UNKNOWN, UNKNOWN, UNKNOWN, NUMBER, NUMBER)


def usage(cpu_us: int, rss_bytes: int, once: int | None = None, processes: int = 1) -> Usage:
    return Usage(cpu_us, rss_bytes, once, None, None, processes, processes)


def write(directory: Path, text: str) -> str:
    (directory / RESOURCES).write_text(text)
    return str(directory)


@given(st.lists(SAMPLES, max_size=5), TOTALS)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], total: Total
) -> None:
    text = HEADER + "".join(map(encode_sample, samples)) + encode_total(total)

    meta_dir = write(tmp_path_factory.mktemp("meta"), text)

    assert read_resources(meta_dir) == Resources(samples, total)


def test_a_run_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_resources(str(tmp_path)) == Resources([], None)


def test_a_running_run_has_the_total_of_its_samples(tmp_path: Path) -> None:
    first, second = Sample(1, usage(5, 100)), Sample(2, usage(9, 70, processes=3))
    text = HEADER + encode_sample(first) + encode_sample(second)

    total = read_resources(write(tmp_path, text + "3 12 5")).total

    assert total == Total(2, 9, 100, None, None, 3, 3)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "1 2 3",
        "1 -2 3 - - - 1 1",
        "1 2 3 - - - 1 1 9",
        "- 2 3 - - - 1 1",
        f"1 {2**63} 3 - - - 1 1",
        f"1 {'9' * 400_000} 3 - - - 1 1",
        "1 ² 3 - - - 1 1",
        "total 1 2",
        "\0\0\0",
    ],
    ids=lambda line: repr(line[:20]),
)
def test_a_damaged_line_is_passed_over(tmp_path: Path, line: str) -> None:
    whole = Sample(1, usage(5, 100))

    read = read_resources(write(tmp_path, f"{HEADER}{line}\n{encode_sample(whole)}"))

    assert read.samples == [whole]


def test_a_file_of_something_else_has_none(tmp_path: Path) -> None:
    assert read_resources(write(tmp_path, "1 2 3 - - - 1 1\n")) == Resources([], None)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    meta_dir = write(tmp_path, HEADER + "x" * (2 << 20))

    with pytest.raises(OSError, match="a file of more than"):
        read_resources(meta_dir)


def test_memory_that_is_shared_counts_once_in_the_peak() -> None:
    samples = [
        Sample(1, usage(1, 100)),
        Sample(2, usage(2, 400, once=130, processes=4)),
        Sample(3, usage(3, 800, processes=8)),
    ]

    assert total_of(samples).peak_bytes == 260


@given(st.lists(SAMPLES, min_size=1, max_size=9))
def test_thinned_samples_lose_neither_peaks_nor_ends(samples: list[Sample]) -> None:
    fewer = thinned(samples)

    assert len(fewer) == (len(samples) + 1) // 2
    assert fewer[-1].time_us == samples[-1].time_us
    assert fewer[-1].usage.cpu_us == samples[-1].usage.cpu_us
    for field in ("processes", "threads"):
        most = max(getattr(sample.usage, field) for sample in samples)
        assert max(getattr(sample.usage, field) for sample in fewer) == most
