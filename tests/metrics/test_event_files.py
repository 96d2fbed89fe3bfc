"""Scalars of real TensorBoard event files are read with their steps and times."""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.summary import Writer
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from gage._internal.metrics.event_files import find_event_files, read_event_files
from tests.reporting import fail


def write_simple(directory: Path, *values: tuple[str, int, float, float]) -> Path:
    """Write scalars as PyTorch does: tag, step, wall time, value."""
    writer = EventFileWriter(str(directory))
    for tag, step, wall_time_s, value in values:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        writer.add_event(Event(wall_time=wall_time_s, step=step, summary=summary))
    writer.close()
    (path,) = directory.glob("*tfevents*")
    return path


def read(run_dir: Path) -> list[tuple[str, int | None, float]]:
    return [(m.name, m.step, m.value) for m in read_event_files(str(run_dir), fail)]


def test_directory_without_event_files_has_no_metrics(tmp_path: Path) -> None:
    assert read_event_files(str(tmp_path), fail) == []


def test_scalars_of_tensorboards_own_writer(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path))
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step * 10)
    writer.close()

    found = read(tmp_path)

    assert [(name, step) for name, step, _ in found] == [("loss", 0), ("loss", 10), ("loss", 20)]
    assert [value for *_, value in found] == pytest.approx([1, 0.5, 1 / 3])


def test_scalars_as_pytorch_writes_them(tmp_path: Path) -> None:
    write_simple(
        tmp_path, ("loss", 1, 1e9 + 0.25, 0.5), ("loss", 2, 1e9 + 1.5, math.nan), ("acc", 2, 2e9, 1)
    )

    metrics = read_event_files(str(tmp_path), fail)

    assert [(m.name, m.step, m.source) for m in metrics] == [
        ("loss", 1, "tensorboard"), ("loss", 2, "tensorboard"), ("acc", 2, "tensorboard"),
    ]  # fmt: skip
    assert [m.time_us for m in metrics] == [10**15 + 250_000, 10**15 + 1_500_000, 2 * 10**15]
    assert metrics[0].value == 0.5
    assert math.isnan(metrics[1].value)


def test_tensors_that_are_no_scalars_are_left_out(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path))
    plugin = SummaryMetadata.PluginData(plugin_name="histograms")
    histogram = Summary.Value(
        tag="weights",
        tensor=make_tensor_proto(np.zeros((3, 3))),
        metadata=SummaryMetadata(plugin_data=plugin),
    )
    writer.add_event(Event(step=1, wall_time=1, summary=Summary(value=[histogram])))
    writer.close()

    assert read(tmp_path) == []


def test_one_directory_of_files_gives_no_prefix(tmp_path: Path) -> None:
    write_simple(tmp_path / "runs" / "Nov22_host", ("loss", 1, 1, 0.5))

    assert read(tmp_path) == [("loss", 1, 0.5)]


def test_several_directories_tell_metrics_apart(tmp_path: Path) -> None:
    write_simple(tmp_path / "logs" / "train", ("loss", 1, 1, 0.5))
    write_simple(tmp_path / "logs" / "validation", ("loss", 1, 2, 0.75))

    assert read(tmp_path) == [("train/loss", 1, 0.5), ("validation/loss", 1, 0.75)]


def test_file_above_the_others_has_no_prefix(tmp_path: Path) -> None:
    write_simple(tmp_path, ("loss", 1, 1, 0.5))
    write_simple(tmp_path / "val", ("loss", 1, 2, 0.75))

    assert read(tmp_path) == [("loss", 1, 0.5), ("val/loss", 1, 0.75)]


def test_torn_last_record_is_not_read(tmp_path: Path) -> None:
    path = write_simple(tmp_path, ("loss", 1, 1, 0.5), ("loss", 2, 2, 0.25))
    path.write_bytes(path.read_bytes()[:-5])

    assert read(tmp_path) == [("loss", 1, 0.5)]


def test_file_of_something_else_is_told_or_empty(tmp_path: Path) -> None:
    Path(tmp_path, "tfevents-notes.txt").write_bytes(b"whatever this is" * 10)
    nonsense = struct.pack("<Q", 3)
    Path(tmp_path, "events.out.tfevents.1").write_bytes(nonsense)
    faults: list[str] = []

    found = read_event_files(str(tmp_path), faults.append)

    assert found == []


def test_without_tensorboard_what_is_not_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_simple(tmp_path, ("loss", 1, 1, 0.5))
    for name in [name for name in sys.modules if name.startswith("tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    faults: list[str] = []

    found = read_event_files(str(tmp_path), faults.append)

    assert found == []
    assert len(faults) == 1
    assert "pip install 'gage[tensorboard]'" in faults[0]


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    write_simple(outside, ("loss", 1, 1, 0.5))
    (run_dir / "link").symlink_to(outside)

    assert find_event_files(str(run_dir)) == []
