"""The table of runs that a notebook shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gage_nb import frames
from tests.many_runs import Values, make_runs


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is shown of two runs that share some values."""
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def values(number: int) -> Values:
        shared: dict[str, Any] = {"epochs": 90, "data": "<img>", "size": [1, 2], "none": None}
        return Values({"lr": number / 2, **shared})

    make_runs(tmp_path, 2, values)
    frame: Any = frames.runs()
    assert list(frame["config.epochs"]) == [90, 90]
    return dict(frame._repr_mimebundle_())


def test_what_all_runs_share_is_in_one_line_above(shown: dict[str, str]) -> None:
    first, heading = shown["text/plain"].splitlines()[:2]

    assert first == "all: epochs=90, data=<img>, size=[1, 2]"
    assert "config.lr" in heading
    assert "config.epochs" not in heading
    above, table = shown["text/html"].split("<table")
    assert "all: epochs=90, data=&lt;img&gt;, size=[1, 2]</div>" in above
    assert "config.lr" in table
    assert "config.epochs" not in table


def test_the_values_of_one_run_and_the_frame_itself_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path))
    make_runs(tmp_path, 3, lambda number: Values({"epochs": 90}))
    one: Any = frames.runs(limit=1)

    assert "all:" not in one._repr_mimebundle_()["text/plain"]
    assert "config.epochs" in one._repr_html_()
    assert "config.epochs" in pd.DataFrame(frames.runs()).columns
