"""A filter finds the runs whose rows in the frame of all runs satisfy it, whatever it says."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

import gage
from gage_nb import frames, run_frames
from tests.gage_nb.drawn_filters import (
    AGES_US,
    ATTRIBUTES,
    CONFIG,
    DURATIONS_US,
    FILTERS,
    LABELS,
    METRICS,
    TAGS,
    Filter,
    Row,
)
from tests.many_runs import Values, make_runs

COUNT = 40


@dataclass(frozen=True)
class Store:
    """A directory of runs, and the rows of its frame."""

    home: str
    rows: list[Row] = field(repr=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Make some dozens of runs; return the rows of their frame."""
    home = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAGE_RUNS", str(home))
        patch.setenv("TZ", "Europe/Berlin")  # where days have 23, 24 and 25 hours
        time.tzset()
        now = dt.datetime.now(dt.UTC)
        # The last hour of a day of 25 hours, and the first one of the day after.
        turns = [dt.datetime(2026, 10, 25, hour, 30, tzinfo=dt.UTC) for hour in (22, 23)]
        ages_us = [*AGES_US, *(int((now - turn).total_seconds() * 1e6) for turn in turns)]
        make_runs(home, COUNT, lambda number: _values(random.Random(number), ages_us))
        run_frames.forget()
        frame = frames.runs(measures=["min", "max", "count"])
        assert len(frame) == COUNT
        yield Store(str(home), [_row(row) for row in frame.to_dict("records")])
    time.tzset()


def _values(chosen: random.Random, ages_us: list[int]) -> Values:
    def some(choices: dict[str, list[Any]]) -> Row:
        return {
            key: chosen.choice(known) for key, known in choices.items() if chosen.random() < 0.8
        }

    user = {"label": chosen.choice(LABELS), "tags": chosen.choice(TAGS)}
    return Values(
        some(CONFIG),
        some(METRICS),
        some(ATTRIBUTES),
        {key: value for key, value in user.items() if value},
        chosen.choice(["train", "2h", "prepare.py"]),
        chosen.choice([0, 0, 1, 3, -9]),
        chosen.choice(ages_us),
        chosen.choice(DURATIONS_US),
    )


def _row(row: dict[Any, Any]) -> Row:
    """Return the values of a row as Python's, without those that are missing."""
    found = {}
    for name, value in row.items():
        if not pd.api.types.is_scalar(value) or not pd.isna(value):
            found[str(name)] = value.item() if hasattr(value, "item") else value
    if not found["reason"]:
        del found["reason"]
    found["stopped"] = found["started"] + found["duration"]
    return found


@settings(max_examples=150, deadline=None)
@given(FILTERS)
def test_a_filter_finds_the_rows_that_satisfy_it(store: Store, drawn: Filter) -> None:
    text, holds = drawn
    before = dt.datetime.now(dt.UTC)

    found = [run.name for run in gage.runs(text, runs_home=store.home)]

    after = dt.datetime.now(dt.UTC)
    # At midnight, "today" may be another day before than after.
    assert found in [
        [row["run"] for row in store.rows if holds(row, now)] for now in (before, after)
    ], text
