"""Small line charts of metrics, as SVG, HTML or text; no script, no dependency.

What front ends show (JupyterLab 4.6, `tests/browser/test_charts.py`):

- A trusted output and an `ipywidgets.HTML` show inline `<svg>`.
- A notebook that is opened again and not trusted is sanitised: JupyterLab removes `<svg>`, and
keeps `<img>` with any `src`, also a `data:` address (it checks only the schemes of `href` and
`cite`). An image knows nothing of the page, so its line has a colour that is readable on light and
dark, and all text is beside it, as text of the page.
- GitHub may remove images with a `data:` address. The numbers are text, and the alternative text of
  an image (`alt`) describes what it shows.

So a live view uses `charts_html(…)`, a saved one `charts_html(…, saved=True)`, and plain text
`charts_text(…)`.

NaN leaves a gap; an infinity is a gap with a mark at the edge. Of many points, the extremes of each
column of pixels are drawn, so that no peak is lost and no chart is larger than 8 kB.
"""

from __future__ import annotations

import base64
import html
import math
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.people import format_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gage._internal.metrics.series import MetricSeries

    Point = tuple[float, float]

__all__ = [
    "MAX_CHARTS",
    "MAX_CHART_BYTES",
    "SAMPLED",
    "chart_svg",
    "charts_html",
    "charts_text",
    "sparkline",
]

MAX_CHARTS = 6
MAX_CHART_BYTES = 24_000  # all charts of a run together, including names and numbers

SAMPLED = "sampled"
"""The source of a series whose steps are milliseconds since its start."""

_WIDTH, _HEIGHT, _MARGIN = 200, 48, 3
_COLUMNS = 80
_STYLE = 'fill="none" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"'
_MAX_NAME = 28
_MAX_OTHERS = 20
_OTHERS_BYTES = _MAX_OTHERS * (_MAX_NAME * 6 + 40) + 400
# Contrast 4.2 on white and 4.5 on #111111.
_COLOUR = "#3d85c6"
_BARS = "▁▂▃▄▅▆▇█"
_GAP = " "


class _Shape(NamedTuple):
    """Lines in pixels, each of at least one point, and marks for infinite values."""

    lines: list[list[Point]]
    marks: list[Point]


def chart_svg(points: Sequence[tuple[float, float]], alt: str = "") -> str:
    """Return a line through points (step, value) as an SVG element.

    It has no text and no axes: `charts_html` puts them beside it. `alt` describes it in words. Its
    colour is the same in a page and in an image, so a chart looks the same when its run has ended.
    """
    shape = _shape(points)
    label = f' role="img" aria-label="{html.escape(alt)}"' if alt else ""
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_STYLE} stroke="{_COLOUR}"{label}>',
        # The base line of the chart, as a reference for a constant.
        f'<path stroke-width="1" stroke-opacity=".25" d="M0 {_HEIGHT - 0.5}H{_WIDTH}"/>',
    ]
    path = "".join(_path(line) for line in shape.lines if len(line) > 1)
    if path:
        parts.append(f'<path d="{path}"/>')
    dots = [line[0] for line in shape.lines if len(line) == 1]
    if shape.lines:
        dots.append(shape.lines[-1][-1])
    parts += [
        f'<circle cx="{_short(x)}" cy="{_short(y)}" r="2" fill="{_COLOUR}" stroke="none"/>'
        for x, y in dict.fromkeys(dots)
    ]
    if shape.marks:
        marks = "".join(f"M{_short(x)} {_short(y)}h.01" for x, y in shape.marks)
        parts.append(f'<path stroke-width="3" stroke-opacity=".5" d="{marks}"/>')
    return "".join([*parts, "</svg>"])


