"""Runs as pictures: which picture, of what, with which names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gage
import gage_nb
from gage._internal.errors import OptionError, RunNotFound
from gage_nb.commands import carry_out

PROGRAM = """\
import gage

lr = 0.1
seed = 0
model = "small"
for step in range(4):
    gage.log(step=step, loss=1 - lr * step + seed / 100)
print("accuracy:", lr + seed / 10)
"""


@pytest.fixture
def made(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    (project / "fit.py").write_text(PROGRAM)
    return gage.run_batch("fit.py", {"lr": [0.1, 0.2], "seed": [1, 2]}).runs


def legend(axes: Any) -> list[str]:
    found = axes.get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def test_curves_have_the_names_of_what_differs(made: list[gage.RecordedRun]) -> None:
    axes: Any = gage_nb.plot(metric="loss")

    assert legend(axes) == [f"lr={lr}, seed={seed}" for lr in (0.1, 0.2) for seed in (1, 2)]
    assert axes.lines[0].get_xydata().tolist() == [
        [step, pytest.approx(1.01 - 0.1 * step)] for step in range(4)
    ]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss")
    assert "image/png" in axes._repr_mimebundle_()[0]


def test_groups_are_means_with_bands(made: list[gage.RecordedRun]) -> None:
    axes: Any = gage_nb.plot(metric="loss", by="all but seed")

    assert legend(axes) == ["lr=0.1 (n 2)", "lr=0.2 (n 2)"]
    assert axes.lines[1].get_ydata().tolist() == [
        pytest.approx(1.015 - 0.2 * step) for step in range(4)
    ]
    assert len(axes.collections) == 2


def test_runs_of_the_same_have_their_names(project: Path, runs_home: Path) -> None:
    (project / "fit.py").write_text(PROGRAM)
    same = [gage.run("fit.py", label=label) for label in ("first", None)]

    assert legend(gage_nb.plot(metric="loss")) == [f"{same[0].name} first", same[1].name]


def test_time_has_a_unit(made: list[gage.RecordedRun]) -> None:
    axes: Any = gage_nb.plot(made[:1], "loss", x="time")

    assert axes.get_xlabel() == "time (s)"
    assert all(place >= 0 for place in axes.lines[0].get_xdata())


def test_a_key_against_a_metric(made: list[gage.RecordedRun]) -> None:
    axes: Any = gage_nb.plot("lr > 0", "accuracy", x="lr", by="seed")

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lr", "accuracy")
    assert sorted(legend(axes)) == ["seed=1", "seed=2"]
    points = {tuple(point) for line in axes.lines for point in line.get_xydata().tolist()}
    assert sorted(points) == [
        (0.1, 0.2),
        (0.1, pytest.approx(0.3)),
        (0.2, pytest.approx(0.3)),
        (0.2, 0.4),
    ]


def test_a_metric_without_a_course_is_drawn_in_parallel_coordinates(
    made: list[gage.RecordedRun],
) -> None:
    axes: Any = gage_nb.plot(metric="accuracy")

    assert [text.get_text() for text in axes.get_xticklabels()] == ["lr", "seed", "accuracy"]
    assert len(axes.collections[0].get_paths()) == 4


def test_words_and_missing_values(made: list[gage.RecordedRun], project: Path) -> None:
    gage.run("fit.py", {"model": "large"})
    (project / "no.py").write_text("lr = 0.1\nmodel = 'none'\n")
    gage.run("no.py")

    of_words: Any = gage_nb.plot(metric="accuracy", x="model")
    parallel: Any = gage_nb.plot(metric="accuracy", kind="parallel")

    assert [text.get_text() for text in of_words.get_xticklabels()] == ["large", "none", "small"]
    assert of_words.get_title(loc="right") == "1 run without a value"
    assert [text.get_text() for text in parallel.get_yticklabels()] == ["missing"]


def test_lines_through_a_word_are_spread_by_the_metric(project: Path, runs_home: Path) -> None:
    (project / "fit.py").write_text(PROGRAM)
    config = {"model": ["small", "large"], "lr": [0.1, 0.2, 0.3]}
    gage.run_batch("fit.py", config)

    axes: Any = gage_nb.plot(metric="accuracy", kind="parallel")

    names = [text.get_text() for text in axes.get_xticklabels()]
    places = [path.vertices[:, 1].tolist() for path in axes.collections[0].get_paths()]
    model, metric = names.index("model"), names.index("accuracy")
    small = sorted((each[model], each[metric]) for each in places if each[model] > 0.5)
    assert len({place for place, _ in small}) == 3
    assert [value for _, value in small] == sorted(value for _, value in small)


def test_axes_may_be_given(made: list[gage.RecordedRun]) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()

    assert gage_nb.plot(made, "loss", ax=axes) is axes
    assert len(axes.lines) == 4


def test_the_magic(made: list[gage.RecordedRun]) -> None:
    axes = carry_out("plot", ["1", "2", "--metric", "loss", "--by=lr"])

    assert legend(axes) == []
    assert len(axes.lines) == 1
    of_filter = carry_out("plot", ["--where", "lr=0.1", "--metric", "loss"])
    assert legend(of_filter) == ["seed=1", "seed=2"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"metric": "los"}, "Did you mean 'loss'"),
        ({"kind": "pie"}, "expected curves, parallel, scatter for the kind of plot, found 'pie'"),
        ({"x": "lrr"}, "Did you mean 'lr'"),
        ({"x": "lr", "kind": "curves"}, "expected step or time for the x of curves"),
        ({"metric": "loss", "by": "sed"}, "Did you mean 'seed'"),
    ],
)
def test_a_wrong_request(made: list[gage.RecordedRun], request_: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        gage_nb.plot(**request_)  # type: ignore[arg-type]


def test_nothing_to_draw(project: Path, runs_home: Path) -> None:
    with pytest.raises(RunNotFound, match="No runs yet"):
        gage_nb.plot()
    (project / "no.py").write_text("print()\n")
    gage.run("no.py")
    with pytest.raises(OptionError, match="the runs have no metrics"):
        gage_nb.plot()
