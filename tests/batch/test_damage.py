"""Damaged batches: listing never raises, hangs, or blames another one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch, batch_listing, list_batches
from gage._internal.batch.state import BatchReader
from gage._internal.batch.state_text import batch_text
from gage._internal.errors import GageError
from gage._internal.store.store import list_runs
from gage_nb.views.batch_panel import batch_html
from tests.store.damages import DAMAGES, assert_inert, damaged_file


@pytest.fixture(scope="module")
def batch_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two batches; the first is going to be damaged."""
    directory = tmp_path_factory.mktemp("batches")
    (directory / "train.py").write_text("lr = 0.0\nprint('loss:', lr)\n")
    for values in ([0.1, 0.2], [1.5, 2.5]):
        gage.run("train.py", {"lr": values[0]}, directory=str(directory), runs_home=str(directory))
        rows = [{"lr": value} for value in values]
        run_batch("train.py", rows=rows, directory=str(directory), runs_home=str(directory))
    return directory


BATCH_QUESTIONS: tuple[Callable[[Batch], object], ...] = (
    lambda batch: batch.rows(),
    lambda batch: batch.counts(),
    lambda batch: batch.objective and batch.best(),
    lambda batch: batch.notes,
    lambda batch: batch.trials,
    lambda batch: batch.running,
    lambda batch: batch.check(),
    repr,
)


def ask_about_batches(home: Path, damaged_id: str) -> None:
    """Ask every reader of batches; nothing but an error of ours may come."""
    rows = {row["id"]: row for row in batch_listing(str(home))}
    assert len(rows) == 2
    assert all(row["trials"] == "2 completed" for key, row in rows.items() if key != damaged_id)
    for row in rows.values():
        str(row).encode()
    list_batches(str(home))
    with contextlib.suppress(GageError):
        batch = Batch(str(home), damaged_id)
        for ask in BATCH_QUESTIONS:
            with contextlib.suppress(GageError):
                ask(batch)
        state = BatchReader(batch=batch).read()
        for text in (batch_html(state), batch_text(state)):
            assert_inert(text)
    assert len(list_runs(str(home))) == 6


def batch_files(home: Path) -> tuple[str, list[str]]:
    """Return the id of the older batch and its files."""
    batch = list_batches(str(home))[-1]
    directory = home / ".batches" / batch.id
    names = [path.relative_to(directory) for path in directory.rglob("*") if path.is_file()]
    return batch.id, sorted(map(str, names))


@pytest.mark.parametrize("act", list(DAMAGES))
def test_no_damage_of_a_batch_costs_more_than_the_batch(batch_home: Path, act: str) -> None:
    batch_id, names = batch_files(batch_home)
    assert {"plan.json", "trials", "start.json"} <= {*names}

    for name in names:
        with damaged_file(batch_home / ".batches" / batch_id / name, DAMAGES[act]):
            ask_about_batches(batch_home, batch_id)


def test_a_batch_without_its_plan_is_listed_as_damaged(batch_home: Path) -> None:
    batch_id, _ = batch_files(batch_home)

    with damaged_file(batch_home / ".batches" / batch_id / "plan.json", DAMAGES["empty"]):
        (row,) = [row for row in batch_listing(str(batch_home)) if row["id"] == batch_id]
        batches = gage.batches(runs_home=str(batch_home))
        (batch,) = [batch for batch in batches if batch.id == batch_id]

    assert row["trials"].startswith("damaged: ")
    assert "plan.json" in row["trials"]
    assert row["trials"] == f"damaged: {batch.damage}"
    assert batch.damage in repr(batch)
    assert (batch.trials, batch.runs, batch.counts()) == ([], [], {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trials": 5}, "expected a list as trials"),
        ({"trials": [{}, {}]}, "values that it was asked for"),
        ({"trials": [{"asked": {}, "values": {}}]}, "expected 2 trials, found 1"),
        ({"count": 10**12}, "expected a count up to 100,000"),
        ({"count": "2"}, "expected a number as count"),
        ({"columns": None}, "expected a list as columns"),
        ({"id": "../../elsewhere"}, "as id, found '../../elsewhere'"),
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_damage(
    batch_home: Path, change: dict[str, object], said: str
) -> None:
    batch_id, _ = batch_files(batch_home)
    path = batch_home / ".batches" / batch_id / "plan.json"
    plan = json.dumps(json.loads(path.read_text()) | change)

    def write(file: Path) -> None:
        file.write_text(plan)

    with damaged_file(path, write):
        (batch,) = [batch for batch in list_batches(str(batch_home)) if batch.id == batch_id]

    assert said in batch.damage
