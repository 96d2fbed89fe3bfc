"""Files that a run gets besides those that its patterns select."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import GageError
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import read_status
from gage._internal.staging.staging import (
    stage_run,
)
from gage._internal.types import GivenFile
from tests.making import initialized
from tests.staging.listings import paths


def test_a_given_file_is_part_of_the_run(project: Path, tmp_path: Path) -> None:
    (tmp_path / "cell.py").write_text("1")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data.csv").write_text("2")
    run = initialized(tmp_path / "runs")

    given = [
        GivenFile("s", str(tmp_path), "cell.py"),
        GivenFile("d", str(tmp_path), "in/data.csv"),
    ]
    stage_run(str(project), run, given=given)

    assert paths(run) == [("s", "cell.py"), ("d", "in/data.csv")]


def test_a_given_file_that_the_run_has_is_noted(project: Path, tmp_path: Path) -> None:
    (project / "a\nb.py").write_text("project's")
    run = initialized(tmp_path / "runs")

    stage_run(str(project), run, given=[GivenFile("s", str(project), "a\nb.py")])

    assert paths(run) == [("s", "a\nb.py")]
    assert read_notes(run) == ['Not copied again, it is part of the source code: "a\\nb.py"']


def test_a_given_file_that_is_gone_ends_staging(project: Path, tmp_path: Path) -> None:
    run = initialized(tmp_path / "runs")

    with pytest.raises(GageError, match=r"cell\.py: No such file"):
        stage_run(str(project), run, given=[GivenFile("s", str(tmp_path), "cell.py")])

    assert read_status(run).name == "error"
