"""`plot`: which picture runs have, and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gage._internal.api.comparing import chosen_rows, known_directions
from gage._internal.api.place import home_of
from gage._internal.api.runs import nothing_found
from gage._internal.compare.groups import group_rows, grouping_of, value_of, varying_keys
from gage._internal.errors import OptionError, RunNotFound
from gage._internal.metrics.series import read_metrics
from gage._internal.people import format_value
from gage._internal.record.layout import run_at
from gage._internal.suggestions import did_you_mean
from gage._internal.text import on_a_line
from gage_nb.comparisons import names_of
from gage_nb.plots.curves import Curve, draw_bands, draw_curves
from gage_nb.plots.picture import new_axes, showing, style
from gage_nb.plots.scales import number_of
from gage_nb.plots.sweeps import draw_parallel, draw_scatter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from gage._internal.types import Run

    Row = dict[str, Any]

__all__ = ["KINDS", "PlotAsked", "plot", "plot_at"]

KINDS = ("curves", "parallel", "scatter")

_MOST_CHARS = 24
_MOST_KEYS = 7
_UNITS = ((2 * 86_400, "d", 86_400), (2 * 3600, "h", 3600), (2 * 60, "min", 60), (0, "s", 1))


class PlotAsked(NamedTuple):
    """What is asked of a plot: the words of `%gage plot`."""

    metric: str | None = None
    x: str | None = None
    by: str | Sequence[str] | None = None
    kind: str | None = None
    axes: Axes | None = None


def plot(
    runs: str | pd.DataFrame | Iterable[Run | str | int] | None = None,
    metric: str | None = None,
    *,
    x: str | None = None,
    by: str | Sequence[str] | None = None,
    kind: str | None = None,
    ax: Axes | None = None,
    directory: str | None = None,
) -> Axes:
    """Draw runs; return Matplotlib's axes, which a notebook shows as the picture.

        gage_nb.plot("operation = train.py", "loss")
        gage_nb.plot(metric="loss", by="all but seed")
        gage_nb.plot(metric="loss", x="lr")

    Parameters
    ----------
    runs
        As in `compare`. Default: all runs.
    metric
        Default: the first one that differs.
    x
        Of curves `step` (default) or `time`; else a key of the configuration, against which the
        last value of the metric is drawn.
    by
        Keys that make groups, as in `compare`: of curves the mean of each group is drawn, with its
        95 % interval; of a key the points of each group have a colour.
    kind
        `curves`, `scatter`, or `parallel` coordinates. Default: curves if a run has several values
        of the metric, `scatter` with a key as `x`, else `parallel`.
    ax
        The axes to draw in. Default: those of a new figure.
    directory
        Default: the current directory.

    Raises
    ------
    OptionError
        If there is no such metric, key or kind.
    RunNotFound
        If there are no runs.
    GageError
        If Matplotlib is missing (extra `pictures`).
    """
    return plot_at(home_of(directory), runs, PlotAsked(metric, x, by, kind, ax))


def plot_at(
    home: str, runs: str | pd.DataFrame | Iterable[Run | str | int] | None, asked: PlotAsked
) -> Axes:
    """Draw runs of a directory of runs, as `plot`."""
    where = runs if isinstance(runs, str) else None
    rows = chosen_rows(home, names_of(runs), where)
    if not rows:
        raise RunNotFound(nothing_found(home, [where] if where else []))
    metric = _metric(rows, asked.metric)
    kind = asked.kind or _kind_of(rows, metric, asked.x)
    if kind not in KINDS:
        raise OptionError(f"expected {', '.join(KINDS)} for the kind of plot, found {kind!r}")
    with style():
        if kind == "parallel":
            direction = known_directions(home, rows, (), ()).get(metric)
            axes = _parallel(rows, metric, asked, direction.sign if direction else 0)
        else:
            axes = (_curves if kind == "curves" else _scatter)(rows, metric, asked)
    return showing(axes)


def _metric(rows: Sequence[Row], asked: str | None) -> str:
    known: list[str] = list(dict.fromkeys(n for row in reversed(rows) for n in row["metrics"]))
    if not known:
        raise OptionError("the runs have no metrics: there is nothing to draw")
    if asked is None:
        different = [name for name in known if len({r["metrics"].get(name) for r in rows}) > 1]
        return (different or known)[0]
    name = asked.removeprefix("metric.")
    if name not in known:
        near = did_you_mean(name, known) or f"Metrics: {', '.join(known)}"
        raise OptionError(f"no run has a metric {name!r}. {near}")
    return name


def _kind_of(rows: Sequence[Row], metric: str, x: str | None) -> str:
    if x not in (None, "step", "time"):
        return "scatter"
    has_course = any(len(_points(row, metric, "step")[0]) > 1 for row in rows[:20])
    return "curves" if has_course or x is not None else "parallel"


# Curves


def _curves(rows: Sequence[Row], metric: str, asked: PlotAsked) -> Axes:
    x = asked.x or "step"
    if x not in ("step", "time"):
        raise OptionError(f"expected step or time for the x of curves, found {x!r}")
    keys = varying_keys(rows)
    colour_key = next((key for key in keys if _is_numeric(rows, key)), "")
    labels = _labels(rows, keys)
    found: dict[str, Curve] = {}
    for row in reversed(rows):  # the oldest first
        places, values = _points(row, metric, x)
        if len(places):
            key = value_of(row, colour_key) if colour_key else None
            found[row["id"]] = Curve(labels[row["id"]], places, values, key)
    if not found:
        raise OptionError(f"no run has a value of {metric} that can be drawn")
    curves, unit = list(found.values()), ""
    if x == "time":
        curves, unit = _in_unit(curves)
        found = dict(zip(found, curves, strict=True))
    axes = asked.axes or new_axes()
    if asked.by is None:
        draw_curves(axes, curves, _bare(colour_key))
    else:
        grouping = grouping_of(asked.by, rows)
        groups = [
            (
                _label(group.key_values) or "all runs",
                [found[row["id"]] for row in group.rows if row["id"] in found],
            )
            for group in group_rows(rows, grouping.keys)
        ]
        draw_bands(axes, [(label, curves) for label, curves in groups if curves])
    axes.set_xlabel(f"time ({unit})" if x == "time" else "step")
    if max(curve.x[-1] for curve in curves) >= 10_000:
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(on_a_line(metric))
    return axes


def _points(row: Row, metric: str, x: str) -> tuple[Any, Any]:
    """Return the places and values of a metric of a run, sorted by place."""
    run = run_at(row["home"], row["id"])
    found = [each for each in read_metrics(run, _ignore) if each.name == metric]
    if x == "time":
        start_us = row["started_us"] or (found[0].time_us if found else 0)
        places = [(each.time_us - start_us) / 1e6 for each in found]
    else:
        places = [at if each.step is None else each.step for at, each in enumerate(found)]
    xs, ys = np.array(places, dtype=float), np.array([each.value for each in found], dtype=float)
    order = np.argsort(xs, kind="stable")
    return xs[order], ys[order]


def _in_unit(curves: Sequence[Curve]) -> tuple[list[Curve], str]:
    """Return curves whose seconds are in the unit that suits the longest, and the unit."""
    longest = max(float(curve.x[-1]) for curve in curves)
    _, unit, size = next(item for item in _UNITS if longest >= item[0] or item[2] == 1)
    return [Curve(each.label, each.x / size, each.y, each.key) for each in curves], unit


def _ignore(_fault: str) -> None:
    """Pass over what cannot be read: the run's own views say what is wrong."""


