"""Runs side by side as DataFrames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gage
import gage_nb
from gage._internal.operations.run_line import LineError
from gage_nb.commands import carry_out

PROGRAM = "lr = 0.1\nseed = 0\nprint('loss:', round(1 - lr + seed / 100, 4))\n"


@pytest.fixture
def made(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    (project / "fit.py").write_text(PROGRAM)
    return gage.run_batch("fit.py", {"lr": [0.1, 0.2], "seed": [1, 2]}).runs


def shown(frame: pd.DataFrame) -> dict[str, str]:
    found: dict[str, str] = frame._repr_mimebundle_()  # type: ignore[operator]
    return found


def test_columns_and_dtypes(made: list[gage.RecordedRun]) -> None:
    frame = gage_nb.compare(baseline=made[0], minimize="loss", every=True)

    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert dtypes == {
        "run": "string",
        "config.lr": "Float64",
        "config.seed": "Int64",
        "metric.loss": "Float64",
        "delta.loss": "Float64",
        "percent.loss": "Float64",
        "change.loss": "category",
        "operation": "string",
        "status": "category",
        "started": "datetime64[us, UTC]",
        "duration": "timedelta64[us]",
        "id": "string",
    }
    assert type(frame) is pd.DataFrame


@pytest.mark.parametrize(
    "chosen",
    [
        lambda runs: "lr = 0.2",
        lambda runs: gage_nb.runs("lr = 0.2"),
        lambda runs: gage_nb.runs("lr = 0.2")[["run"]],
        lambda runs: [runs[3], runs[2].name],
    ],
    ids=["filter", "frame", "part of a frame", "runs"],
)
def test_runs_are_given_in_many_ways(made: list[gage.RecordedRun], chosen: Any) -> None:
    assert list(gage_nb.compare(chosen(made))["run"]) == [made[3].name, made[2].name]


def test_a_frame_of_something_else_is_an_error(made: list[gage.RecordedRun]) -> None:
    with pytest.raises(ValueError, match="expected a DataFrame with a column run or id, found x"):
        gage_nb.compare(pd.DataFrame({"x": [1]}))


def test_groups_are_shown_in_fewer_columns(made: list[gage.RecordedRun]) -> None:
    frame = gage_nb.compare(by="all but seed", minimize="loss")

    assert list(frame.columns[:4]) == ["config.lr", "runs", "mean.loss", "std.loss"]
    text = shown(frame)["text/plain"]
    assert text.splitlines()[0].split() == ["lr", "runs", "loss", "Δ", "loss"]
    assert "0.915 ± 0.064" in text
    assert "loss: test of pairs of runs with the same seed" in text
    assert "0.915 ± 0.064" in shown(frame)["text/html"]


def test_the_magic_takes_the_words_of_the_shell(made: list[gage.RecordedRun]) -> None:
    frame = carry_out("compare", ["3", "1", "--baseline", "3", "--minimize=loss"])

    assert list(frame["run"]) == [made[1].name, made[3].name]
    assert list(frame["change.loss"]) == ["same", "better"]
    assert list(carry_out("compare", ["--where", "lr=0.1", "--all"])["config.lr"]) == [0.1, 0.1]
    assert "No such runs" in shown(carry_out("compare", ["--where", "lr=7"]))["text/plain"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bi", "lr"], "there is no option --bi. Did you mean '--by'?"),
        (["--by"], "expected a value after --by, found nothing"),
        (["1", "--where", "lr=0.1"], "and not both"),
    ],
)
def test_a_wrong_line(made: list[gage.RecordedRun], words: list[str], said: str) -> None:
    with pytest.raises(LineError, match=said.replace("?", r"\?")):
        carry_out("compare", words)


def test_no_runs_at_all(project: Path, runs_home: Path) -> None:
    assert "No runs yet" in shown(gage_nb.compare())["text/plain"]
    assert list(gage_nb.compare(by="operation").columns) == ["operation", "runs", "id"]


def test_whence_is_a_frame(made: list[gage.RecordedRun]) -> None:
    frame = carry_out("whence", ["loss:", "0.92"])

    assert list(frame["run"]) == [made[1].name]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert list(gage_nb.whence("loss: 0.92").columns) == list(frame.columns)
    assert list(carry_out("whence", ["fit.py"])["what"].unique()) == []
    assert "too short" in shown(carry_out("whence", ["hi"]))["text/plain"]
    with pytest.raises(LineError, match="expected a file"):
        carry_out("whence", [])
