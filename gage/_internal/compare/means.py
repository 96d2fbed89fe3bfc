"""The mean of a metric over runs, with its 95 % interval.

The interval is Student's, mean ± t · std / √n, or a bootstrap: SciPy's `bootstrap` of the mean,
bias-corrected and accelerated, with 9,999 resamples and a fixed seed, so that the same runs give
the same interval.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.compare.student import student_quantile
from gage._internal.errors import GageError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["INTERVALS", "LEVEL", "Mean", "bootstrap_of_difference", "check_interval", "mean_of"]

LEVEL = 0.95
INTERVALS = ("student", "bootstrap")

_RESAMPLES = 9999
_SEED = 0


class Mean(NamedTuple):
    """The mean of so many values; of one value, there is no deviation and no interval.

    `std` is the standard deviation of a sample, with n - 1.
    """

    n: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


def check_interval(kind: str) -> None:
    """Raise an error unless this kind of interval exists and can be computed here.

    Raises
    ------
    OptionError
        If there is no such kind.
    GageError
        If SciPy is missing.
    """
    if kind not in INTERVALS:
        raise OptionError(f"expected {' or '.join(INTERVALS)} for the interval, found {kind!r}")
    if kind == "bootstrap":
        import importlib.util

        if importlib.util.find_spec("scipy") is None:
            raise GageError(
                "the bootstrap interval needs SciPy: pip install 'gage[statistics]'. "
                "Student's interval needs nothing"
            )


def mean_of(values: Sequence[float], interval: str = "student") -> Mean:
    """Return the mean of finite values with its interval."""
    n = len(values)
    if not n:
        return Mean(0, None, None, None, None)
    mean = math.fsum(value / n for value in values)
    if n == 1:
        return Mean(1, mean, None, None, None)
    std = math.sqrt(math.fsum((value - mean) * (value - mean) for value in values) / (n - 1))
    if min(values) == max(values):
        return Mean(n, values[0], 0.0, values[0], values[0])
    if interval == "bootstrap":
        return Mean(n, mean, std, *_bootstrap((values,)))
    reach = student_quantile((1 + LEVEL) / 2, n - 1) * std / math.sqrt(n)
    return Mean(n, mean, std, mean - reach, mean + reach)


def bootstrap_of_difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of `b` minus that of `a`."""
    return _bootstrap((a, b))


def _bootstrap(samples: tuple[Sequence[float], ...]) -> tuple[float, float]:
    import numpy as np
    from scipy.stats import bootstrap

    def statistic(*data: Any, axis: int) -> Any:
        means = [np.mean(values, axis=axis) for values in data]
        return means[0] if len(means) == 1 else means[1] - means[0]

    found = bootstrap(
        samples,
        statistic,
        confidence_level=LEVEL,
        n_resamples=_RESAMPLES,
        # As many resamples at once as fit into 80 MB.
        batch=max(1, 10_000_000 // sum(map(len, samples))),
        method="BCa",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)
