"""Curves: no peak is lost, and the band is the interval of the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gage_nb.plots.curves import Curve, draw_curves, in_columns, mean_of_curves
from gage_nb.plots.picture import new_axes

VALUES = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))


@given(st.lists(VALUES, min_size=1, max_size=200), st.integers(1, 20))
def test_no_peak_is_lost(values: list[float], columns: int) -> None:
    x, y = np.arange(len(values), dtype=float), np.array(values)

    places, mean, low, high = in_columns(x, y, columns)

    finite = y[np.isfinite(y)]
    assert len(places) <= columns
    assert np.all(np.diff(places) > 0)
    if len(finite):
        assert np.nanmax(high) == finite.max()
        assert np.nanmin(low) == finite.min()
    assert np.array_equal(np.isnan(mean), np.isnan(low))
    known = ~np.isnan(mean)
    assert np.all((low[known] <= mean[known] + 1e-6) & (mean[known] <= high[known] + 1e-6))


def curve(x: Sequence[float], y: Sequence[float]) -> Curve:
    return Curve("", np.array(x, dtype=float), np.array(y, dtype=float))


def test_the_band_is_the_interval_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(size=(4, 30))
    steps = list(range(30))

    x, mean, low, high = mean_of_curves([curve(steps, list(row)) for row in values])

    expected = stats.t.interval(0.95, 3, loc=values.mean(axis=0), scale=stats.sem(values))
    assert x.tolist() == steps
    assert mean == pytest.approx(values.mean(axis=0), abs=1e-12)
    assert low == pytest.approx(expected[0], abs=1e-9)
    assert high == pytest.approx(expected[1], abs=1e-9)


def test_curves_with_other_steps_are_interpolated_where_they_are() -> None:
    x, mean, low, _ = mean_of_curves([curve([0, 2, 4], [0, 2, 4]), curve([0, 1, 2], [2, 2, 2])])

    assert x.tolist() == [0, 1, 2, 4]
    assert mean.tolist() == [1, 1.5, 2, 4]
    assert np.isnan(low[-1])


def test_a_gap_is_no_value_of_the_mean() -> None:
    _, mean, low, _ = mean_of_curves([curve([0, 1], [1, np.nan]), curve([0, 1], [3, 5])])

    assert mean.tolist() == [2, 5]
    assert np.isnan(low[1])


@pytest.mark.parametrize("count", [1, 3, 8, 40])
def test_a_legend_or_a_bar_of_colours_names_the_curves(count: int) -> None:
    axes = new_axes()

    draw_curves(
        axes,
        [Curve(f"lr={n}", np.array([0.0, 1]), np.array([n, n]), n) for n in range(count)],
        "lr",
    )

    legend = axes.get_legend()
    names = [text.get_text() for text in legend.get_texts()] if legend else []
    assert names == ([f"lr={n}" for n in range(count)] if 1 < count < 14 else [])
    bars = [each for each in axes.figure.axes if each is not axes]
    assert [bar.get_ylabel() for bar in bars] == (["lr (40 runs)"] if count == 40 else [])


def test_values_that_fall_by_much_have_a_logarithmic_axis() -> None:
    axes = new_axes()

    draw_curves(axes, [curve(list(range(50)), [10.0 ** (-n / 10) for n in range(50)])])

    assert axes.get_yscale() == "log"
