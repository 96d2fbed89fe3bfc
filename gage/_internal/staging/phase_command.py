"""The command of a phase: run for a run that is being staged, its output captured."""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.errors import PhaseError
from gage._internal.output.captured import run_captured
from gage._internal.output.reader import OutputReader
from gage._internal.process.command import child_env, command_argv
from gage._internal.record.layout import OUTPUTS, run_meta_path
from gage._internal.staging.failure import RESERVE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.staging.knowledge import Staging
    from gage._internal.types import Command

__all__ = ["run_phase_command"]

# How much of the output an error keeps.
_TAIL_LINES = 20
_TAIL_BYTES = 8192


def run_phase_command(project_dir: str, staging: Staging, phase: str, command: Command) -> None:
    """Run the command of a phase.

    Raises
    ------
    PhaseError
        If it fails.
    """
    run, output = staging.run, OUTPUTS[phase]
    staging.log(f"Running {phase} (see output/{output} for output): {command}")
    staging.flush()  # the command may read the log, and may take long
    op_env = staging.cmd.env
    argv = command_argv(command, run_meta_path(run, "proc", f"{phase}-script"), op_env)
    project = {"project_dir": project_dir}
    env = child_env({**os.environ, **project}, run, op_env)
    output_path = run_meta_path(run, "output", output)
    # Under its later name, the command runs in the run directory, not in the project.
    name = staging.opdef.command_name(phase) or phase
    directory = run.run_dir if name.startswith("stage-") else project_dir
    # Disk space for recording a failure, in case the command's output fills the disk.
    reserve = run_meta_path(run, "proc", "reserve")
    replace(reserve, os.urandom(RESERVE_BYTES))
    try:
        exit_code = run_captured(argv, directory, env, output_path)
    finally:
        os.unlink(reserve)
    staging.log(f"Exit code for {phase}: {exit_code}")
    if exit_code != 0:
        tail = OutputReader(output_path).last_lines(_TAIL_LINES, _TAIL_BYTES)
        raise PhaseError(phase, command, exit_code, tail, run.name)
