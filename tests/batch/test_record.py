"""The files of a batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch
from tests.batch.trials import start, statuses


@pytest.mark.usefixtures("waiting")
def test_a_torn_line_of_trials_is_passed_over(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)
    batch.stop()
    with Path(batch.directory, "trials").open("a") as file:
        file.write("2 made 1234")
    (tmp_path / "go").touch()

    resumed = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)

    assert statuses(resumed) == ["completed"] * 4


def test_a_log_of_trials_leads_nowhere_else(script: Callable[[str], None], tmp_path: Path) -> None:
    """A trial that was made and never started is removed when its batch is resumed."""
    script("print(lr)")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").touch()
    batch = run_batch("train.py", {"lr": [1, 2]})
    Path(batch.directory, "trials").write_text(f"0 made {victim}\n1 made ../../../victim\n")

    trials = Batch(batch.home, batch.id).trials
    resumed = run_batch("train.py", {"lr": [1, 2]}, resume=True)

    assert [trial.run for trial in trials] == [None, None]
    assert resumed.id == batch.id
    assert statuses(resumed) == ["completed"] * 2
    assert (victim / "precious").exists()


def test_a_plan_of_another_version_is_refused(script: Callable[[str], None]) -> None:
    script("")
    batch = run_batch("train.py", {"epochs": [1]})
    path = Path(batch.directory, "plan.json")
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "schema": 99}))

    with pytest.raises(gage.MetaError, match="version 1 of a batch"):
        Batch(batch.home, batch.id)
