"""Values that are drawn, and searches."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.process.ending import kill, wait_for_exit
from tests.batch.trials import statuses, supervisors, waits_for
from tests.making import wait_until


def test_draws_are_recorded(script: Callable[[str], None]) -> None:
    script("print(lr)")

    batch = run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=3, seed=7)
    again = run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=3, seed=7)

    drawn = [run.config["lr"] for run in batch.runs]
    assert len(set(drawn)) == 3
    assert all(1e-4 <= lr <= 1e-1 for lr in drawn)
    assert drawn == [run.config["lr"] for run in again.runs]


@pytest.mark.filterwarnings("ignore")
def test_a_search_finds_a_minimum(script: Callable[[str], None]) -> None:
    script("if epochs == 3: sys.exit(1)\nprint('loss:', (lr - 0.3) ** 2 + (name == 'b'))")

    batch = run_batch(
        "train.py",
        {"lr": "uniform(0, 1)", "name": "[a, b]", "epochs": "randint(1, 3)"},
        trials=25,
        seed=3,
        optimize="minimize:loss",
        jobs=2,
    )

    best = batch.best()
    assert best is not None
    assert batch.count == 25
    assert abs(best.config["lr"] - 0.3) < 0.2
    assert best.config["name"] == "a"
    assert {run.config["epochs"] for run in batch.runs} <= {1, 2, 3}
    assert set(batch.rows()[0]) >= {"lr", "name", "epochs", "loss"}
    losses = [row["loss"] for row in batch.rows() if row["status"] == "completed"]
    assert batch.rows()[batch.runs.index(best)]["loss"] == min(losses)


@pytest.mark.filterwarnings("ignore")
def test_a_metric_that_nobody_gives_is_an_error(script: Callable[[str], None]) -> None:
    script("print('losss:', lr)")

    batch = run_batch("train.py", {"lr": "uniform(0, 1)"}, trials=2, optimize="minimize:loss")

    with pytest.raises(gage.BatchFailed, match=r"'loss'.*Did you mean 'losss'.*Metrics: losss"):
        batch.check()


@pytest.mark.skipif(sys.platform != "linux", reason="the keeper holds pipes on Linux only")
@pytest.mark.filterwarnings("ignore")
def test_the_keeper_goes_on_with_a_search(script: Callable[[str], None], tmp_path: Path) -> None:
    script(
        f"open({str(tmp_path / 'begun')!r}, 'w')\n{waits_for(tmp_path / 'go')}\nprint('loss:', lr)"
    )
    batch = run_batch(
        "train.py", {"lr": "uniform(0, 1)"}, trials=3, optimize="minimize:loss", background=True
    )
    wait_until((tmp_path / "begun").exists)
    supervisor, _ = supervisors(batch)

    kill(supervisor, signal.SIGKILL)
    wait_for_exit(supervisor, 60)
    (tmp_path / "go").touch()
    batch.wait()

    assert statuses(batch) == ["completed"] * 3
    batch.check()
