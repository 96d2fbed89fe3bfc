"""Whether two groups of runs differ by more than chance, and how many runs would tell.

Runs of both groups with the same value of what is left out (the seed) are pairs, and the test is
Student's of their differences. If fewer than half of the runs have a partner, it is Welch's test of
two means. Two groups are told apart if p < 0.05 and the 95 % interval of the difference does not
contain zero.

The number of runs that would tell is the smallest with which the same test finds a difference as
large as the present one with a probability of 0.8 (Cohen, Statistical Power Analysis for the
Behavioral Sciences, 2nd edition 1988, chapter 2), by the noncentral distribution (`student`).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.compare.means import LEVEL, bootstrap_of_difference, mean_of
from gage._internal.compare.student import noncentral_cdf, student_cdf, student_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

__all__ = ["POWER", "Chance", "chance_of", "needed_pairs", "needed_per_group"]

POWER = 0.8
_MOST_RUNS = 1_000_000
# A difference of this part of the values comes from rounding, even if it is always the same.
_ROUNDING = 1e-12


class Chance(NamedTuple):
    """A difference of two means, the second minus the first.

    Attributes
    ----------
    low, high
        Its 95 % interval; None if a group has one run only.
    p
        The probability of a difference at least as large by chance.
    pairs
        The number of pairs; 0 if the test is that of two means.
    is_apart
        Whether it is more than chance; None if a group has one run only.
    needed
        How many runs of each group would tell; None if they are told apart, or no number would.
    """

    delta: float
    low: float | None
    high: float | None
    p: float | None
    pairs: int
    is_apart: bool | None
    needed: int | None


def chance_of(
    a: Mapping[Hashable, Sequence[float]],
    b: Mapping[Hashable, Sequence[float]],
    interval: str = "student",
) -> Chance | None:
    """Compare the values of two groups, given by what makes pairs; None if a group has none.

    Several values with the same key count as one, their mean.
    """
    values_a = [value for values in a.values() for value in values]
    values_b = [value for values in b.values() for value in values]
    if not values_a or not values_b:
        return None
    common = [key for key in a if key in b]
    if len(common) >= 2 and 2 * len(common) >= min(len(a), len(b)):
        found = _paired([_mean(b[key]) - _mean(a[key]) for key in common], interval)
    else:
        found = _welch(values_a, values_b, interval)
    if abs(found.delta) <= _ROUNDING * max(map(abs, (*values_a, *values_b))):
        return found._replace(is_apart=found.is_apart and False, needed=None)
    return found


def needed_pairs(effect: float) -> int | None:
    """Return how many pairs tell an effect, the mean of differences over their deviation."""
    effect = abs(effect)
    return _smallest(lambda n: _power(n - 1, effect * math.sqrt(n)), effect)


def needed_per_group(effect: float) -> int | None:
    """Return how many runs of each group tell an effect, the difference over the deviation."""
    effect = abs(effect) / math.sqrt(2)
    return _smallest(lambda n: _power(2 * n - 2, effect * math.sqrt(n)), effect)


def _paired(differences: Sequence[float], interval: str) -> Chance:
    found = mean_of(differences, interval)
    delta, std, n = found.mean or 0.0, found.std or 0.0, found.n
    p = _p(delta, std / math.sqrt(n), n - 1)
    return _judged(
        Chance(delta, found.low, found.high, p, n, None, None),
        needed_pairs(delta / std) if std else None,
        n,
    )


def _welch(a: Sequence[float], b: Sequence[float], interval: str) -> Chance:
    of_a, of_b = mean_of(a), mean_of(b)
    delta = (of_b.mean or 0.0) - (of_a.mean or 0.0)
    if of_a.std is None or of_b.std is None:
        return Chance(delta, None, None, None, 0, None, None)
    parts = [of_a.std * of_a.std / of_a.n, of_b.std * of_b.std / of_b.n]
    error = math.sqrt(sum(parts))
    if not error:
        return _judged(Chance(delta, delta, delta, _p(delta, 0, 1), 0, None, None), None, of_a.n)
    # Shares, since squares of small variances would vanish.
    shares = [part / sum(parts) for part in parts]
    freedom = 1 / (shares[0] ** 2 / (of_a.n - 1) + shares[1] ** 2 / (of_b.n - 1))
    if interval == "bootstrap":
        low, high = bootstrap_of_difference(a, b)
    else:
        reach = student_quantile((1 + LEVEL) / 2, freedom) * error
        low, high = delta - reach, delta + reach
    pooled = math.hypot(of_a.std, of_b.std) / math.sqrt(2)
    p = _p(delta, error, freedom)
    needed = needed_per_group(delta / pooled)
    return _judged(Chance(delta, low, high, p, 0, None, None), needed, min(of_a.n, of_b.n))


def _judged(found: Chance, needed: int | None, n: int) -> Chance:
    """Return a difference with the judgement whether it is more than chance."""
    is_apart = (
        found.p is not None
        and found.low is not None
        and found.high is not None
        and found.p < 1 - LEVEL
        and not found.low <= 0 <= found.high
    )
    if is_apart or needed is None:
        return found._replace(is_apart=is_apart)
    return found._replace(is_apart=False, needed=max(needed, n + 1))


def _p(delta: float, error: float, freedom: float) -> float:
    if not error:
        return 0.0 if delta else 1.0
    return 2 * student_cdf(-abs(delta / error), freedom)


def _power(freedom: float, shift: float) -> float:
    """Return the probability that a two-sided test finds an effect that is there."""
    limit = student_quantile((1 + LEVEL) / 2, freedom)
    try:
        below = noncentral_cdf(limit, freedom, shift)
        return 1 - below + noncentral_cdf(-limit, freedom, shift)
    except ValueError:  # so large a shift is found with one degree of freedom too
        return 1.0


def _smallest(power: Callable[[int], float], effect: float) -> int | None:
    """Return the smallest number with enough power; None if it is beyond a million."""
    if not effect or not math.isfinite(effect):
        return None
    normal = NormalDist()
    about = (normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER)) / effect
    if about * about > _MOST_RUNS:
        return None
    # The normal distribution says a few runs too little.
    low = max(1, int(about * about) - 1)
    reach = 4
    while power(high := low + reach) < POWER:
        low, reach = high, 2 * reach
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def _mean(values: Sequence[float]) -> float:
    return math.fsum(value / len(values) for value in values)
