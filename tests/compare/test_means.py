"""Means and their intervals are those of pandas and SciPy."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gage._internal.compare.means import (
    Mean,
    bootstrap_of_difference,
    check_interval,
    mean_of,
)
from gage._internal.errors import GageError, OptionError

SEVERAL = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


@given(SEVERAL)
def test_mean_and_student_interval(values: list[float]) -> None:
    found = mean_of(values)

    series = pd.Series(values)
    size = max(map(abs, values))
    assert found.n == len(values)
    assert found.mean == pytest.approx(series.mean(), rel=1e-12, abs=1e-12 * size)
    assert found.std == pytest.approx(series.std(), rel=1e-9, abs=1e-9 * size)
    if series.std() > 1e-6:
        scale = series.std() / np.sqrt(len(values))
        low, high = stats.t.interval(0.95, len(values) - 1, loc=series.mean(), scale=scale)
        assert found.low == pytest.approx(low, rel=1e-9, abs=1e-9 * size)
        assert found.high == pytest.approx(high, rel=1e-9, abs=1e-9 * size)


def test_bootstrap_interval() -> None:
    values = [0.1, 0.4, 0.35, 0.9, 0.3, 0.2]

    found = mean_of(values, "bootstrap")

    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert mean_of(values, "bootstrap") == found


def test_bootstrap_interval_of_a_difference() -> None:
    a, b = [0.1, 0.4, 0.35, 0.9], [1.3, 1.2, 1.5]

    found = bootstrap_of_difference(a, b)

    expected = stats.bootstrap(
        (a, b),
        lambda x, y, axis: np.mean(y, axis=axis) - np.mean(x, axis=axis),
        n_resamples=9999,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("kind", ["student", "bootstrap"])
def test_values_that_are_all_the_same(kind: str) -> None:
    assert mean_of([0.1] * 3, kind) == Mean(3, 0.1, 0.0, 0.1, 0.1)


def test_one_value_and_none() -> None:
    assert mean_of([2.0]) == Mean(1, 2.0, None, None, None)
    assert mean_of([]) == Mean(0, None, None, None, None)


def test_large_values_do_not_overflow() -> None:
    assert mean_of([1.7e308, 1.7e308]).mean == pytest.approx(1.7e308)
    assert mean_of([1.7e308, -1.7e308]).mean == 0


def test_an_unknown_interval_is_refused() -> None:
    with pytest.raises(OptionError, match="expected student or bootstrap"):
        check_interval("normal")


def test_the_bootstrap_without_scipy_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "scipy" else find(name)
    )

    check_interval("student")
    with pytest.raises(GageError, match=r"pip install 'gage\[statistics\]'"):
        check_interval("bootstrap")
