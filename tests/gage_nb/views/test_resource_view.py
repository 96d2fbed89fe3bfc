"""What a panel shows of a run's resources."""

from __future__ import annotations

from pathlib import Path

from gage._internal.resources.log import HEADER, RESOURCES, Sample, encode_sample
from gage._internal.resources.tree import Usage
from gage._internal.types import Run
from gage_nb.views.resource_view import ResourceView
from gage_nb.views.run_panel import static_html
from gage_nb.views.run_state import read_state
from gage_nb.views.run_text import static_text
from tests.making import ended, meta


def run_with_samples(home: Path, count: int) -> Run:
    """Return a run that used one core, then two, and 10 MB more each second."""
    run = ended(home, "true")
    samples = [
        Sample(second * 1_000_000, Usage(second**2 * 500_000, second * 10**7, None, 0, 0, 1, 1))
        for second in range(1, count + 1)
    ]
    meta(run, RESOURCES).write_text(HEADER + "".join(map(encode_sample, samples)))
    return run


def test_cpu_and_memory_are_drawn_over_time(tmp_path: Path) -> None:
    view = ResourceView(run_with_samples(tmp_path, 5))

    assert view.update(final=True)

    cpu, memory = view.series.values()
    assert (cpu.name, cpu.points) == (
        "cpu (cores)",
        [(1000, 1.5), (2000, 2.5), (3000, 3.5), (4000, 4.5)],
    )
    assert (memory.name, memory.min, memory.max) == ("memory (MB)", 10.0, 50.0)
    assert not view.update(final=True)


def test_a_run_of_a_few_seconds_has_no_charts(tmp_path: Path) -> None:
    view = ResourceView(run_with_samples(tmp_path, 4))

    view.update(final=True)

    assert view.series == {}
    assert view.words == "cpu time 8.00 s, peak memory 40.0 MB"


def test_a_panel_shows_them_beside_the_metrics(tmp_path: Path) -> None:
    run = run_with_samples(tmp_path, 6)
    meta(run, "metrics").mkdir()
    meta(run, "metrics", "1-1").write_text("gage-metrics 2\n1\t0\tloss\t1\n2\t1\tloss\t0.5\n")

    state = read_state(run)

    for shown in (state.charts, static_html(state), static_text(state)):
        assert shown.index("loss") < shown.index("cpu (cores)") < shown.index("memory (MB)")
    assert "cpu time 18.00 s, peak memory 60.0 MB" in static_text(state)
    assert "1–5 s" in state.charts
    assert "memory (MB) over 5 s: from 10 to 60" in state.charts


def test_damage_is_no_fault_of_the_panel(tmp_path: Path) -> None:
    run = ended(tmp_path, "true")
    meta(run, RESOURCES).unlink()
    meta(run, RESOURCES).mkdir()

    assert read_state(run).resources == ""
