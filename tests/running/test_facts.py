"""What a run leaves for the index: the same as its other files say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gage
from gage._internal.process.ending import wait_for_exit
from gage._internal.record.status import live_supervisors
from gage._internal.running.facts import write_facts

PROGRAM = """\
import gage, json
print("loss: 0.5")
print("loss: 0.25")
gage.log(acc=0.75, step=4)
json.dump({"metrics": {"f1": 0.5, "loss": 9}}, open("summary.json", "w"))
"""


def test_metrics_are_those_of_all_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "train.py").write_text(PROGRAM)
    run = gage.run("train.py")
    for supervisor in live_supervisors(run):
        wait_for_exit(supervisor)
    facts = Path(run.meta_dir, "facts.json")
    left = json.loads(facts.read_text())

    assert left["metrics"] == {
        "loss": [0.25, 0.25, 0.5, 1, 2],
        "acc": [0.75, 0.75, 0.75, 4, 1],
        "f1": [0.5, 0.5, 0.5, None, 1],
    }
    write_facts(run)  # this time from the files
    assert json.loads(facts.read_text()) == left
