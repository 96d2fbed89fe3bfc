"""Student's distributions are those of SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from gage._internal.compare.student import noncentral_cdf, student_cdf, student_quantile

FREEDOMS = st.one_of(st.integers(1, 20_000), st.floats(1, 500))


@given(st.floats(-60, 60), FREEDOMS)
def test_cdf(t: float, freedom: float) -> None:
    assert student_cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-9)


@given(st.floats(0.001, 0.999), FREEDOMS)
def test_quantile(probability: float, freedom: float) -> None:
    expected = stats.t.ppf(probability, freedom)

    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("t", [float("inf"), 1e200])
def test_the_end_of_the_distribution(t: float) -> None:
    assert student_cdf(t, 3) == 1
    assert student_cdf(-t, 3) == 0


@given(st.floats(-20, 20), st.integers(1, 5000), st.floats(-15, 15))
def test_noncentral_cdf(t: float, freedom: float, shift: float) -> None:
    expected = stats.nct.cdf(t, freedom, shift)
    assume(math.isfinite(expected))  # SciPy gives NaN for some values far from the middle

    assert noncentral_cdf(t, freedom, shift) == pytest.approx(expected, abs=1e-8)


def test_a_shift_beyond_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a shift"):
        noncentral_cdf(1, 2, 40)
