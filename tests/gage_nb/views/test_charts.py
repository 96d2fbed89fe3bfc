"""Charts say what the values say, stay small, and hold nothing of a run unescaped."""

from __future__ import annotations

import base64
import html
import math
import random
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters import clean_html

from gage._internal.metrics.series import MetricSeries, summarize
from gage.inside.metric_log import Metric
from gage_nb.views.charts import (
    MAX_CHART_BYTES,
    chart_svg,
    charts_html,
    charts_text,
    sparkline,
)

SVG = "{http://www.w3.org/2000/svg}"
FLOATS = st.floats() | st.sampled_from([math.inf, -math.inf, math.nan, 1.7e308, -1.7e308, 5e-324])


def series_of(**values: list[float]) -> dict[str, MetricSeries]:
    return summarize(
        Metric(name, step, 0, value, "logged")
        for name, listed in values.items()
        for step, value in enumerate(listed)
    )


def lines_of(svg: str) -> list[list[tuple[float, float]]]:
    """Return the lines of a chart as points in pixels."""
    paths = [path for path in ET.fromstring(svg).iter(f"{SVG}path") if not path.get("stroke-width")]
    data = paths[0].attrib["d"] if paths else ""
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", line)]
        for line in data.split("M")[1:]
    ]


class TestSvg:
    def test_line_goes_through_the_values_from_left_to_right(self) -> None:
        (line,) = lines_of(chart_svg([(0, 1.0), (5, 3.0), (10, 2.0)]))

        (x0, y0), (x1, y1), (x2, y2) = line
        assert (x0 + x2) / 2 == pytest.approx(x1, abs=0.1)
        assert y1 < y2 < y0, "up is less in SVG"
        assert (y0 + y1) / 2 == pytest.approx(y2, abs=0.1)

    def test_steps_out_of_order_are_sorted(self) -> None:
        points = [(2.0, 1.0), (0.0, 5.0), (1.0, 3.0)]

        assert chart_svg(points) == chart_svg(sorted(points))

    def test_nan_leaves_a_gap(self) -> None:
        lines = lines_of(chart_svg([*enumerate([1.0, 2.0, math.nan, 3.0, 4.0])]))

        assert [len(line) for line in lines] == [2, 2]

    def test_infinity_leaves_a_gap_and_a_mark_at_its_edge(self) -> None:
        svg = chart_svg([*enumerate([1.0, 2.0, math.inf, -math.inf, 3.0, 4.0])])

        marks = [path for path in ET.fromstring(svg) if path.get("stroke-width") == "3"]
        assert [len(line) for line in lines_of(svg)] == [2, 2]
        assert len(re.findall("M", marks[0].attrib["d"])) == 2

    def test_value_between_gaps_is_a_dot(self) -> None:
        svg = chart_svg([*enumerate([math.nan, 2.0, math.nan, 1.0, 3.0])])

        assert svg.count("<circle") == 2, "the lone value, and the last"

    def test_constant_is_a_line_in_the_middle(self) -> None:
        (line,) = lines_of(chart_svg([(0, 5.0), (1, 5.0)]))

        assert [y for _, y in line] == [24, 24]

    @pytest.mark.parametrize("values", [[], [math.nan], [math.inf, math.nan]], ids=repr)
    def test_nothing_to_draw_is_an_empty_chart(self, values: list[float]) -> None:
        assert lines_of(chart_svg([*enumerate(values)])) == []

    def test_million_points_keep_their_peaks_in_few_bytes(self) -> None:
        rng = random.Random(1)
        points = [(float(step), rng.random()) for step in range(1_000_000)]
        points[123_456] = (123_456.0, 100.0)
        points[765_432] = (765_432.0, -100.0)

        svg = chart_svg(points)

        ys = [y for line in lines_of(svg) for _, y in line]
        assert (min(ys), max(ys)) == (3, 45)
        assert len(svg) < 4000

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), FLOATS), max_size=400))
    def test_any_values_give_a_small_chart_inside_its_frame(
        self, points: list[tuple[float, float]]
    ) -> None:
        svg = chart_svg(points)

        assert len(svg) < 8000
        for line in lines_of(svg):
            assert all(0 <= x <= 200 and 0 <= y <= 48 for x, y in line)


