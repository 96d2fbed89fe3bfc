"""Which runs are compared, with what, and how it is known what is better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import gage
from gage._internal.api.comparing import Asked, chosen_rows, compare
from gage._internal.errors import OptionError, RunNotFound
from gage._internal.store.trash import delete_run

PROGRAM = "lr = 0.1\nseed = 0\nprint('loss:', round(1 - lr + seed / 100, 4))\n"


@pytest.fixture
def home(project: Path, runs_home: Path) -> str:
    (project / "fit.py").write_text(PROGRAM)
    return str(runs_home)


@pytest.fixture
def made(home: str) -> list[gage.RecordedRun]:
    return gage.run_batch("fit.py", {"lr": [0.1, 0.2], "seed": [1, 2]}).runs


def test_all_runs_are_compared_the_newest_first(
    home: str, made: Sequence[gage.RecordedRun]
) -> None:
    found = compare(home, chosen_rows(home), Asked())

    assert [row["run"] for row in found.rows] == [run.name for run in made[::-1]]
    assert list(found.rows[0]) == ["run", "config.lr", "config.seed", "metric.loss", "id"]


def test_named_runs_keep_their_order(home: str, made: Sequence[gage.RecordedRun]) -> None:
    rows = chosen_rows(home, [made[2].name, made[0], made[2].id, "1"])

    assert [row["id"] for row in rows] == [made[2].id, made[0].id, made[3].id]


def test_runs_of_another_directory_of_runs(
    home: str, made: Sequence[gage.RecordedRun], tmp_path: Path
) -> None:
    other = gage.run("fit.py", runs_home=str(tmp_path / "others"))

    assert [row["id"] for row in chosen_rows(home, [other, made[0]])] == [other.id, made[0].id]


def test_a_filter_chooses(home: str, made: Sequence[gage.RecordedRun]) -> None:
    assert [row["run"] for row in chosen_rows(home, where="lr = 0.2 and seed = 1")] == [
        made[2].name
    ]


def test_a_run_that_is_gone_is_an_error(home: str, made: Sequence[gage.RecordedRun]) -> None:
    delete_run(made[0])

    with pytest.raises(RunNotFound, match="any more"):
        chosen_rows(home, [made[0]])


def test_a_baseline_outside_of_the_runs_is_added(
    home: str, made: Sequence[gage.RecordedRun]
) -> None:
    found = compare(home, chosen_rows(home, [made[1]]), Asked(baseline=made[0].name))

    assert [row["run"] for row in found.rows] == [made[0].name, made[1].name]
    assert found.rows[1]["delta.loss"] == pytest.approx(0.01)


def test_the_baseline_of_groups_is_a_run_or_a_filter(
    home: str, made: Sequence[gage.RecordedRun]
) -> None:
    rows = chosen_rows(home)

    by_run = compare(home, rows, Asked(baseline=made[3], by="all but seed", minimize=["loss"]))
    by_filter = compare(home, rows, Asked(baseline="lr=0.2", by="lr", minimize=["loss"]))

    assert by_run == by_filter
    assert [row["config.lr"] for row in by_run.rows] == [0.2, 0.1]
    assert by_run.rows[1]["change.loss"] == "worse"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(baseline="seed=1", by="lr"), r"expected runs of one group .* in 2 groups"),
        (Asked(baseline="lr=0.1"), "expected one run as the baseline, found"),
        (Asked(by="sed"), "Did you mean 'seed'"),
        (Asked(minimize=["los"]), "Did you mean 'loss'"),
        (Asked(interval="normal"), "expected student or bootstrap"),
    ],
)
def test_a_wrong_request(
    home: str, made: Sequence[gage.RecordedRun], asked: Asked, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        compare(home, chosen_rows(home), asked)


def test_a_baseline_that_no_run_is(home: str, made: Sequence[gage.RecordedRun]) -> None:
    with pytest.raises(RunNotFound, match="none of the runs is a baseline"):
        compare(home, chosen_rows(home, where="lr = 0.1"), Asked(baseline="lr=0.2"))


def test_the_objective_of_a_batch_says_what_is_better(home: str) -> None:
    pytest.importorskip("optuna")
    gage.run_batch("fit.py", {"lr": "uniform(0, 1)"}, trials=2, optimize="minimize:loss", seed=1)
    batch = gage.batches()[0]

    found = compare(home, chosen_rows(home), Asked(baseline="1"))

    assert found.notes == [f"loss: lower is better (batch {batch.name})"]
    assert found.rows[0]["change.loss"] == "same"
