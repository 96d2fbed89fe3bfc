"""The resources of a run in its side-car: `resources`, a file of bounded size.

    gage-resources 1
    1763853000123456 120000 20971520 - 4096 0 1 1
    1763853001123456 1120000 31457280 25165824 4096 8192 2 9
    ...
    total 1763853009000000 8400000 31457280 4096 8192 2 9

A line is a sample: its time (epoch µs, UTC), the CPU time until then (µs, user and system, of all
processes, also of those that have ended), resident memory (bytes, the sum over all processes), the
same with shared pages divided among those that share them, bytes read from and written to storage
until then, processes, threads. `-` is what is not known. A sample has the largest memory and the
most processes and threads since the sample before.

Once there are `MOST_SAMPLES`, each two neighbours become one, and samples are taken half as often
from then on. The line `total` is written when the run has ended: time, CPU time, peak memory, read,
written, most processes, most threads. A run of less than a moment has only this line, and its peak
is known only if it is above that of its supervisor.
"""

from __future__ import annotations

import os

from gage._internal.guarded import read_regular
from gage._internal.named import NamedTuple
from gage._internal.people import format_duration, format_size
from gage._internal.resources.tree import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = [
    "HEADER",
    "MOST_SAMPLES",
    "RESOURCES",
    "Resources",
    "Sample",
    "Total",
    "encode_sample",
    "encode_total",
    "memory_of",
    "notable_words",
    "read_resources",
    "resource_rows",
    "resource_words",
    "thinned",
    "total_of",
]

RESOURCES = "resources"
HEADER = "gage-resources 1\n"
MOST_SAMPLES = 2048

_MOST_BYTES = 1 << 20
_WORTH_A_WORD_BYTES = 1_000_000
_NOTABLE_US = 1_000_000
_NOTABLE_BYTES = 100_000_000
_NOTABLE_SAMPLES = 5
_MOST = 2**63 - 1
_TOTAL = "total"


class Sample(NamedTuple):
    """What the processes of a run used at a time (epoch µs, UTC)."""

    time_us: int
    usage: Usage


class Total(NamedTuple):
    """What the processes of a run have used in all, until a time (epoch µs, UTC)."""

    time_us: int
    cpu_us: int
    peak_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    processes: int
    threads: int


class Resources(NamedTuple):
    """The resources of a run: samples in the order of time, and the total so far, if any."""

    samples: list[Sample]
    total: Total | None


def encode_sample(sample: Sample) -> str:
    """Return the line of a sample, with its line end."""
    return _line(sample.time_us, *sample.usage)


def encode_total(total: Total) -> str:
    """Return the line of a total, with its line end."""
    return _line(_TOTAL, *total)


def read_resources(meta_dir: str) -> Resources:
    """Return the resources that a side-car has; none if none were recorded.

    Lines that are damaged are passed over, as is a last line that is still being written.

    Raises
    ------
    OSError
        If the file is something else than a regular file, or cannot be read.
    """
    try:
        data = read_regular(os.path.join(meta_dir, RESOURCES), _MOST_BYTES)
    except FileNotFoundError:
        return Resources([], None)
    text = data.decode("ascii", "replace")
    if not text.startswith(HEADER):
        return Resources([], None)
    samples: list[Sample] = []
    total: Total | None = None
    for line in text[len(HEADER) : text.rfind("\n") + 1].splitlines():
        fields = line.split()
        try:
            if fields[:1] == [_TOTAL]:
                numbers = _numbers(fields[1:], 7, unknown=(2, 3, 4))
                total = Total(*numbers)  # type: ignore[arg-type]  # `_numbers` has checked them
            else:
                numbers = _numbers(fields, 8, unknown=(3, 4, 5))
                samples.append(Sample(numbers[0], Usage(*numbers[1:])))  # type: ignore[arg-type]
        except ValueError:
            continue
    return Resources(samples, total or (total_of(samples) if samples else None))


