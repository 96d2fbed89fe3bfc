"""What needs packages at the end of a run is read by an interpreter that has them."""

from __future__ import annotations

from pathlib import Path

import gage
from gage._internal.metrics.summary_file import read_summary
from gage._internal.running.facts import kept_facts
from gage._internal.store.recorded_run import RecordedRun
from tests.making import ended, meta


def test_a_summary_in_yaml_is_read_at_the_end_of_a_run(tmp_path: Path) -> None:
    command = "printf 'metrics:\\n  acc: 0.5\\nattributes:\\n  data: v2\\n' > summary.yaml"

    run = ended(tmp_path / "runs", command, {"summary": "summary.yaml"})

    assert read_summary(run) == {"metrics": {"acc": 0.5}, "attributes": {"data": "v2"}}
    assert "not read" not in meta(run, "log", "runner").read_text()


def test_event_files_are_in_the_summary_of_a_run(project: Path, runs_home: Path) -> None:
    (project / "train.py").write_text(
        "import os\n"
        "from tensorboard.compat.proto.event_pb2 import Event\n"
        "from tensorboard.compat.proto.summary_pb2 import Summary\n"
        "from tensorboard.summary.writer.event_file_writer import EventFileWriter\n"
        "writer = EventFileWriter(os.getcwd())\n"
        "value = Summary.Value(tag='loss', simple_value=0.25)\n"
        "writer.add_event(Event(step=1, wall_time=1.0, summary=Summary(value=[value])))\n"
        "writer.close()\n"
    )

    run = gage.run("train.py")

    assert read_summary(run)["metrics"] == {"loss": 0.25}


def test_a_summary_that_is_broken_is_said_by_the_other_process_too(tmp_path: Path) -> None:
    run = ended(tmp_path / "runs", "echo '[' > summary.yaml", {"summary": "summary.yaml"})

    assert RecordedRun.of(run).status == "completed"
    assert "Warning: summary.yaml is not read" in meta(run, "log", "runner").read_text()


def test_configuration_in_yaml_is_left_to_those_that_can_read_it(
    project: Path, runs_home: Path
) -> None:
    (project / "gage.toml").write_text('[op]\nexec = "true"\nconfig = "params.yaml"\n')
    (project / "params.yaml").write_text("lr: 0.1\n")

    run = gage.run("op")

    assert run.config == {"lr": 0.1}
    assert kept_facts(run) is None
