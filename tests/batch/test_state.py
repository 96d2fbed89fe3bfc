"""What is known of a batch at one moment, from its files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch
from gage._internal.batch.state import WAITING, BatchReader, BatchState, in_order
from gage._internal.batch.state_text import batch_text
from tests.making import wait_until

HALF = """\
import gage, os, time
n = 0
gage.progress(1, 2)
gage.log(loss=0.25)
while not os.path.exists({path!r}): time.sleep(0.01)
"""
BARS = """\
import os, sys, time
n = 0
print("\\r 50%|#####     | 2/4 [00:00<00:01,  5.0it/s]", end="", file=sys.stderr, flush=True)
while not os.path.exists({path!r}): time.sleep(0.01)
"""


@pytest.fixture
def end(project: Path, runs_home: Path) -> Iterator[Path]:
    """The file that ends the trials of a test."""
    path = project.parent / "end"
    yield path
    path.touch()


def state_when(batch: Batch, reader: BatchReader, done: float) -> BatchState:
    """Return the first state with this much done."""
    deadline_s = time.monotonic() + 60
    while (state := reader.read()).done != done:
        assert time.monotonic() < deadline_s, state
        time.sleep(0.01)
    return state


@pytest.mark.parametrize("program", [HALF, BARS], ids=["reported", "printed"])
def test_a_trial_that_is_half_done_counts_by_half(end: Path, program: str) -> None:
    Path("t.py").write_text(program.format(path=str(end)))
    batch = run_batch("t.py", {"n": [1, 2, 3, 4]}, jobs=2, background=True)
    reader = BatchReader(batch=batch)

    state = state_when(batch, reader, 0.25)

    assert state.finished == 0
    assert state.counts == {"running": 2, WAITING: 2}  # staged ahead is waiting too
    assert [row.status for row in state.rows] == ["running"] * 2 + [WAITING] * 2
    assert re.search(r"0 of 4 · \d+:\d\d", batch_text(state))
    end.touch()
    batch.wait()
    assert reader.read().done == 1.0


def test_a_running_trial_shows_its_metrics(end: Path) -> None:
    Path("t.py").write_text(HALF.format(path=str(end)))
    batch = run_batch("t.py", {"n": [1]}, background=True)
    reader = BatchReader(batch=batch)

    wait_until(lambda: reader.read().metrics)

    assert reader.read().rows[0].metrics == {"loss": 0.25}


def test_the_time_of_a_resumed_batch_begins_again(end: Path) -> None:
    Path("t.py").write_text(HALF.format(path=str(end)))
    batch = run_batch("t.py", {"n": [1, 2]}, background=True)
    state_when(batch, BatchReader(batch=batch), 0.25)
    batch.stop()
    plan = batch.plan["created_us"]
    again = run_batch("t.py", {"n": [1, 2]}, resume=True, background=True)
    started = Path(again.directory, "start.json")
    began_s = time.time() - 5
    os.utime(started, (began_s, began_s))

    state = BatchReader(batch=again).read()

    assert (again.id, again.plan["created_us"]) == (batch.id, plan)
    assert state.seconds is not None
    assert 5 <= state.seconds <= time.time() - began_s + 0.01  # the file's time is rounded


def test_of_many_trials_those_that_run_or_failed_and_the_best_come_first() -> None:
    statuses = ["completed"] * 30
    statuses[25:28] = ["error", "running", WAITING]

    order = in_order(statuses, best=29)

    assert order[:4] == [26, 25, 29, 0]
    assert order[-1] == 27