def charts_html(
    series: Mapping[str, MetricSeries], *, saved: bool = False, max_charts: int = MAX_CHARTS
) -> str:
    """Return the charts of metrics side by side, each with its name, last, min and max as text.

    Metrics with more than one value have a chart, the first ones if there are many; the others
    are named with their last value in a line below. All is at most `MAX_CHART_BYTES` long.

    Parameters
    ----------
    saved
        Whether the output is saved: it then has images, which are kept where inline drawings are
        not.
    """
    if not series:
        return ""
    cells: list[str] = []
    others: list[MetricSeries] = []
    room = MAX_CHART_BYTES - _OTHERS_BYTES
    for one in series.values():
        if len(one.points) > 1 and len(cells) < max_charts:
            cell = _cell(one, saved=saved)
            room -= len(cell.encode())
            if room >= 0:
                cells.append(cell)
                continue
        others.append(one)
    # Without its style, which GitHub removes, the charts are below each other.
    grid = f'<div style="display:flex;flex-wrap:wrap;gap:10px 16px">{"".join(cells)}</div>'
    parts = [grid if cells else ""]
    if others:
        parts.append(f"<div>{_others_html(others)}</div>")
    return f'<div class="gage charts" style="margin:6px 0">{"".join(parts)}</div>'


def charts_text(
    series: Mapping[str, MetricSeries], *, width: int = 24, max_charts: int = 12
) -> str:
    """Return a line for each metric: name, block characters, last, min and max."""
    shown = list(series.values())[:max_charts]
    if not shown:
        return ""
    names = [_cut(_printable(one.name)) for one in shown]
    longest = max(map(len, names))
    lines = []
    for name, one in zip(names, shown, strict=True):
        line = (
            f"{name:<{longest}}  {sparkline(one.points, width):<{width}}  {format_number(one.last)}"
        )
        if one.count > 1:
            line += f"  min {format_number(one.min)}  max {format_number(one.max)}"
        lines.append(line)
    if len(series) > len(shown):
        lines.append(f"and {len(series) - len(shown)} more metrics")
    return "\n".join(lines)


