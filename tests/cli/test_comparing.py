"""`gage compare` in the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gage
from gage._internal.api.completion import COMMAND_OPTIONS, complete_option
from gage.cli.app import app, main_command

PROGRAM = "lr = 0.1\nseed = 0\nprint('loss:', round(1 - lr + seed / 100, 4))\n"


@pytest.fixture
def made(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    (project / "fit.py").write_text(PROGRAM)
    return gage.run_batch("fit.py", {"lr": [0.1, 0.2], "seed": [1, 2]}).runs


def test_runs_side_by_side(
    made: list[gage.RecordedRun], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_command(["compare", "3", "1", "--baseline", "3", "--minimize", "loss"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "all: operation=fit.py, seed=2"
    assert lines[1].split() == ["run", "lr", "loss", "Δ", "loss"]
    assert lines[2].split() == [made[1].name, "0.1", "0.92", "baseline"]
    assert lines[3].split() == [made[3].name, "0.2", "0.82", "-0.1", "(-10.9", "%)", "better"]
    assert lines[4:] == ["loss: lower is better (as asked)"]


def test_groups_as_json(made: list[gage.RecordedRun], capsys: pytest.CaptureFixture[str]) -> None:
    assert main_command(["compare", "--by", "all but seed", "--maximize", "loss", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [row["mean.loss"] for row in found["rows"]] == pytest.approx([0.915, 0.815])
    assert found["rows"][1]["change.loss"] == "worse"
    assert found["shared"]["operation"] == "fit.py"


def test_names_and_a_filter_exclude_each_other(
    made: list[gage.RecordedRun], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_command(["compare", "1", "--where", "lr = 0.1"]) == 2
    assert "and not both" in capsys.readouterr().err


def test_a_filter_without_runs_says_so(
    made: list[gage.RecordedRun], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_command(["compare", "--where", "lr > 7"]) == 0
    assert "No such runs" in capsys.readouterr().out


@pytest.mark.parametrize("name", list(COMMAND_OPTIONS))
def test_shell_and_magic_have_the_same_options(name: str) -> None:
    if name in ("plot", "timeline"):  # pictures are for notebooks
        return
    in_shell = {option for each in app.commands[name].params for option in each.opts}

    assert COMMAND_OPTIONS[name].keys() <= in_shell


def test_values_of_options_are_completed(made: list[gage.RecordedRun]) -> None:
    assert [each.text for each in complete_option("metric", "lo")] == ["loss"]
    assert [each.text for each in complete_option("key", "")] == [
        *("lr", "seed", "'all but lr'", "'all but seed'")
    ]
    assert [each.text for each in complete_option("run", "")] == [run.name for run in made[::-1]]
    assert [each.text for each in complete_option("interval", "b")] == ["bootstrap"]


def test_whence_says_where_something_comes_from(
    made: list[gage.RecordedRun], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_command(["whence", "loss:", "0.9200"]) == 1
    assert "no run has printed this" in capsys.readouterr().err

    assert main_command(["whence", "loss: 0.92"]) == 0
    assert made[1].name in capsys.readouterr().out
    assert main_command(["whence", "loss: 0.92", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == made[1].id