def resource_rows(meta_dir: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each sample of a run, in the order of time.

    `time_us` (epoch µs, UTC), `cpu` (cores in use since the sample before, None for the first),
    `cpu_time_us` (until then, in µs), `rss_bytes`, `pss_bytes`, `read_bytes`, `written_bytes`,
    `processes`, `threads`: see `Usage`.
    """
    before: Sample | None = None
    for sample in read_resources(meta_dir).samples:
        usage = sample.usage
        cpu = None
        if before is not None and sample.time_us > before.time_us:
            passed_us = sample.time_us - before.time_us
            cpu = round((usage.cpu_us - before.usage.cpu_us) / passed_us, 3)
        yield {
            "time_us": sample.time_us,
            "cpu": cpu,
            "cpu_time_us": usage.cpu_us,
            "rss_bytes": usage.rss_bytes,
            "pss_bytes": usage.pss_bytes,
            "read_bytes": usage.read_bytes,
            "written_bytes": usage.written_bytes,
            "processes": usage.processes,
            "threads": usage.threads,
        }
        before = sample


def resource_words(total: Total | None) -> str:
    """Return the total of a run for people, "" without one."""
    if total is None:
        return ""
    words = [f"cpu time {format_duration(total.cpu_us / 1e6)}"]
    if total.peak_bytes is not None:
        words.append(f"peak memory {format_size(total.peak_bytes)}")
    for verb, size_bytes in (("read", total.read_bytes), ("written", total.written_bytes)):
        if size_bytes is not None and size_bytes >= _WORTH_A_WORD_BYTES:
            words.append(f"{verb} {format_size(size_bytes)}")
    if total.processes > 1:
        words.append(f"{total.processes} processes")
    return ", ".join(words)


def notable_words(resources: Resources) -> str:
    """Return the total of a run for people, "" for one that used as little as most do."""
    total = resources.total
    if total is None:
        return ""
    used_much = total.cpu_us >= _NOTABLE_US or (total.peak_bytes or 0) >= _NOTABLE_BYTES
    is_long = len(resources.samples) >= _NOTABLE_SAMPLES
    return resource_words(total) if used_much or is_long else ""


def memory_of(usage: Usage) -> int:
    """Return the memory of a sample in bytes: shared pages once, where they were measured."""
    shared_once = usage.pss_bytes
    return usage.rss_bytes if shared_once is None else shared_once


def total_of(samples: list[Sample]) -> Total:
    """Return the total of at least one sample."""
    last = samples[-1]
    return Total(
        last.time_us,
        last.usage.cpu_us,
        max(_known_memory(samples)),
        last.usage.read_bytes,
        last.usage.written_bytes,
        max(sample.usage.processes for sample in samples),
        max(sample.usage.threads for sample in samples),
    )


def _known_memory(samples: Iterable[Sample]) -> Iterable[int]:
    """Return the memory of each sample; estimated where shared pages were not measured."""
    share = 1.0
    for _, usage in samples:
        if usage.processes == 1:
            share = 1.0
        elif usage.pss_bytes is not None and usage.rss_bytes:
            share = usage.pss_bytes / usage.rss_bytes
        yield int(usage.rss_bytes * share)


def thinned(samples: list[Sample]) -> list[Sample]:
    """Return samples of which each two neighbours have become one."""
    pairs = zip(samples[::2], samples[1::2], strict=False)
    merged = [_merged(first, second) for first, second in pairs]
    return merged + samples[len(merged) * 2 :]


def _merged(first: Sample, second: Sample) -> Sample:
    one, other = first.usage, second.usage
    larger = max(one, other, key=memory_of)
    return Sample(
        second.time_us,
        Usage(
            other.cpu_us,
            larger.rss_bytes,
            larger.pss_bytes,
            other.read_bytes,
            other.written_bytes,
            max(one.processes, other.processes),
            max(one.threads, other.threads),
        ),
    )


def _line(*fields: object) -> str:
    return " ".join("-" if field is None else str(field) for field in fields) + "\n"


def _numbers(fields: list[str], count: int, unknown: tuple[int, ...]) -> list[int | None]:
    if len(fields) != count:
        raise ValueError(f"expected {count} numbers, found {len(fields)}")
    numbers: list[int | None] = []
    for place, field in enumerate(fields):
        if field == "-" and place in unknown:
            numbers.append(None)
        elif field.isdecimal() and len(field) < 20 and int(field) <= _MOST:
            numbers.append(int(field))
        else:
            raise ValueError(f"expected a number, found {field!r}")
    return numbers