class TestHtml:
    def test_no_metric_is_no_html(self) -> None:
        assert charts_html({}) == ""
        assert charts_text({}) == ""

    def test_name_figures_and_steps_stand_beside_the_line(self) -> None:
        text = charts_html(series_of(loss=[3.0, 1.0, 2.0]))

        shown = html.unescape(re.sub("<[^>]+>", " ", text))
        assert re.sub(r"\s+", " ", shown).strip() == "loss 2 min 1 · max 3 · step 0–2"

    def test_saved_chart_is_the_same_line_as_an_image(self) -> None:
        text = charts_html(series_of(loss=[3.0, 1.0, 2.0]), saved=True)

        code = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
        svg = base64.b64decode(code[0]).decode()
        assert lines_of(svg) == lines_of(chart_svg([(0, 3.0), (1, 1.0), (2, 2.0)]))
        assert "currentColor" not in svg, "an image knows nothing of the page"
        assert "<svg" not in text

    def test_figures_and_words_survive_where_images_do_not(self) -> None:
        text = charts_html(series_of(loss=[3.0, 1.0, 2.0]), saved=True)

        cleaned = clean_html(text)  # type: ignore[no-untyped-call]

        assert "loss" in cleaned
        assert "min 1 · max 3" in cleaned
        assert 'alt="loss over steps 0 to 2: from 3 to 2, min 1, max 3"' in text

    def test_values_without_a_course_are_named_below(self) -> None:
        text = charts_html(series_of(loss=[3.0, 1.0], best=[0.25]))

        assert text.count("<svg") == 1
        assert "<div><b>best</b> 0.25</div>" in text

    def test_more_metrics_than_charts_are_named_below(self) -> None:
        text = charts_html(series_of(**{f"m{i}": [1.0, 2.0] for i in range(50)}))

        assert text.count("<svg") == 6
        assert "and 24 more metrics" in text

    @pytest.mark.parametrize("saved", [False, True])
    def test_names_are_escaped_and_bounded(self, saved: bool) -> None:
        name = "<script>alert('x')</script>\"&\n" * 500

        text = charts_html(series_of(**{name: [1.0, 2.0], f"{name}2": [1.0]}), saved=saved)

        assert "<script" not in text
        assert "\n" not in text
        assert len(text) < 16_000

    @pytest.mark.parametrize("saved", [False, True])
    def test_worst_metrics_stay_below_the_bound(self, saved: bool) -> None:
        rng = random.Random(1)
        values = [rng.choice([math.nan, math.inf, -math.inf, rng.random()]) for _ in range(3000)]
        worst = {f"{'&' * 60}{i}": values for i in range(60)}

        text = charts_html(series_of(**worst), saved=saved, max_charts=60)

        assert len(text.encode()) <= MAX_CHART_BYTES


class TestText:
    def test_line_for_each_metric(self) -> None:
        text = charts_text(series_of(loss=[3.0, 1.0, 2.0], n=[12345.0]), width=4)

        assert text == "loss  █▁▅   2  min 1  max 3\nn     ▅     12,345"

    def test_more_metrics_than_lines_are_counted(self) -> None:
        text = charts_text(series_of(**{f"m{i}": [1.0] for i in range(15)}), max_charts=2)

        assert text.splitlines()[2:] == ["and 13 more metrics"]

    def test_gap_is_a_blank(self) -> None:
        assert sparkline([(0, 1.0), (1, math.nan), (2, 2.0)]) == "▁ █"

    @given(st.lists(st.tuples(st.integers(-(2**63), 2**63), FLOATS), max_size=100))
    def test_any_values_fit_the_width(self, points: list[tuple[float, float]]) -> None:
        assert len(sparkline(points, 10)) <= 10
