"""All values of a run come together, each name from one source."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.metrics.series import (
    SOURCES,
    MetricsReader,
    metric_rows,
    read_metrics,
    summarize,
)
from gage._internal.metrics.summary import finalize_summary
from gage._internal.record.run_meta import meta_opdef, write_timestamp
from gage._internal.types import Run
from gage.inside.metric_log import Metric
from tests.metrics.test_event_files import write_simple
from tests.reporting import fail, new_run, run_program, write_output


@pytest.fixture
def run(runs_home: Path) -> Run:
    return new_run(runs_home)


def metric(value: float, step: int | None = 0, name: str = "x") -> Metric:
    return Metric(name, step, 0, value, "logged")


def test_new_run_has_no_metrics(run: Run) -> None:
    assert read_metrics(run, fail) == []


def test_name_is_taken_from_the_first_source_that_has_it(run: Run) -> None:
    run_program(run, "import gage; gage.log(a=1)")
    write_simple(Path(run.run_dir), ("a", 1, 1, 2), ("b", 1, 1, 2))
    write_output(run, b"a: 3\nb: 3\nc: 3\n")
    Path(run.run_dir, "summary.json").write_text(
        '{"metrics": {"a": 4, "b": 4, "c": 4, "d": 4, "e": null}}'
    )
    finalize_summary(run, meta_opdef(run))
    write_timestamp(run, "stopped", 10**16)

    found = read_metrics(run, fail)

    assert {(m.name, m.value, m.source) for m in found} == {
        *[("a", 1, "logged"), ("b", 2, "tensorboard"), ("c", 3, "printed"), ("d", 4, "summary")]
    }
    assert found == sorted(found, key=lambda m: m.time_us)
    assert found[-1] == Metric("d", None, 10**16, 4.0, "summary")


def test_last_line_without_its_end_counts_when_the_run_has_ended(run: Run) -> None:
    write_output(run, b"a: 1\nb: 2")

    before = [m.name for m in read_metrics(run, fail)]
    write_timestamp(run, "stopped", 1)
    after = [m.name for m in read_metrics(run, fail)]

    assert (before, after) == (["a"], ["a", "b"])


def test_expression_that_cannot_be_used_is_told(runs_home: Path) -> None:
    run = new_run(runs_home, {"output-summary": "("})
    write_output(run, b"a: 1\n")
    faults: list[str] = []

    found = read_metrics(run, faults.append)

    assert found == []
    assert "output-summary: missing )" in faults[0]


def test_faults_are_warnings_unless_somebody_listens(run: Run) -> None:
    path = Path(run.meta_dir, "metrics", "1-1")
    path.parent.mkdir()
    path.write_text("gage-metrics 1\nnonsense\n")

    with pytest.warns(UserWarning, match="nonsense"):
        read_metrics(run)


def test_rows_name_their_run(run: Run) -> None:
    run_program(run, "import gage; gage.log(a=1, step=3)")

    (row,) = metric_rows(run, fail)

    assert {**row, "time_us": 0} == {
        "run": run.name, "name": "a", "step": 3, "time_us": 0, "value": 1.0, "source": "logged",
    }  # fmt: skip
    assert row["source"] in SOURCES


class TestSeries:
    def test_last_and_extremes_by_name(self) -> None:
        values = [metric(2, 5), metric(1, 6), metric(7, 0, "y"), metric(3, 4)]

        series = summarize(values)

        assert list(series) == ["x", "y"]
        x = series["x"]
        assert (x.count, x.last, x.min, x.max) == (3, 3, 1, 3)
        assert (x.last_step, x.min_step, x.max_step) == (4, 4, 6)
        assert x.points == [(5, 2), (6, 1), (4, 3)]

    def test_what_is_not_a_number_is_no_extreme(self) -> None:
        x = summarize([metric(value) for value in (math.nan, 1, math.nan, 2, math.nan)])["x"]

        assert (x.min, x.max, x.count) == (1, 2, 5)
        assert math.isnan(x.last)

    def test_only_nan_has_nan_as_extremes(self) -> None:
        x = summarize([metric(math.nan)] * 3)["x"]

        assert math.isnan(x.min)
        assert math.isnan(x.max)

    def test_value_without_a_step_is_no_point(self) -> None:
        x = summarize([metric(3, None)])["x"]

        assert (x.last, x.points, x.min_step) == (3, [], None)

    @pytest.mark.parametrize("count", [3999, 4000, 4001, 100_000])
    def test_course_of_many_values_is_bounded_even_and_keeps_peaks(self, count: int) -> None:
        peaks = {count // 7: 1e6, count // 2: -1e6, count - 1: 2e6}
        values = [metric(peaks.get(step, math.sin(step)), step) for step in range(count)]

        points = summarize(values)["x"].points

        assert len(points) <= 4066
        assert {(step, value) for step, value in points if abs(value) > 1} == {*peaks.items()}
        assert points == sorted(points)
        longest = max(b - a for (a, _), (b, _) in itertools.pairwise(points))
        assert longest <= max(1, 8 * count / 2000)

    @given(st.lists(st.floats(), max_size=300))
    def test_extremes_of_the_course_are_those_of_the_values(self, values: list[float]) -> None:
        series = summarize(metric(value, step) for step, value in enumerate(values)).get("x")

        numbers = [value for value in values if not math.isnan(value)]
        if numbers:
            assert series is not None
            assert (series.min, series.max) == (min(numbers), max(numbers))
            drawn = [value for _, value in series.points if not math.isnan(value)]
            assert (min(drawn), max(drawn)) == (series.min, series.max)


class TestFollowing:
    def test_values_arrive_as_they_are_given(self, run: Run) -> None:
        reader = MetricsReader(run, fail)
        assert not reader.update()

        run_program(run, "import gage; gage.log(a=1)")
        write_output(run, b"b: 2\n")
        changed = reader.update()

        assert changed
        assert {name: one.last for name, one in reader.series.items()} == {"a": 1, "b": 2}
        assert not reader.update()

    def test_name_that_is_logged_later_is_no_longer_taken_from_the_output(self, run: Run) -> None:
        reader = MetricsReader(run, fail)
        write_output(run, b"a: 1\n")
        reader.update()
        first: Any = reader.series["a"].source

        run_program(run, "import gage; gage.log(a=2)")
        reader.update()

        assert (first, reader.series["a"].source) == ("printed", "logged")
        assert reader.series["a"].points == [(0, 2)]

    def test_end_gives_what_reading_everything_gives(self, run: Run) -> None:
        reader = MetricsReader(run, fail)
        run_program(run, "import gage; gage.log(a=2)")
        write_simple(Path(run.run_dir), ("b", 1, 1, 2))
        reader.update()

        reader.update(final=True)

        assert sorted(reader.series) == ["a", "b"]
