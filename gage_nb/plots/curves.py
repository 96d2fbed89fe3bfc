"""Curves of a metric: one for each run, or the mean of each group with its band.

Of many points, each column of pixels has its mean as a line, and all from its lowest to its highest
value lightly coloured, so that no peak is lost. A value that is not finite is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from gage._internal.compare.means import LEVEL
from gage._internal.compare.student import student_quantile
from gage._internal.people import format_count
from gage_nb.plots.picture import COLOURS
from gage_nb.plots.scales import is_logarithmic, number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Curve", "draw_bands", "draw_curves", "in_columns", "mean_of_curves"]

_COLUMNS = 450  # two pixels wide each
_GRID = _COLUMNS
_MOST_IN_LEGEND = len(COLOURS) * 2
_STYLES = ("-", "--")
# Many curves: smooth edges would make the picture three times as large.
_SHADES = 16
_MANY: dict[str, Any] = {"linewidth": 0.9, "antialiased": False}
# Losses are looked at on a logarithmic axis if they fall by more than this.
_LOG_RATIO = 1000.0


@dataclass(frozen=True)
class Curve:
    """The course of a metric: places and values, sorted by place.

    `key` is the value of the key by which many curves are coloured.
    """

    label: str
    x: Floats
    y: Floats
    key: Any = None


def draw_curves(axes: Axes, curves: Sequence[Curve], key: str = "") -> None:
    """Draw curves with a legend, or many of them coloured by the value of a key."""
    if len(curves) > _MOST_IN_LEGEND:
        _draw_many(axes, curves, key)
    else:
        for curve, colour, style in _styled(curves):
            _draw_curve(axes, curve, style, colour)
        _legend(axes, len(curves))
    _scale_y(axes, [curve.y for curve in curves])


def draw_bands(axes: Axes, groups: Sequence[tuple[str, Sequence[Curve]]]) -> None:
    """Draw the mean of each group of curves with the 95 % interval of the mean."""
    means = [(label, len(curves), mean_of_curves(curves)) for label, curves in groups]
    lines = [Curve(f"{label} (n {n})", x, mean) for label, n, (x, mean, _, _) in means]
    for (_, _, (x, _, low, high)), (line, colour, style) in zip(means, _styled(lines), strict=True):
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(line.x, line.y, style, color=colour, label=line.label)
    _legend(axes, len(lines))
    _scale_y(axes, [line.y for line in lines])


def mean_of_curves(curves: Sequence[Curve]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return places, means, and the ends of the 95 % interval of the means.

    If the curves do not have the same places, they are interpolated between their own. A place has
    the mean of all curves that reach it; of one curve, there is no interval.
    """
    first = curves[0].x
    if len(first) <= _GRID and all(np.array_equal(curve.x, first) for curve in curves[1:]):
        x, values = first, np.array([curve.y for curve in curves])
    else:
        x = np.unique(np.concatenate([curve.x for curve in curves]))
        if len(x) > _GRID:
            x = np.linspace(x[0], x[-1], _GRID)
        values = np.array(
            [np.interp(x, curve.x, curve.y, left=np.nan, right=np.nan) for curve in curves]
        )
    values = np.where(np.isfinite(values), values, np.nan)
    counts = np.sum(~np.isnan(values), axis=0)
    total = np.nansum(values, axis=0)
    mean = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    squares = np.nansum((values - mean) ** 2, axis=0)
    std = np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
    quantiles = {n: student_quantile((1 + LEVEL) / 2, n - 1) for n in set(counts.tolist()) if n > 1}
    reach = (
        np.array([quantiles.get(n, np.nan) for n in counts.tolist()])
        * std
        / np.sqrt(np.maximum(counts, 1))
    )
    return x, mean, mean - reach, mean + reach


def in_columns(
    x: Floats, y: Floats, columns: int = _COLUMNS
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return of each column its place, and the mean, lowest and highest of its values.

    A column without a finite value is a gap; one without any point is left out.
    """
    extent = x[-1] - x[0]
    part = (x - x[0]) / extent * columns if extent > 0 else np.zeros(len(x))
    places = np.minimum(part.astype(np.int64), columns - 1)
    begins = np.flatnonzero(np.diff(places, prepend=-1))
    is_finite = np.isfinite(y)
    counts = np.add.reduceat(is_finite.astype(float), begins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(np.where(is_finite, y, 0.0), begins) / counts
    low = np.minimum.reduceat(np.where(is_finite, y, np.inf), begins)
    high = np.maximum.reduceat(np.where(is_finite, y, -np.inf), begins)
    gaps = np.where(counts > 0, 0.0, np.nan)
    return x[0] + (places[begins] + 0.5) / columns * extent, mean, low + gaps, high + gaps


def _draw_curve(axes: Axes, curve: Curve, style: str, colour: Any, **how: Any) -> None:
    x, y = curve.x, curve.y
    if len(x) > 2 * _COLUMNS:
        x, y, low, high = in_columns(x, y)
        axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
    marker = "o" if len(x) == 1 else ""  # a single value is a point
    axes.plot(x, y, style, marker=marker, color=colour, label=curve.label, **how)


def _styled(curves: Sequence[Curve]) -> list[tuple[Curve, str, str]]:
    colours = list(islice(cycle(COLOURS), len(curves)))
    styles = [_STYLES[number // len(COLOURS) % len(_STYLES)] for number in range(len(curves))]
    return list(zip(curves, colours, styles, strict=True))


def _draw_many(axes: Axes, curves: Sequence[Curve], key: str) -> None:
    """Draw more curves than a legend has room for: by the colour of a key, else all alike."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    keys = [number_of(curve.key) for curve in curves]
    known = [number for number in keys if number is not None]
    if not key or len(set(known)) < 2:
        for curve in curves:
            _draw_curve(axes, curve, "-", COLOURS[0], alpha=0.5, **_MANY)
        axes.set_title(format_count(len(curves), "run"), loc="right", fontsize=9)
        return
    make = LogNorm if is_logarithmic(known) else Normalize
    norm = make(min(known), max(known))
    shown = ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, _SHADES)))
    for curve, number in zip(curves, keys, strict=True):
        shade = None if number is None else round(float(norm(number)) * (_SHADES - 1))
        colour = "#999999" if shade is None else shown(shade)
        _draw_curve(axes, curve, "-", colour, **_MANY)
    bar = axes.figure.colorbar(ScalarMappable(norm, shown), ax=axes, pad=0.02)
    bar.set_label(f"{key} ({format_count(len(curves), 'run')})")
    bar.outline.set_visible(False)


def _legend(axes: Axes, count: int) -> None:
    if count > 1:
        outside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
        axes.legend(**(outside if count > 3 else {"loc": "best"}))


def _scale_y(axes: Axes, values: Sequence[Floats]) -> None:
    finite = np.concatenate([y[np.isfinite(y)] for y in values]) if values else np.array([])
    if len(finite) and is_logarithmic(finite.tolist(), _LOG_RATIO):
        axes.set_yscale("log")
