"""What happened in a run, in the order of time."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
from gage._internal.store.timeline import KINDS, timeline_rows
from tests.making import meta

PROGRAM = """\
import sys

import gage
import matplotlib.pyplot as plt

print("begin")
gage.log(step=3, loss=0.5)
print("warned", file=sys.stderr)
open("made.txt", "w").close()
plt.plot([1, 2])
plt.show()
gage.progress(1, 2, "half")
"""


@pytest.fixture
def run(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "fit.py").write_text(PROGRAM)
    return gage.run("fit.py")


def test_every_kind_of_event_is_there(run: gage.RecordedRun) -> None:
    rows = [row for row in timeline_rows(run) if row["kind"] != "resources"]

    found = {(row["kind"], row["name"], row["text"], row["value"]) for row in rows}
    assert found == {
        *(("phase", name, "", None) for name in ("initialized", "staged", "started", "stopped")),
        ("output", "stdout", "begin", None),
        ("output", "stderr", "warned", None),
        ("metric", "loss", "step 3", 0.5),
        ("file", "added", "made.txt", None),
        ("result", "figure", "figure 1, 640×480 px", None),
        ("progress", "progress", "half", 0.5),
    }


def test_rows_are_in_the_order_of_time(run: gage.RecordedRun) -> None:
    rows = timeline_rows(run)

    times = [row["time_us"] for row in rows]
    assert times == sorted(times)
    assert all(tuple(row) == ("time_us", "kind", "name", "text", "value") for row in rows)
    assert {row["kind"] for row in rows} <= {*KINDS}
    assert [row["name"] for row in rows if row["kind"] == "phase"] == [
        *("initialized", "staged", "started", "stopped")
    ]


def test_what_is_damaged_is_said_and_the_rest_is_there(run: gage.RecordedRun) -> None:
    log = meta(run, "log", "files")
    log.chmod(0o644)
    log.write_text("garbage\n")

    rows = timeline_rows(run)

    assert rows[-1]["kind"] == "damaged"
    assert rows[-1]["name"] == "file"
    assert rows[-1]["time_us"] is None
    assert {"output", "metric", "result", "phase"} <= {row["kind"] for row in rows}


def test_a_staged_run(project: Path, runs_home: Path) -> None:
    (project / "fit.py").write_text(PROGRAM)

    rows = timeline_rows(gage.run("fit.py", stage=True))

    assert [row["name"] for row in rows] == ["initialized", "staged"]