def sparkline(points: Sequence[tuple[float, float]], width: int = 24) -> str:
    """Return the course of values as block characters, with spaces for gaps."""
    finite = [value for _, value in points if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    ordered = sorted(points, key=lambda point: point[0])
    first, last = ordered[0][0], ordered[-1][0]
    columns: list[list[float]] = [[] for _ in range(min(width, len(ordered)))]
    for step, value in ordered:
        position = _part(step, first, last)
        if math.isfinite(value):
            columns[min(int(position * len(columns)), len(columns) - 1)].append(value)
    # Divided first: the sum of floats may be infinite.
    means = [sum(value / len(values) for value in values) for values in columns if values]
    bars = iter(_bar(mean, low, high) for mean in means)
    return "".join(next(bars) if values else _GAP for values in columns)


def _cell(one: MetricSeries, *, saved: bool) -> str:
    name = html.escape(_cut(_printable(one.name)), quote=True)
    title = html.escape(_printable(one.name)[:400], quote=True)
    if saved:
        alt = html.escape(_in_words(one), quote=True)
        code = base64.b64encode(chart_svg(one.points).encode()).decode()
        drawing = (
            f'<img width="{_WIDTH}" height="{_HEIGHT}" alt="{alt}" '
            f'src="data:image/svg+xml;base64,{code}">'
        )
    else:
        drawing = chart_svg(one.points, _in_words(one))
    steps = [step for step, _ in one.points]
    axis = _axis(one, min(steps), max(steps))
    return (
        f'<div style="min-width:{_WIDTH}px;white-space:nowrap;font-size:85%;line-height:1.3">'
        f'<div title="{title}"><b>{name}</b> {format_number(one.last)}</div>{drawing}'
        f'<div style="opacity:.7">min {format_number(one.min)} · '
        f"max {format_number(one.max)} · {axis}"
        "</div></div>"
    )


def _axis(one: MetricSeries, first: int, last: int) -> str:
    if one.source == SAMPLED:
        return f"{first / 1000:,.0f}–{last / 1000:,.0f} s"
    return f"step {first:,}–{last:,}" if first < last else f"step {first:,}"


def _in_words(one: MetricSeries) -> str:
    """Return a chart in words: `loss over steps 0 to 99: from 2.31 to 0.12, min …, max …`."""
    ordered = sorted(one.points, key=lambda point: point[0])
    (first, begin), (last, end) = ordered[0], ordered[-1]
    course = f"steps {first:,} to {last:,}"
    if one.source == SAMPLED:
        course = f"{(last - first) / 1000:,.0f} s"
    return (
        f"{_cut(_printable(one.name))} over {course}: from "
        f"{format_number(begin)} to {format_number(end)}, min {format_number(one.min)}, "
        f"max {format_number(one.max)}"
    )


def _others_html(others: list[MetricSeries]) -> str:
    shown = others[:_MAX_OTHERS]
    parts = [
        f"<b>{html.escape(_cut(_printable(one.name)))}</b> {format_number(one.last)}"
        for one in shown
    ]
    if len(others) > len(shown):
        parts.append(f"and {len(others) - len(shown)} more metrics")
    return " · ".join(parts)


def _shape(points: Sequence[tuple[float, float]]) -> _Shape:
    finite = [value for _, value in points if math.isfinite(value)]
    if not points:
        return _Shape([], [])
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    first = min(step for step, _ in points)
    last = max(step for step, _ in points)
    marks: dict[Point, None] = {}
    lines: list[list[Point]] = [[]]
    for step, value in _thinned(points, first, last):
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * _part(step, first, last)
        if math.isfinite(value):
            y = _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * _part(value, low, high)
            lines[-1].append((x, y))
            continue
        if lines[-1]:
            lines.append([])
        if math.isinf(value):
            marks[round(x), 1.5 if value > 0 else _HEIGHT - 1.5] = None
    return _Shape([line for line in lines if line], list(marks))


def _thinned(
    points: Sequence[tuple[float, float]], first: float, last: float
) -> Iterable[tuple[float, float]]:
    """Return points in the order of steps: of each column the first, lowest, highest and last."""
    ordered = sorted(points, key=lambda point: point[0])
    if len(ordered) <= 2 * _COLUMNS:
        return ordered
    columns: list[list[tuple[float, float]]] = [[] for _ in range(_COLUMNS)]
    for point in ordered:
        columns[min(int(_part(point[0], first, last) * _COLUMNS), _COLUMNS - 1)].append(point)
    kept: list[tuple[float, float]] = []
    for column in columns:
        numbers = [i for i, (_, value) in enumerate(column) if math.isfinite(value)]
        if numbers:
            low = min(numbers, key=lambda i: column[i][1])
            high = max(numbers, key=lambda i: column[i][1])
            kept += [column[i] for i in sorted({low, high})]
        # One gap or infinity in a column is enough.
        kept += [point for point in column if not math.isfinite(point[1])][:1]
    return kept


def _part(value: float, low: float, high: float) -> float:
    """Return the place of a value between two others, from 0 to 1; 0.5 if they are equal."""
    # Halves, since the difference of two floats may be infinite.
    extent = high / 2 - low / 2
    return (value / 2 - low / 2) / extent if extent > 0 else 0.5


def _bar(value: float, low: float, high: float) -> str:
    return _BARS[min(int(_part(value, low, high) * len(_BARS)), len(_BARS) - 1)]


def _path(line: list[Point]) -> str:
    first, *others = line
    rest = "".join(f"L{_short(x)} {_short(y)}" for x, y in others)
    return f"M{_short(first[0])} {_short(first[1])}{rest}"


def _short(number: float) -> str:
    """Return a coordinate with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in name)


def _cut(name: str) -> str:
    """Return a name shortened to fit above a chart, with its end, which tells metrics apart."""
    if len(name) <= _MAX_NAME:
        return name
    half = (_MAX_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
