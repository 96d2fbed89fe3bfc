"""The listing of runs: rows for frames, tables and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import OptionError
from gage._internal.index.listing import differing, filter_of, listing
from gage._internal.store.reports import run_rows
from gage._internal.store.store import list_runs
from tests.index.recorded import run_with


def test_a_row_says_what_the_side_car_says(tmp_path: Path) -> None:
    run_with(tmp_path, {"lr": 0.1}, {"loss": 0.5}, 3, label="base", tags=["x"])

    (row,) = listing(str(tmp_path))

    (expected,) = run_rows(list_runs(str(tmp_path)))
    assert {key: row[key] for key in expected} == expected
    assert (row["config"], row["metrics"]) == ({"lr": 0.1}, {"loss": 0.5})
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ([], 3),
        (["status=error"], 1),
        (["exit_code=0"], 2),
        (["label=best of all"], 1),
        (["tag=x", "status=completed"], 1),
        (["lr", ">", "0.1"], 2),
        (["lr > 0.1 and lr < 0.3"], 1),
        (["status=error", "tag=x"], 0),
    ],
    ids=str,
)
def test_a_listing_can_be_narrowed(tmp_path: Path, where: list[str], count: int) -> None:
    run_with(tmp_path, {"lr": 0.1}, label="best of all", tags=["x"])
    run_with(tmp_path, {"lr": 0.2})
    run_with(tmp_path, {"lr": 0.3}, exit_code=1)

    assert len(listing(str(tmp_path), where)) == count


def test_a_position_is_the_one_of_the_whole_listing(tmp_path: Path) -> None:
    run_with(tmp_path, label="best")
    run_with(tmp_path)

    assert [row["position"] for row in listing(str(tmp_path), ["label=best"])] == [2]
    assert [row["position"] for row in listing(str(tmp_path))] == [1, 2]


@pytest.mark.parametrize(
    ("where", "message"),
    [("status", "expected a comparison"), ("stauts=x", "Did you mean 'status'")],
    ids=str,
)
def test_a_wrong_filter_is_a_wrong_line(tmp_path: Path, where: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        listing(str(tmp_path), [where])


def test_words_with_blanks_are_put_in_quotes() -> None:
    assert filter_of(["label=a b", "lr > 1", "x='a b'"]) == "label=\"a b\" lr > 1 x='a b'"


def test_what_differs_is_told_from_what_all_share() -> None:
    rows: list[dict[str, Any]] = [
        {"config": {"lr": 0.2, "epochs": 3, "new": 1}},
        {"config": {"lr": 0.1, "epochs": 3}},
    ]

    assert differing(rows, "config") == (["lr", "new"], {"epochs": 3})
    assert differing(rows[:1], "config") == ([], {"lr": 0.2, "epochs": 3, "new": 1})
    assert differing([], "config") == ([], {})
