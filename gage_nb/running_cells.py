"""Running a cell in its own process: it is staged as a program beside the project.

`run_cell` is the function behind `%%gage_run`.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from gage._internal.api.driver import Asked, Cell, asked_of_line, run_line, run_one
from gage._internal.errors import DependencyError
from gage._internal.operations.option_checks import check_options
from gage._internal.operations.options import LineOptions, RunOptions
from gage._internal.operations.run_line import asks_for_several
from gage._internal.operations.targets import cell_definition
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import GivenFile, OpCmd, Operation, OpRef
from gage_nb.cell import DEFAULT_NAME, lines_before_body, stage_cell
from gage_nb.keywords import documented, taken
from gage_nb.notebook_recording import executing_cell
from gage_nb.observer import NotebookObserver
from gage_nb.variables import cell_options, stage_inputs, variable_names
from gage_nb.world.carrying import carry_for, explanation_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.api.observer import Observer, Work
    from gage._internal.operations.run_line import RunLine
    from gage_nb.cell import CellProgram
    from gage_nb.keywords import CellRunKeywords
    from gage_nb.variables import InputFile
    from gage_nb.world.carrying import Carried

__all__ = ["run_cell", "run_cell_line", "staged_cell", "take_outputs"]


@documented("gage_nb.run_cell")
def run_cell(
    source: str,
    name: str = DEFAULT_NAME,
    config: Mapping[str, Any] | None = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    carry_from: str = "values",
    alone: bool = False,
    trust: bool = False,
    **options: Unpack[CellRunKeywords],
) -> RecordedRun:
    """Run source text in its own process and show it live: `%%gage_run NAME`.

    The text is staged as `NAME.py`, beside the project's own files.

    Parameters
    ----------
    config
        Values by key, for names that the text assigns at the top level.
    inputs
        Variables of the notebook that the text gets, under their names.
    outputs
        Variables of the text that the notebook gets when the run has completed.
    carry_from
        How the text gets what it needs from the notebook: `values` means definitions as code and
        data with their present values; `code` means that the cells that made them run again.
    alone
        Give the text nothing from the notebook but `inputs`.
    trust
        Load pickled outputs even if another kernel made the run (with `needed`).
    options
        As of `run`; and `seed`, which the text's random numbers are drawn from.

    Raises
    ------
    ValueError
        If a program cannot have this name.
    CellError
        If the text is not a Python program; every line that cannot be run is named.
    DependencyError
        If a variable does not exist or cannot be stored, or the text needs an unknown name.
    GageError, KeyboardInterrupt
        As `run`.
    """
    chosen, display = taken("gage_nb.run_cell", options)
    only = LineOptions(
        inputs=inputs, outputs=outputs, carry_from=carry_from, alone=alone, trust=trust
    )
    check_options(chosen, only, several=False, of_cell=True)
    observer = NotebookObserver(chosen, display)
    with staged_cell(source, name, only, chosen) as cell:
        run = run_one(Asked(None, config or {}, (), chosen, cell), observer)
    take_outputs(run, only)
    return run


def run_cell_line(line: RunLine, source: str, observer: Observer) -> Work | str:
    """Carry out a line of `%%gage_run`: `driver.run_line` for a cell."""
    name = line.target or DEFAULT_NAME
    if line.only.explain:
        several = asks_for_several(line)
        check_options(line.options, line.only, several=several, typed=True, of_cell=True)
        seed = line.options.several.seed
        return explanation_for(get_ipython(), source, name, line.only, seed)
    with staged_cell(source, name, line.only, line.options) as cell:
        result = run_line(line, asked_of_line(line, cell), observer)
    if isinstance(result, RecordedRun):
        take_outputs(result, line.only)
    return result


def take_outputs(run: RecordedRun, only: LineOptions) -> None:
    """Set the variables that a run saved for the notebook.

    Raises
    ------
    DependencyError
        If one does not exist, or is a pickle of another kernel's run, without `trust`.
    """
    shell = get_ipython()
    names = variable_names(only.outputs)
    if names and shell is not None and run.status == "completed":
        shell.push({name: run.load(name, trust=only.trust) for name in names})


@contextlib.contextmanager
def staged_cell(
    source: str, name: str, only: LineOptions, options: RunOptions | None = None
) -> Iterator[Cell]:
    """Write a cell's program and inputs into a temporary directory that exists only in the block.

    Parameters
    ----------
    only
        The `inputs` and `outputs` of the cell, and what it gets from the notebook.
    options
        `directory`, which the cell works in (default: the current one), and `seed`.
    """
    shell = get_ipython()
    inputs, outputs = variable_names(only.inputs), variable_names(only.outputs)
    if (inputs or outputs) and shell is None:
        raise DependencyError("variables need the kernel of a notebook: there is none")
    options = options or RunOptions()
    project_dir = Path(options.directory or "").expanduser().absolute()
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
        carried = carry_for(shell, source, name, Path(directory), only, seed=options.several.seed)
        operation = _cell_operation(program, project_dir, directory, files, outputs, carried)
        attrs: dict[str, Any] = {"inputs": [asdict(file) for file in files]} if files else {}
        if carried.record:
            attrs["carried"] = carried.record
        yield Cell(operation, directory, attrs)


def _cell_operation(
    program: CellProgram,
    project_dir: Path,
    directory: str,
    inputs: Sequence[InputFile],
    outputs: Sequence[str],
    carried: Carried,
) -> Operation:
    options = cell_options(inputs, outputs)
    if carried.directory:
        options = ["--carried", carried.directory, *options]
    needs_ipython = program.needs_ipython or carried.needs_ipython
    runner = "gage.inside.ipython_cell" if needs_ipython else "gage.inside.cell"
    command = ["python", "-m", runner, *options, program.file_name]
    # A file that is not Python has no values to set.
    values_of = None if program.needs_ipython else program.file_name
    return Operation(
        OpRef("cell", program.name),
        cell_definition(program.name, command, values_of),
        OpCmd(command, {}),
        {},
        str(project_dir),
        (
            GivenFile("s", directory, program.file_name),
            *(GivenFile("d", directory, file.path) for file in inputs),
            *(GivenFile(kind, directory, path) for kind, path in carried.files),
        ),
        (
            *(file.note for file in inputs if file.note),
            *([f"carried: {carried.summary}"] if carried.summary else ()),
        ),
        reads=(*carried.opened, *((f"{path}/", "sys.path") for path in carried.search)),
    )


def _lines_before(shell: InteractiveShell | None, source: str) -> int:
    cell = None if shell is None else executing_cell(shell).source
    return 1 if cell is None else lines_before_body(cell, source)
