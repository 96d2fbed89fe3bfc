"""A timeline as a picture: lanes below each other on one axis of time.

phases      a bar from start to stop
stdout …    how many lines came when, as a height
results …   a mark for each
loss …      the course of a metric, from its lowest to its highest value
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gage._internal.people import format_number, format_size
from gage._internal.text import on_a_line, shortened
from gage_nb.plots.curves import in_columns
from gage_nb.plots.picture import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    Row = dict[str, Any]

__all__ = ["Lane", "draw_lanes", "lanes_of"]

_MOST_METRICS = 8
_BINS = 240
_HEIGHT = 0.72
_MOST_CHARS = 18
_MOST_POINTS = 900
_UNITS = ((2 * 86_400, "d", 86_400), (2 * 3600, "h", 3600), (2 * 60, "min", 60), (0, "s", 1))


class Lane(NamedTuple):
    """A lane: its name, how it is drawn (`bar`, `density`, `marks`, `line`), and its points.

    `about` is written at its right end.
    """

    name: str
    form: str
    times_us: list[int]
    values: list[float]
    about: str


def lanes_of(rows: Sequence[Row]) -> list[Lane]:
    """Return the lanes for rows of a timeline, from the top."""
    lanes = [Lane("run", "bar", _times(rows, "phase"), [], "")]
    for stream in ("stdout", "stderr"):
        times = _times(rows, "output", stream)
        if times:
            lanes.append(Lane(stream, "density", times, [], _count(len(times), "line")))
    for kind, name, noun in (("result", "results", "result"), ("file", "files", "file")):
        times = _times(rows, kind)
        if times:
            lanes.append(Lane(name, "marks", times, [], _count(len(times), noun)))
    metrics = list(dict.fromkeys(row["name"] for row in rows if row["kind"] == "metric"))
    for name in metrics[:_MOST_METRICS]:
        lanes += _line(rows, "metric", name, format_number)
    lanes += _line(rows, "resources", "cpu", "{:.2f} cores".format)
    return lanes + _line(rows, "resources", "memory", format_size)


def draw_lanes(axes: Axes, lanes: Sequence[Lane], start_us: int) -> None:
    """Draw lanes; the axis of time begins with the start of the run."""
    last_us = max((time for lane in lanes for time in lane.times_us), default=start_us)
    longest_s = max((last_us - start_us) / 1e6, 1e-3)
    _, unit, size = next(item for item in _UNITS if longest_s >= item[0] or item[2] == 1)
    extent = longest_s / size
    for number, lane in enumerate(lanes):
        base = len(lanes) - 1 - number
        colour = "#777777" if lane.form == "bar" else COLOURS[(number - 1) % len(COLOURS)]
        times = (np.array(lane.times_us, dtype=float) - start_us) / 1e6 / size
        _DRAW[lane.form](axes, times, lane.values, base, extent, colour)
        axes.text(
            1.01, base + _HEIGHT / 2, lane.about, fontsize=8, va="center", color="#555555",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip  # one argument a line would be ten lines
    names = [shortened(on_a_line(lane.name), _MOST_CHARS) for lane in lanes]
    places = [len(lanes) - 1 - number + _HEIGHT / 2 for number in range(len(lanes))]
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.15, len(lanes))
    axes.set_xlim(-0.01 * extent, 1.01 * extent)
    axes.set_xlabel(f"time since the start ({unit})")


def _times(rows: Sequence[Row], kind: str, name: str | None = None) -> list[int]:
    return [row["time_us"] for row in rows if row["kind"] == kind and name in (None, row["name"])]


def _line(rows: Sequence[Row], kind: str, name: str, words: Any) -> list[Lane]:
    points = [
        (row["time_us"], float(row["value"]))
        for row in rows
        if row["kind"] == kind and row["name"] == name and row["value"] is not None
    ]
    finite = [value for _, value in points if np.isfinite(value)]
    if not finite:
        return []
    about = (
        words(finite[0]) if len(finite) == 1 else f"{words(min(finite))} to {words(max(finite))}"
    )
    times, values = (list(column) for column in zip(*points, strict=True))
    return [Lane(name, "line", times, values, about)]


def _bar(axes: Axes, times: Any, _values: Any, base: float, extent: float, colour: str) -> None:
    end = max(times.max(initial=0.0), 0.0) if len(times) > 2 else extent
    axes.barh(base + _HEIGHT / 2, end, height=_HEIGHT * 0.45, color=colour, linewidth=0)


def _density(axes: Axes, times: Any, _values: Any, base: float, extent: float, colour: str) -> None:
    counts, edges = np.histogram(np.clip(times, 0, extent), bins=_BINS, range=(0, extent))
    heights = base + _HEIGHT * counts / max(counts.max(), 1)
    axes.stairs(heights, edges, baseline=base, fill=True, color=colour, linewidth=0)


def _marks(axes: Axes, times: Any, _values: Any, base: float, extent: float, colour: str) -> None:
    places = np.unique(np.clip(times, 0, extent))
    axes.plot(
        places, np.full(len(places), base + _HEIGHT / 2), "|", color=colour, markersize=9,
        markeredgewidth=1.4,
    )  # fmt: skip  # a style and its sizes


def _course(axes: Axes, times: Any, values: Any, base: float, _extent: float, colour: str) -> None:
    x, y = times, np.array(values, dtype=float)
    finite = y[np.isfinite(y)]
    low, high = finite.min(), finite.max()

    def placed(numbers: Any) -> Any:
        part = (numbers - low) / (high - low) if high > low else np.full(len(numbers), 0.5)
        return base + _HEIGHT * part

    if len(x) > _MOST_POINTS:
        x, y, lowest, highest = in_columns(x, y)
        axes.fill_between(x, placed(lowest), placed(highest), color=colour, alpha=0.22, linewidth=0)
    axes.plot(
        x, placed(y), color=colour, linewidth=1.1, marker="o" if len(x) == 1 else "", markersize=3
    )


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


_DRAW = {"bar": _bar, "density": _density, "marks": _marks, "line": _course}
