"""Commands of phases: where they run, what they see, how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import PhaseError
from gage._internal.staging.staging import stage_run
from tests.making import initialized, meta, staged


def test_commands_of_staging_see_project_run_and_operation(project: Path, tmp_path: Path) -> None:
    command = 'pwd; echo "$RUN_DIR $run_dir $RUN_ID $COLOUR"'

    run = staged(tmp_path, data={"exec": {"init-runtime": command}}, project=project, COLOUR="red")

    assert meta(run, "output", "20_runtime").read_text() == (
        f"{project}\n{run.run_dir} {run.run_dir} {run.id} red\n"
    )


@pytest.mark.parametrize(
    ("name", "in_run"),
    [("init-runtime", False), ("stage-runtime", True)],
)
def test_a_later_name_runs_its_command_in_the_run_directory(
    project: Path, tmp_path: Path, name: str, in_run: bool
) -> None:
    command = 'pwd; echo "$project_dir $run_id $run_dir"'

    run = staged(tmp_path, data={"exec": {name: command}}, project=project)

    directory = run.run_dir if in_run else project
    assert meta(run, "output", "20_runtime").read_text() == (
        f"{directory}\n{project} {run.id} {run.run_dir}\n"
    )


def test_the_error_of_a_phase_shows_the_program_that_is_not_there(
    project: Path, tmp_path: Path
) -> None:
    run = initialized(tmp_path, data={"exec": {"copy-sourcecode": ["no-such"]}})

    with pytest.raises(PhaseError, match="cannot start 'no-such': command not found"):
        stage_run(str(project), run)
