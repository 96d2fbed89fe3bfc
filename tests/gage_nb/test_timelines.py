"""A timeline as a DataFrame and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gage
import gage_nb
from gage._internal.errors import OptionError
from gage_nb.commands import carry_out
from gage_nb.plots.lanes import Lane, draw_lanes, lanes_of
from gage_nb.plots.picture import MAX_BYTES, new_axes, png_of

PROGRAM = """\
import gage

for step in range(5):
    print("step", step)
    gage.log(step=step, loss=1 / (step + 1))
open("made.txt", "w").close()
"""


@pytest.fixture
def run(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "fit.py").write_text(PROGRAM)
    return gage.run("fit.py")


def test_columns_and_dtypes(run: gage.RecordedRun) -> None:
    frame = gage_nb.timeline(run)

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "time": "datetime64[us, UTC]",
        "kind": "category",
        "name": "string",
        "text": "string",
        "value": "Float64",
    }
    assert frame["value"][frame["name"] == "loss"].tolist() == [1 / n for n in range(1, 6)]


def test_the_picture_has_a_lane_for_everything(run: gage.RecordedRun) -> None:
    axes: Any = gage_nb.plot_timeline(run)

    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[:4] == ["run", "stdout", "files", "loss"]
    written = [text.get_text() for text in axes.texts]
    assert written[:4] == ["", "5 lines", "1 file", "0.2 to 1"]
    assert axes.get_title(loc="left") == f"{run.name}  fit.py"
    assert "image/png" in axes._repr_mimebundle_()[0]


def test_a_run_that_has_not_started(project: Path, runs_home: Path) -> None:
    (project / "fit.py").write_text(PROGRAM)
    staged = gage.run("fit.py", stage=True)

    assert list(gage_nb.timeline(staged)["kind"]) == ["phase", "phase"]
    with pytest.raises(OptionError, match="has not started"):
        gage_nb.plot_timeline(staged)


def test_the_magic_gives_the_frame_or_the_picture(run: gage.RecordedRun) -> None:
    assert type(carry_out("timeline", [])) is pd.DataFrame
    assert carry_out("timeline", [run.name, "--plot"]).get_xlabel() == "time since the start (s)"


def test_a_timeline_of_many_events_is_a_small_picture() -> None:
    random = np.random.default_rng(0)
    times = np.sort(random.integers(0, 3_600_000_000, 100_000)).tolist()
    values = random.normal(size=100_000).tolist()
    values[10] = float("nan")
    axes = new_axes()

    draw_lanes(
        axes,
        [
            Lane("run", "bar", [0, 0, 0, 3_600_000_000], [], ""),
            Lane("stdout", "density", times, [], ""),
            Lane("files", "marks", times[::100], [], ""),
            Lane("loss", "line", times, values, ""),
        ],
        0,
    )

    assert axes.get_xlabel() == "time since the start (min)"
    assert len(png_of(axes.figure)) <= MAX_BYTES  # type: ignore[arg-type]


def test_values_that_are_not_finite_have_no_lane() -> None:
    row = {"time_us": 1, "kind": "metric", "name": "loss", "text": "", "value": float("nan")}

    assert [lane.name for lane in lanes_of([row])] == ["run"]