# Sweeps


def _parallel(rows: Sequence[Row], metric: str, asked: PlotAsked, sign: int) -> Axes:
    keys = [key for key in varying_keys(rows) if key != "operation" or asked.by is None]
    if not keys:
        raise OptionError("the runs have the same configuration: nothing differs to be drawn")
    numeric_first = sorted(keys, key=lambda key: not _is_numeric(rows, key))[:_MOST_KEYS]
    shown = [key for key in keys if key in numeric_first]
    values = [[*(value_of(row, key) for key in shown), row["metrics"].get(metric)] for row in rows]
    axes = asked.axes or new_axes(max(6.4, 1.25 * len(shown) + 2.6))
    names = [on_a_line(_bare(key)) for key in shown]
    draw_parallel(axes, values, [*names, on_a_line(metric)], sign)
    return axes


def _scatter(rows: Sequence[Row], metric: str, asked: PlotAsked) -> Axes:
    keys = varying_keys(rows)
    if asked.x is None and not keys:
        raise OptionError("the runs have the same configuration: name a key as x")
    key = keys[0] if asked.x is None else grouping_of([asked.x], rows).keys[0]
    groups = None
    if asked.by is not None:
        by = grouping_of(asked.by, rows).keys
        groups = [_label({key: value_of(row, key) for key in by}) for row in rows]
    axes = asked.axes or new_axes()
    values = [row["metrics"].get(metric) for row in rows]
    draw_scatter(axes, [value_of(row, key) for row in rows], values, groups)
    axes.set_xlabel(on_a_line(_bare(key)))
    axes.set_ylabel(on_a_line(metric))
    return axes


# Names


def _labels(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, str]:
    """Return a label for each run: what differs, with the name where that is not enough."""
    texts = {row["id"]: _label({key: value_of(row, key) for key in keys}) for row in rows}
    seen = list(texts.values())
    return {
        row["id"]: texts[row["id"]]
        if texts[row["id"]] and seen.count(texts[row["id"]]) == 1
        else " ".join(filter(None, [row["run"], row["label"], texts[row["id"]]]))
        for row in rows
    }


def _label(values: dict[str, Any]) -> str:
    parts = (
        f"{_bare(key)}={format_value(v, _MOST_CHARS)}" for key, v in values.items() if v is not None
    )
    return on_a_line(", ".join(parts))


def _bare(key: str) -> str:
    return key.removeprefix("config.")


def _is_numeric(rows: Sequence[Row], key: str) -> bool:
    values = [value_of(row, key) for row in rows]
    return all(value is None or number_of(value) is not None for value in values)
