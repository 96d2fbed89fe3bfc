"""A cell run in a process of its own: staged as a program beside the project, then run as any.

What `%%gage_run` does, as a function: `run_cell`.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.getipython import get_ipython

from gage._internal.errors import DependencyError
from gage._internal.operations.targets import configure
from gage._internal.sources.parsing import quote_pattern
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, OpRef
from gage_nb.cell import DEFAULT_NAME, lines_before_body, stage_cell
from gage_nb.notebook_recording import executing_cell
from gage_nb.observer import Options
from gage_nb.running import run_operation
from gage_nb.variables import cell_options, load_output, stage_inputs, variable_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.store.recorded_run import RecordedRun
    from gage_nb.cell import CellProgram
    from gage_nb.variables import InputFile

__all__ = ["StagedCell", "run_cell", "staged_cell"]


def run_cell(
    source: str,
    name: str = DEFAULT_NAME,
    config: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    strict: bool = False,
    **options: Any,
) -> RecordedRun:
    """Run source text in a process of its own and show it live: `%%gage_run NAME`.

    The text is staged as `NAME.py`, beside the project's own files.

    Parameters
    ----------
    config
        Values by key, for names that the text assigns at its top level.
    inputs
        Variables of the notebook that the text gets, under their names.
    outputs
        Variables of the text that the notebook gets when the run has completed.
    strict, options
        As `run`.

    Raises
    ------
    ValueError
        If the name cannot be that of a program.
    CellError
        If the text is not a Python program; every line that cannot be run is named.
    DependencyError
        If a variable does not exist or cannot be stored.
    GageError, KeyboardInterrupt
        As `run`.
    """
    chosen = Options(**options)
    shell = get_ipython()
    input_names, output_names = variable_names(inputs), variable_names(outputs)
    _check_variables(shell, chosen, input_names, output_names)
    with staged_cell(source, name, config, input_names, output_names) as cell:
        operation = cell.operation
        if config:
            operation = configure(operation, cell.directory, strict=strict)
        recorded = run_operation(operation, chosen, cell.system_attrs)
    if output_names and shell is not None and recorded.status == "completed":
        shell.push({name: load_output(recorded, name, own=True) for name in output_names})
    return recorded


class StagedCell(NamedTuple):
    """A cell's program and inputs as files, and what runs them."""

    operation: Operation
    directory: str
    system_attrs: dict[str, Any]


@contextlib.contextmanager
def staged_cell(
    source: str,
    name: str,
    config: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Iterator[StagedCell]:
    """Write a cell's program and its inputs into a directory that is there for the time of it."""
    shell = get_ipython()
    project_dir = Path.cwd()
    program = stage_cell(
        source,
        name,
        lines_before=_lines_before(shell, source),
        project_dir=project_dir,
        transformer_manager=None if shell is None else shell.input_transformer_manager,
    )
    with tempfile.TemporaryDirectory(prefix="gage-cell-") as directory:
        files = stage_inputs(inputs, shell.user_ns if shell else {}, Path(directory))
        Path(directory, program.file_name).write_text(program.source, encoding="utf-8")
        operation = _cell_operation(program, config, project_dir, directory, files, outputs)
        yield StagedCell(operation, directory, {"inputs": [asdict(file) for file in files]})


def _check_variables(
    shell: InteractiveShell | None, options: Options, inputs: list[str], outputs: list[str]
) -> None:
    if (inputs or outputs) and shell is None:
        raise DependencyError("variables go in and out of a notebook's kernel: there is none")
    if outputs and (options.background or options.stage):
        how = "--bg" if options.background else "--stage"
        raise DependencyError(
            f"-o {outputs[0]} needs the end of the run, which {how} does not wait for: "
            "leave one of them out"
        )


def _cell_operation(
    program: CellProgram,
    config: Mapping[str, Any] | None,
    project_dir: Path,
    directory: str,
    inputs: Sequence[InputFile],
    outputs: Sequence[str],
) -> Operation:
    options = cell_options(inputs, outputs)
    command = ["python", "-m", "gage.inside.cell", *options, program.file_name]
    data: dict[str, Any] = {
        "exec": {"run": command},
        "sourcecode": list(DEFAULT_PATTERNS),
        "config": [{"keys": [f"{quote_pattern(program.file_name)}#*"]}],
    }
    return Operation(
        OpRef("cell", program.name),
        OpDef(program.name, data),
        OpCmd(command, {}),
        dict(config or {}),
        str(project_dir),
        (
            GivenFile("s", directory, program.file_name),
            *(GivenFile("d", directory, file.path) for file in inputs),
        ),
        tuple(file.note for file in inputs if file.note),
    )


def _lines_before(shell: InteractiveShell | None, source: str) -> int:
    cell = None if shell is None else executing_cell(shell).source
    return 1 if cell is None else lines_before_body(cell, source)
