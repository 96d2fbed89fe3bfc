"""The index of a frame, written as JSON and read again."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from gage_nb.frame_index import index_data, index_of

INDEXES = {
    "numbers": pd.Index([3, 1], name="site"),
    "words": pd.Index(["b", "a"]),
    "floats": pd.Index([0.5, float("nan")]),
    "days": pd.DatetimeIndex(["2026-01-02", "2026-01-01"], name="day"),
    "zoned": pd.DatetimeIndex(["2026-01-02", "2026-01-01"], tz="Europe/Berlin"),
    "ages": pd.TimedeltaIndex(["1h", "2min"]),
    "months": pd.PeriodIndex(["2026-02", "2026-01"], freq="M"),
    "categories": pd.CategoricalIndex(["x", "y"]),
    "pairs": pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["site", None]),
    "switches": pd.Index([True, False]),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_an_index_is_what_it_was(index: pd.Index[Any]) -> None:
    found = index_of(json.loads(json.dumps(index_data(index))), 2)

    assert found is not None
    assert found.equals(index)
    assert list(found.names) == list(index.names)
    joined = pd.DataFrame({"a": [1, 2]}, index=index).join(pd.DataFrame({"b": [3, 4]}, index=found))
    assert joined["b"].tolist() == [3, 4]


def test_each_row_may_have_several_trials() -> None:
    found = index_of(index_data(pd.Index(["b", "a"])), 4)

    assert found is not None
    assert found.tolist() == ["b", "b", "a", "a"]


def test_a_plain_count_is_that_of_the_trials() -> None:
    found = index_of(index_data(pd.RangeIndex(2)), 2)

    assert found is not None
    assert found.name == "trial"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "index",
        {"levels": []},
        {"levels": [], "names": []},
        {"levels": [{"values": []}], "names": [None]},
        {"levels": [{"values": [1, 2, 3], "dtype": "int64"}], "names": [None]},
        {"levels": [{"values": [1, 2], "dtype": "int64"}], "names": []},
        {"levels": [{"values": 7, "dtype": "int64"}], "names": [None]},
        {"levels": [{"values": [1, 2], "dtype": {}}], "names": [["a"]]},
    ],
)
def test_what_is_no_index_is_none(data: Any) -> None:
    assert index_of(data, 2) is None
