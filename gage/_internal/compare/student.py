"""Student's distribution and the noncentral one, without SciPy.

Both rest on the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22,
https://dlmf.nist.gov/8.17). The noncentral distribution is the series of Lenth's algorithm AS 243
(Applied Statistics 38, 1989). SciPy gives the same to ten digits; tests hold it to that.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["noncentral_cdf", "student_cdf", "student_quantile"]

_TINY = 1e-300
_SMALL = 1e-16
_MOST_STEPS = 100_000
_LARGEST_SHIFT = 37.0  # beyond it, exp(-shift² / 2) is zero


def student_cdf(t: float, freedom: float) -> float:
    """Return the probability that Student's variable is at most `t`."""
    if math.isinf(t):
        return 1.0 if t > 0 else 0.0
    above = _beta(freedom / 2, 0.5, *_parts(t, freedom)[::-1]) / 2
    return 1 - above if t > 0 else above


@lru_cache(maxsize=1024)
def student_quantile(probability: float, freedom: float) -> float:
    """Return the value that Student's variable exceeds with probability 1 - `probability`."""
    if probability < 0.5:
        return -student_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < probability:
        low, high = high, 2 * high
    t = min(max(NormalDist().inv_cdf(probability), low), high) if probability < 1 else high
    for _ in range(200):
        error = student_cdf(t, freedom) - probability
        low, high = (t, high) if error < 0 else (low, t)
        following = t - error / _density(t, freedom)  # Newton's step, else the middle
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - t) <= 1e-15 * max(1.0, abs(t)):
            break
        t = following
    return t


def noncentral_cdf(t: float, freedom: float, shift: float) -> float:
    """Return the probability that the noncentral variable is at most `t`.

    Raises
    ------
    ValueError
        If the shift is beyond the range of the series.
    """
    if abs(shift) > _LARGEST_SHIFT:
        raise ValueError(f"expected a shift of at most {_LARGEST_SHIFT:g}, found {shift:g}")
    if t < 0:
        return 1 - noncentral_cdf(-t, freedom, -shift)
    x, rest = _parts(t, freedom)
    half = shift * shift / 2
    even = math.exp(-half)
    odd = shift * even / (math.sqrt(2) * math.gamma(1.5))
    betas = zip(_betas(0.5, freedom / 2, x, rest), _betas(1.0, freedom / 2, x, rest), strict=True)
    total, left = 0.0, 1.0
    for step, (beta_even, beta_odd) in enumerate(betas):
        total += even * beta_even + odd * beta_odd
        left -= even
        if step > half and abs(left) < 1e-13 and abs(odd) < 1e-14:
            break
        even *= half / (step + 1)
        odd *= half / (step + 1.5)
    return min(max(NormalDist().cdf(-shift) + total / 2, 0.0), 1.0)


def _betas(a: float, b: float, x: float, rest: float) -> Iterator[float]:
    """Yield the incomplete beta function for a, a + 1, a + 2 and so on (DLMF 8.17.20)."""
    value = _beta(a, b, x, rest)
    if not 0 < x < 1:
        yield from (value for _ in range(_MOST_STEPS))
        return
    term = math.exp(
        math.lgamma(a + b)
        - math.lgamma(a + 1)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log(rest)
    )
    for step in range(_MOST_STEPS):
        yield value
        value -= term
        term *= x * (a + b + step) / (a + 1 + step)


def _parts(t: float, freedom: float) -> tuple[float, float]:
    """Return t²/(n+t²) and n/(n+t²)."""
    if abs(t) > 1e150:
        return 1.0, 0.0
    square = t * t
    return square / (freedom + square), freedom / (freedom + square)


def _density(t: float, freedom: float) -> float:
    logarithm = (
        math.lgamma((freedom + 1) / 2)
        - math.lgamma(freedom / 2)
        - math.log(freedom * math.pi) / 2
        - (freedom + 1) / 2 * math.log1p(t * t / freedom)
    )
    return max(math.exp(logarithm), _TINY)


def _beta(a: float, b: float, x: float, rest: float) -> float:
    """Return the regularised incomplete beta function of x, where `rest` is 1 - x."""
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_series(b, a, rest, x)
    return _beta_series(a, b, x, rest)


def _beta_series(a: float, b: float, x: float, rest: float) -> float:
    """Return the function by its continued fraction, in Lentz's form."""
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(front + a * math.log(x) + b * math.log(rest)) / a
    up, down = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = down
    for step in range(1, _MOST_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        change = 1.0
        for part in (even, odd):
            down = 1 / _away_from_zero(1 + part * down)
            up = _away_from_zero(1 + part / up)
            change = up * down
            fraction *= change
        if abs(change - 1) < _SMALL * 4:
            break
    return front * fraction


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
