"""Samples that are taken of real processes and written."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.resources.log import MOST_SAMPLES, RESOURCES, read_resources
from gage._internal.resources.recording import ResourceRecording
from gage._internal.resources.tree import ProcessTree
from tests.process.conftest import Started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


@pytest.fixture
def recording(tmp_path: Path, start: Callable[..., Started]) -> ResourceRecording:
    tree = ProcessTree(start(["sleep", "1000"]).pid, None, ())
    return ResourceRecording(str(tmp_path / RESOURCES), tree)


def take(recording: ResourceRecording, count: int) -> None:
    for _ in range(count):
        recording.due_s = 0.0
        recording.sample()


def test_nothing_is_written_before_it_is_due(recording: ResourceRecording, tmp_path: Path) -> None:
    recording.due_s = time.monotonic() + 1000

    recording.sample()

    assert not (tmp_path / RESOURCES).exists()


def test_the_file_stays_small_and_whole(recording: ResourceRecording, tmp_path: Path) -> None:
    began_us = time.time_ns() // 1000
    take(recording, MOST_SAMPLES * 2)

    samples, _ = read_resources(str(tmp_path))

    assert MOST_SAMPLES // 2 <= len(samples) < MOST_SAMPLES
    times = [sample.time_us for sample in samples]
    assert times == sorted(times)
    assert began_us <= times[0]
    assert recording.due_s > time.monotonic() + 2


def test_the_total_is_what_the_system_says_at_the_end(
    recording: ResourceRecording, tmp_path: Path
) -> None:
    take(recording, 2)

    recording.finish(5_000_000, 1 << 40)

    total = read_resources(str(tmp_path)).total
    assert total is not None
    assert (total.cpu_us, total.peak_bytes, total.processes) == (5_000_000, 1 << 40, 1)


def test_a_short_command_has_its_total_alone(recording: ResourceRecording, tmp_path: Path) -> None:
    recording.finish(3000, None)

    samples, total = read_resources(str(tmp_path))
    assert samples == []
    assert total is not None
    assert (total.cpu_us, total.peak_bytes) == (3000, None)


def test_nothing_is_known_of_a_command_that_another_process_waited_for(
    recording: ResourceRecording, tmp_path: Path
) -> None:
    recording.finish(None, None)

    assert not (tmp_path / RESOURCES).exists()


def test_what_a_killed_supervisor_has_recorded_is_continued(
    recording: ResourceRecording, tmp_path: Path
) -> None:
    take(recording, 3)
    after = ResourceRecording(str(tmp_path / RESOURCES), ProcessTree(os.getpid(), None, ()))

    take(after, 2)

    assert len(read_resources(str(tmp_path)).samples) == 5


def test_a_file_that_cannot_be_written_fails_nothing(start: Callable[..., Started]) -> None:
    tree = ProcessTree(start(["sleep", "1000"]).pid, None, ())
    recording = ResourceRecording(f"/proc/none/{RESOURCES}", tree)

    take(recording, 2)
    recording.finish(1, 1)
