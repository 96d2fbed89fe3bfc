"""Where the command of a run works."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.record.working_directory import (
    directory_below,
    path_in_run,
    set_directory_below,
    work_dir,
)
from tests.making import initialized


def test_a_command_works_in_the_run_directory(tmp_path: Path) -> None:
    run = initialized(tmp_path)

    assert (directory_below(run), work_dir(run)) == ("", run.run_dir)


def test_a_project_that_keeps_its_shape_works_below_it(tmp_path: Path) -> None:
    run = initialized(tmp_path)

    set_directory_below(run, "repository/notebooks")

    assert directory_below(run) == "repository/notebooks"
    assert work_dir(run) == f"{run.run_dir}/repository/notebooks"
    assert Path(work_dir(run)).is_dir()


@pytest.mark.parametrize(
    ("below", "path", "expected"),
    [
        ("", "data.csv", "data.csv"),
        ("notebooks", "data.csv", "notebooks/data.csv"),
        ("notebooks", "../data/a.csv", "data/a.csv"),
        ("a/b", "../../c", "c"),
    ],
)
def test_a_path_of_the_program_is_one_of_the_run(below: str, path: str, expected: str) -> None:
    assert path_in_run(below, path) == expected
