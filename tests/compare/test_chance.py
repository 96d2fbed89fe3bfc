"""Differences by more than chance are those of SciPy's tests; so is the number of runs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from gage._internal.compare.chance import POWER, chance_of, needed_pairs, needed_per_group

VALUES = st.lists(st.floats(-1000, 1000), min_size=2, max_size=30)
EFFECTS = [0.05, 0.11, 0.2, 0.5, 0.9, 1.3, 2.5, 6.0, 40.0]


def by_seed(values: Sequence[float], first: int = 0) -> dict[Hashable, Sequence[float]]:
    return {seed: [value] for seed, value in enumerate(values, first)}


@given(st.lists(st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)), min_size=2))
def test_pairs(pairs: list[tuple[float, float]]) -> None:
    a, b = zip(*pairs, strict=True)
    differences = np.subtract(b, a)
    assume(differences.std() > 1e-6)

    found = chance_of(by_seed(a), by_seed(b))

    expected = stats.ttest_rel(b, a)
    interval = expected.confidence_interval()
    assert found is not None
    assert found.pairs == len(pairs)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-6)


@given(VALUES, VALUES)
def test_runs_without_partners(a: list[float], b: list[float]) -> None:
    assume(np.std(a) > 1e-6 and np.std(b) > 1e-6)

    found = chance_of(by_seed(a), by_seed(b, first=100))

    expected = stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval()
    assert found is not None
    assert found.pairs == 0
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_runs_with_the_same_seed_count_as_one() -> None:
    a: dict[Hashable, Sequence[float]] = {0: [1.0, 3.0], 1: [2.0]}
    b: dict[Hashable, Sequence[float]] = {0: [5.0], 1: [2.5, 4.5]}

    assert chance_of(a, b) == chance_of(by_seed([2.0, 2.0]), by_seed([5.0, 3.5]))


def test_few_partners_do_not_make_a_test_of_pairs() -> None:
    found = chance_of(by_seed([1.0, 2.0, 3.0, 4.0, 5.0]), by_seed([1.0, 2.0, 3.5, 4, 5], first=3))

    assert found is not None
    assert found.pairs == 0


def test_one_run_each_says_nothing() -> None:
    found = chance_of(by_seed([1.0]), by_seed([2.0]))

    assert found is not None
    assert (found.delta, found.is_apart, found.needed) == (1.0, None, None)
    assert chance_of(by_seed([]), by_seed([2.0])) is None


def test_a_difference_that_is_always_the_same_is_no_chance() -> None:
    found = chance_of(by_seed([1.0, 2.0]), by_seed([2.0, 3.0]))

    assert found is not None
    assert (found.is_apart, found.p, found.needed) == (True, 0, None)


@pytest.mark.parametrize("first", [0, 50], ids=["pairs", "two means"])
def test_rounding_is_no_difference(first: int) -> None:
    found = chance_of(by_seed([0.3, 0.3]), by_seed([0.1 + 0.2, 0.1 + 0.2], first))

    assert found is not None
    assert (found.is_apart, found.needed) == (False, None)


def test_the_bootstrap_has_its_say() -> None:
    found = chance_of(by_seed([1.0, 2.0, 3.0]), by_seed([1.5, 2.6, 3.4]), "bootstrap")

    expected = stats.bootstrap(
        ([0.5, 0.6, 0.4],), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
    ).confidence_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def power(freedom: float, shift: float) -> float:
    """Return SciPy's power of a two-sided test; it has no value where a tail is empty."""
    limit = stats.t.ppf(0.975, freedom)
    below, above = stats.nct.cdf([-limit, limit], freedom, shift)
    return 1 - float(above) + float(np.nan_to_num(below))


def power_of_pairs(n: int, effect: float) -> float:
    return power(n - 1, effect * math.sqrt(n))


def power_of_groups(n: int, effect: float) -> float:
    return power(2 * n - 2, effect * math.sqrt(n / 2))


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_number_of_pairs_is_the_smallest_with_enough_power(effect: float, sign: int) -> None:
    n = needed_pairs(sign * effect)

    assert n is not None
    assert power_of_pairs(n, effect) >= POWER
    assert n == 2 or power_of_pairs(n - 1, effect) < POWER


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_number_of_runs_is_the_smallest_with_enough_power(effect: float) -> None:
    n = needed_per_group(effect)

    assert n is not None
    assert power_of_groups(n, effect) >= POWER
    assert n == 2 or power_of_groups(n - 1, effect) < POWER


def test_known_numbers() -> None:
    """Cohen 1988: table 2.4.1 has 64 for a medium effect; G*Power 3.1 has 34 pairs."""
    assert needed_per_group(0.5) == 64
    assert needed_pairs(0.5) == 34


def test_no_number_of_runs_tells_what_is_not_there() -> None:
    assert needed_pairs(0) is None
    assert needed_per_group(1e-6) is None
