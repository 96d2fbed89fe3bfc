"""A batch from start to end: its runs and its rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import find_batch
from gage._internal.record.run_meta import read_attr
from gage._internal.sources.selection import select_sourcecode
from tests.batch.trials import statuses


def test_each_trial_is_a_run_of_its_own(script: Callable[[str], None]) -> None:
    script("print('loss:', lr * epochs)\nopen('made.txt', 'w').write(str(lr))")

    batch = run_batch("train.py", {"lr": [0.1, 0.01], "epochs": [5, 10]}, jobs=2)

    assert statuses(batch) == ["completed"] * 4
    assert [run.config for run in batch.runs] == [
        {"lr": lr, "epochs": epochs, "name": "a"} for lr in (0.1, 0.01) for epochs in (5, 10)
    ]
    for index, run in enumerate(batch.runs):
        config = run.config
        assert run.verify() == []
        assert float(run.last_lines().split()[1]) == config["lr"] * config["epochs"]
        assert Path(run.run_dir, "made.txt").read_text() == str(config["lr"])
        assert [entry.type for entry in run.manifest] == ["s", "g"]
        attr = read_attr(run, "sys", "batch")
        assert (attr["id"], attr["index"], attr["count"]) == (batch.id, index, 4)
        assert {"python", "platform", "packages", "git", "batch"} <= run.attrs.keys()
        assert Path(run.run_dir, "train.py").stat().st_mode & 0o222 == 0


def test_rows_join_what_was_asked_and_what_was_given(script: Callable[[str], None]) -> None:
    script("print('loss:', lr)\nprint('lr:', 7)\nif epochs == 2: sys.exit(3)")

    batch = run_batch("train.py", rows=[{"lr": 0.5, "epochs": 1}, {"epochs": 2}], jobs=2)

    rows = batch.rows()
    assert list(rows[0])[:7] == ["index", "run", "status", "duration_us", "lr", "epochs", "loss"]
    assert [row["lr"] for row in rows] == [0.5, 0.1]
    assert [row["epochs"] for row in rows] == [1, 2]
    assert [row["loss"] for row in rows] == [0.5, 0.1]
    assert [row["metric.lr"] for row in rows] == [7, 7]
    assert [row["status"] for row in rows] == ["completed", "error"]
    assert [row["exit_code"] for row in rows] == [0, 3]


def test_a_failed_trial_does_not_stop_the_others(script: Callable[[str], None]) -> None:
    script("if epochs == 1: os.kill(os.getpid(), 9)\nif epochs == 2: raise SystemExit('no')")

    batch = run_batch("train.py", {"epochs": [1, 2, 3]})

    assert statuses(batch) == ["terminated", "error", "completed"]
    with pytest.raises(gage.BatchFailed, match="of 3 trials 2 failed") as caught:
        batch.check()
    assert [status for _, status, _ in caught.value.failed] == ["terminated", "error"]


def test_a_batch_is_found_and_left_out_of_runs_and_sources(
    script: Callable[[str], None], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("")
    monkeypatch.setenv("GAGE_RUNS", str(project / "runs"))

    batch = run_batch("train.py", {"epochs": [1, 2]})

    assert len(gage.runs()) == 2
    assert find_batch(batch.home, batch.name).id == batch.id
    assert select_sourcecode(str(project), ["**/*"]).paths == ["train.py"]
