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


def test_a_plan_of_another_version_is_refused(script: Callable[[str], None]) -> None:
    script("")
    batch = run_batch("train.py", {"epochs": [1]})
    path = Path(batch.directory, "plan.json")
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "schema": 99}))

    with pytest.raises(gage.MetaError, match="version 1 of a batch"):
        Batch(batch.home, batch.id)
