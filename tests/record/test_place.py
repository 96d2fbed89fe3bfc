"""A copy of a directory of runs is told from the original, whose processes it names."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.batch.batch import Batch
from gage._internal.batch.record import live_keepers
from gage._internal.record.status import live_command, live_processes, read_status
from gage._internal.running.runner import start_run, stop_run
from gage._internal.store.store import list_runs
from gage._internal.types import Run
from tests.making import meta, staged, wait_until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="where a process is can be seen on Linux only"
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run that is running."""
    run = staged(tmp_path / "runs", "exec sleep 1000")
    start_run(run)
    yield run
    for found in list_runs(str(tmp_path / "runs")):
        stop_run(found, grace_s=0.1)


def copied(run: Run, to: Path) -> Run:
    shutil.copytree(Path(run.run_dir).parent, to, symlinks=True)
    return list_runs(str(to))[0]


def test_stopping_a_run_of_a_copy_leaves_the_original_alone(run: Run, tmp_path: Path) -> None:
    copy = copied(run, tmp_path / "copy")

    status = stop_run(copy, grace_s=0.1)

    assert status.name == "terminated"
    assert "a copy" in status.reason
    assert not live_processes(copy)
    assert read_status(run).name == "running"
    assert len(live_processes(run)) == 3
    assert not meta(run, "proc", "stop").exists()


def test_a_copy_of_a_run_whose_supervisors_were_killed(run: Run, tmp_path: Path) -> None:
    """Its command is told by its environment."""
    copy = copied(run, tmp_path / "copy")
    for name in (run, copy):
        meta(name, "proc", "supervisor").write_text("")

    assert live_command(run) is not None
    assert live_command(copy) is None
    assert stop_run(copy, grace_s=0.1).name == "terminated"
    assert live_command(run) is not None


def test_a_directory_of_runs_that_was_moved_keeps_its_processes(run: Run, tmp_path: Path) -> None:
    Path(run.run_dir).parent.rename(tmp_path / "moved")
    moved = list_runs(str(tmp_path / "moved"))[0]

    found = live_processes(moved)
    (tmp_path / "moved").rename(tmp_path / "runs")

    assert len(found) == 3


def test_a_batch_of_a_copy_has_no_keepers(project: Path, runs_home: Path, tmp_path: Path) -> None:
    (project / "train.py").write_text("import time\nepochs = 1\ntime.sleep(1000)\n")
    batch = gage.run_batch("train.py", {"epochs": [1, 2]}, background=True)
    wait_until(lambda: batch.counts().get("running"))
    shutil.copytree(batch.home, tmp_path / "copy", symlinks=True)
    copy = Batch(str(tmp_path / "copy"), batch.id)

    copy.stop(grace_s=0.1)
    found = len(live_keepers(copy.directory)), len(live_keepers(batch.directory))
    running = batch.counts()
    batch.stop(grace_s=0.1)

    assert found == (0, 2)
    assert running["running"] == 1
