"""A trial is staged from the template of its batch as any other run is from its project."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from gage._internal.batch.template import Template, stage_template
from gage._internal.clock import make_id
from gage._internal.errors import PhaseError
from gage._internal.record.file_log import read_events
from gage._internal.record.manifest import read_manifest, verify
from gage._internal.record.run_meta import meta_config, run_attrs
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import read_status
from gage._internal.staging.staging import init_run_meta, make_run, stage_run
from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, OpRef, Run
from tests.making import meta

COMMAND = ["python", "train.py"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    (directory / "model").mkdir(parents=True)
    (directory / "train.py").write_text("lr = 0.1\n")
    (directory / "model" / "net.py").write_text("layers = 3\n")
    (directory / "run.sh").write_text("#!/bin/sh\n")
    (directory / "run.sh").chmod(0o755)
    (directory / "data.csv").write_text("1\n")
    (directory / "big.bin").write_text("big")
    return directory


def operation(project: Path, **exec_: str) -> Operation:
    data: dict[str, Any] = {
        "sourcecode": ["**/*.py", "*.sh"],
        "config": ["train.py"],
        "exec": {"run": COMMAND, **exec_},
    }
    given = (
        GivenFile("d", str(project), "data.csv", "train.py"),
        GivenFile("d", str(project), "big.bin", "train.py", link=True),
    )
    return Operation(
        OpRef("test", "train"),
        OpDef("train", data),
        OpCmd(COMMAND, {"A": "1"}),
        {},
        str(project),
        given=given,
        notes=("carried: x",),
        writes=("data.csv",),
    )


def template(op: Operation, tmp_path: Path) -> Template:
    directory = tmp_path / "runs" / ".batches" / make_id()
    directory.mkdir(parents=True)
    return Template(stage_template(op, str(directory)), op.project_dir)


def trial(staged_from: Template, tmp_path: Path, lr: float) -> Run:
    home = str(tmp_path / "runs")
    return staged_from.stage(home, make_id(), {"lr": lr}, COMMAND, {"label": "x"}, {"n": 1})


def single(op: Operation, tmp_path: Path, lr: float) -> Run:
    run = make_run(str(tmp_path / "single"))
    op = op.but(config={"lr": lr})
    attrs = {"project": op.project_dir, "n": 1}
    init_run_meta(run, op.opref, op.opdef, op.config, op.cmd, {"label": "x"}, attrs)
    stage_run(op.project_dir, run, operation=op)
    return run


def files(run: Run) -> dict[str, tuple[int, str]]:
    """Return the modes and contents of a run's files, links apart."""
    root = Path(run.run_dir)
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.stat().st_mode), path.read_text())
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def modes(run: Run) -> dict[str, int]:
    """Return the modes of the files of a run's side-car."""
    root = Path(run.meta_dir)
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode)
        for path in root.rglob("*")
        # Known when the trial is made, so that it is read-only like its definition.
        if path.is_file() and path.name != "found"
    }


@pytest.mark.parametrize("exec_", [{}, {"stage-runtime": "echo > made"}], ids=["plain", "command"])
def test_a_trial_is_what_a_single_run_is(
    project: Path, tmp_path: Path, exec_: dict[str, str]
) -> None:
    op = operation(project, **exec_)
    other = single(op, tmp_path, 0.5)

    run = trial(template(op, tmp_path), tmp_path, 0.5)

    assert read_status(run).name == read_status(other).name == "staged"
    assert files(run) == files(other)
    assert Path(run.run_dir, "big.bin").readlink() == project / "big.bin"
    assert modes(run) == modes(other)
    assert read_manifest(str(meta(run, "manifest"))) == read_manifest(str(meta(other, "manifest")))
    assert [event[:2] + event[3:] for event in read_events(run)] == [
        event[:2] + event[3:] for event in read_events(other)
    ]
    assert meta(run, "log", "patched").read_text() == meta(other, "log", "patched").read_text()
    assert run_attrs(run) == run_attrs(other)
    assert read_notes(run) == read_notes(other)
    assert verify(run) == []


def test_each_trial_gets_its_values_and_leaves_the_template_alone(
    project: Path, tmp_path: Path
) -> None:
    staged_from = template(operation(project), tmp_path)

    runs = [trial(staged_from, tmp_path, lr) for lr in (0.2, 0.3)]

    assert [meta_config(run) for run in runs] == [{"lr": 0.2}, {"lr": 0.3}]
    texts = [Path(run.run_dir, "train.py").read_text() for run in runs]
    assert texts == ["lr = 0.2\n", "lr = 0.3\n"]
    assert Path(staged_from.run.run_dir, "train.py").read_text() == "lr = 0.1\n"


def test_the_command_of_a_phase_that_fails_ends_the_trial(project: Path, tmp_path: Path) -> None:
    staged_from = template(operation(project, **{"stage-runtime": "exit 3"}), tmp_path)

    with pytest.raises(PhaseError, match="exit code 3") as caught:
        trial(staged_from, tmp_path, 0.5)

    assert caught.value.exit_code == 3
    ended = [path for path in (tmp_path / "runs").glob("*.meta") if (path / "stopped").exists()]
    assert len(ended) == 1
    assert (ended[0] / "proc" / "exit").read_text() == "3\n"
