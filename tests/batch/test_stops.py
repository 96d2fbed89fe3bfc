"""What runs is stopped, and nothing else is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.api.batches import run_batch
from gage._internal.store.store import list_runs
from tests.batch.trials import start, statuses, supervisors, waits_for
from tests.making import wait_until


@pytest.mark.parametrize("what", ["all", "a trial"])
def test_a_stop_reaches_the_commands_that_finalize(
    what: str, project: Path, runs_home: Path, tmp_path: Path
) -> None:
    (project / "train.py").write_text("lr = 1\n")
    (project / "gage.toml").write_text(
        '[train]\nconfig = "train.py"\n[train.exec]\nrun = "true"\n'
        f'finalize-run = "touch {tmp_path}/begun-$run_id; exec sleep 1000"\n'
    )
    batch = run_batch("train", {"lr": [1, 2]}, jobs=2, background=True)
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)

    if what == "a trial":
        batch.runs[0].stop()
        assert [run.status for run in batch.runs] == ["terminated", "running"]
    batch.stop()

    assert statuses(batch) == ["terminated"] * 2
    assert all("finalize-run was stopped" in str(row["reason"]) for row in batch.rows())


def test_fail_fast_stops_what_runs_and_begins_nothing(
    script: Callable[[str], None], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    script(
        f"if epochs == 1:\n    {waits_for(ready)}\n    sys.exit(1)\n"
        f"open({str(ready)!r}, 'w')\ntime.sleep(1000)"
    )

    batch = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, jobs=2, fail_fast=True)

    assert statuses(batch) == ["error", "terminated", None, None]
    assert len(list_runs(batch.home)) == 2
    assert "stopped by fail-fast" in batch.rows()[1]["reason"]


@pytest.mark.usefixtures("waiting")
def test_stopping_keeps_what_has_ended(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)

    batch.stop(by="tester")

    assert statuses(batch) == ["terminated", "terminated", None, None]
    assert "stopped by tester" in batch.rows()[0]["reason"]
    assert len(list_runs(batch.home)) == 2
    assert not batch.running


@pytest.mark.usefixtures("waiting")
def test_one_trial_is_stopped_alone(tmp_path: Path) -> None:
    batch, go = start(tmp_path)

    status = batch.runs[0].stop(by="tester")
    wait_until((tmp_path / "begun-3").exists)
    go.touch()
    batch.wait()

    assert status.name == "terminated"
    assert statuses(batch) == ["terminated", "completed", "completed", "completed"]


@pytest.mark.usefixtures("waiting")
def test_a_plain_signal_stops_all(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)

    os.kill(supervisors(batch)[0].pid, signal.SIGTERM)
    batch.wait()

    assert statuses(batch) == ["terminated", "terminated", None, None]
    assert "stopped by signal" in batch.rows()[0]["reason"]
