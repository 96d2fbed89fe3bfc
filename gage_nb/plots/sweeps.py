"""Pictures of a sweep: parallel coordinates, and the values of a key against a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gage._internal.people import format_count
from gage_nb.plots.picture import COLOURS
from gage_nb.plots.scales import number_of, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from gage_nb.plots.scales import Scale

__all__ = ["draw_parallel", "draw_scatter"]

_GREY = "#bbbbbb"
_MISSING = -0.09  # below the axis
_BAND = 0.5  # the part of a word's room over which its lines are spread
_MOST_SMOOTH = 40
_SHADES = 16
_LIGHTEST = 0.92  # beyond it, a colour can hardly be seen on white


def draw_parallel(
    axes: Axes, rows: Sequence[Sequence[Any]], names: Sequence[str], sign: int = 0
) -> None:
    """Draw a line for each row through its values; the last column, a metric, gives the colour.

    Parameters
    ----------
    rows
        The values of each run, in the order of `names`; None is a missing one.
    sign
        1 if high values of the metric are better, -1 if low ones are, else 0; the best are drawn
        last.
    """
    from matplotlib.collections import LineCollection

    scales = [scale_of([row[at] for row in rows]) for at in range(len(names))]
    columns = [[scale.place(row[at]) for row in rows] for at, scale in enumerate(scales)]
    metrics = columns[-1]
    for column, scale in zip(columns[:-1], scales, strict=False):
        if scale.kind == "words":
            _spread(column, metrics, _BAND / len(scale.words))
    lines = [
        [(at, _MISSING if place is None else place) for at, place in enumerate(places)]
        for places in zip(*columns, strict=True)
    ]
    order = sorted(range(len(rows)), key=lambda at: _rank(metrics[at], sign))
    is_dense = len(rows) > _MOST_SMOOTH
    drawn = LineCollection(
        [lines[at] for at in order],
        colors=[_colour(metrics[at]) for at in order],
        linewidths=0.6 if is_dense else 1.2,
        # Many smooth edges would make the picture three times as large.
        antialiaseds=not is_dense,
    )
    axes.add_collection(drawn)
    has_missing = any(place == _MISSING for line in lines for _, place in line)
    _draw_axes(axes, names, scales, has_missing=has_missing)
    _colour_bar(axes, scales[-1], names[-1], len(rows))


def draw_scatter(
    axes: Axes, x: Sequence[Any], y: Sequence[Any], groups: Sequence[str] | None = None
) -> None:
    """Draw a point for each run, coloured by its group; words are side by side."""
    scale = scale_of(x)
    values = [number_of(value) for value in y]
    shown = [
        at
        for at, value in enumerate(values)
        if value is not None and scale.place(x[at]) is not None
    ]
    labels = list(dict.fromkeys(groups or [""]))
    spread = np.random.default_rng(0).uniform(-0.12, 0.12, len(x))
    for number, label in enumerate(labels):
        points = [at for at in shown if groups is None or groups[at] == label]
        if scale.kind == "words":
            places = [
                len(scale.words) * (scale.place(x[at]) or 0) - 0.5 + spread[at] for at in points
            ]
        else:
            places = [float(x[at]) for at in points]
        marker = "osD^v<>"[number // len(COLOURS) % 7]
        axes.plot(
            places,
            np.array([values[at] for at in points], dtype=float),
            marker,
            color=COLOURS[number % len(COLOURS)],
            alpha=0.75,
            markersize=5,
            markeredgewidth=0,
            label=label,
        )
    if scale.kind == "words":
        axes.set_xticks(range(len(scale.words)), scale.words)
        axes.set_xlim(-0.5, max(len(scale.words), 1) - 0.5)
    elif scale.kind == "log":
        axes.set_xscale("log")
    if scale_of(y).kind == "log":
        axes.set_yscale("log")
    if len(labels) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02))
    missing = len(x) - len(shown)
    if missing:
        text = f"{format_count(missing, 'run')} without a value"
        axes.set_title(text, loc="right", fontsize=8, color="#777777")


def _spread(column: list[float | None], metrics: Sequence[float | None], extent: float) -> None:
    """Spread equal places over a range around them, in the order of the metric."""
    for place in {place for place in column if place is not None}:
        same = [at for at, each in enumerate(column) if each == place]
        same.sort(key=lambda at: -1.0 if metrics[at] is None else (metrics[at] or 0.0))
        for number, at in enumerate(same):
            column[at] = place + extent * ((number + 0.5) / len(same) - 0.5)


def _rank(place: float | None, sign: int) -> float:
    return -1.0 if place is None else (place if sign >= 0 else 1 - place)


def _colour(place: float | None) -> Any:
    from matplotlib import colormaps

    if place is None:
        return _GREY
    return colormaps["viridis"](_LIGHTEST * round(place * (_SHADES - 1)) / (_SHADES - 1))


def _draw_axes(
    axes: Axes, names: Sequence[str], scales: Sequence[Scale], *, has_missing: bool
) -> None:
    """Draw an axis with its ticks for each column."""
    last = len(names) - 1
    for at, scale in enumerate(scales):
        axes.plot([at, at], [0, 1], color="#444444", linewidth=0.9, zorder=3)
        for place, text in scale.ticks():
            axes.plot(
                [at - 0.015, at + 0.015], [place, place], color="#444444", linewidth=0.9, zorder=3
            )
            box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
            axes.text(
                at + 0.03, place, text, fontsize=8, va="center", ha="left", zorder=4, bbox=box
            )
    axes.set_xticks(range(len(names)), [_broken(name) for name in names])
    axes.tick_params(axis="x", length=0, pad=6)
    if has_missing:
        axes.set_yticks([_MISSING], ["missing"])
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_yticks([])
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlim(-0.1, last + 0.25)
    axes.set_ylim(_MISSING - 0.04 if has_missing else -0.03, 1.04)


def _colour_bar(axes: Axes, scale: Scale, name: str, count: int) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    if scale.kind == "words" or scale.low == scale.high:
        return
    shown = ListedColormap(colormaps["viridis"](np.linspace(0, _LIGHTEST, _SHADES)))
    norm = (LogNorm if scale.kind == "log" else Normalize)(scale.low, scale.high)
    bar = axes.figure.colorbar(ScalarMappable(norm, shown), ax=axes, pad=0.02, aspect=30)
    bar.set_label(f"{name} ({format_count(count, 'run')})")
    bar.outline.set_visible(False)


def _broken(name: str) -> str:
    """Return a long name in two lines."""
    if len(name) <= 14:
        return name
    places = [at for at, char in enumerate(name) if char in "._-/ "]
    at = min(places, key=lambda place: abs(place - len(name) // 2), default=len(name) // 2)
    return f"{name[: at + 1]}\n{name[at + 1 :]}"
