"""Variables into a run and back, with runs that really run."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gage._internal.api.launch import launch
from gage._internal.api.observer import Observer
from gage._internal.errors import DependencyError
from gage._internal.record.manifest import hash_file
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, OpRef
from gage_nb.cell import stage_cell
from gage_nb.variables import cell_options, stage_inputs, variable_names

FRAME = pd.DataFrame({"x": [1, 2, 3]})


def run_cell(
    directory: Path,
    body: str,
    user_ns: dict[str, Any] | None = None,
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
) -> RecordedRun:
    """Run a cell as the magic does, without a notebook."""
    given_dir = directory / "given"
    given_dir.mkdir()
    project_dir = directory / "project"
    project_dir.mkdir()
    files = stage_inputs(inputs or [], user_ns or {}, given_dir)
    program = stage_cell(body, "fit")
    (given_dir / program.file_name).write_text(program.source)
    options = cell_options(files, outputs or [])
    command = [sys.executable, "-m", "gage.inside.cell", *options, program.file_name]
    operation = Operation(
        OpRef("cell", "fit"),
        OpDef("fit", {"exec": command, "sourcecode": False}),
        OpCmd(command, {}),
        {},
        str(project_dir),
        (
            GivenFile("s", str(given_dir), program.file_name),
            *(GivenFile("d", str(given_dir), file.path) for file in files),
        ),
    )
    run = launch(operation, str(directory / "runs"), Observer())
    run.wait()
    return run


def test_variables_go_in_and_come_back(tmp_path: Path) -> None:
    user_ns = {"df": FRAME, "weights": np.arange(3.0), "options": {"scale": 2}}
    body = """\
total = (df["x"] * weights * options["scale"]).sum()
result = df.assign(y=weights)
model = {"total": float(total)}
"""

    run = run_cell(tmp_path, body, user_ns, list(user_ns), ["result", "weights", "model"])

    assert run.status == "completed", run.last_lines()
    pd.testing.assert_frame_equal(run.load("result"), FRAME.assign(y=np.arange(3.0)))
    np.testing.assert_array_equal(run.load("weights"), np.arange(3.0))
    assert run.load("model") == {"total": 16.0}
    types = {entry.path: entry.type for entry in run.manifest}
    assert types == {
        "fit.py": "s",
        "inputs/df.parquet": "d",
        "inputs/weights.npy": "d",
        "inputs/options.json": "d",
        "outputs/result.parquet": "g",
        "outputs/weights.npy": "g",
        "outputs/model.json": "g",
    }
    assert "pickled" not in run.last_lines()


def test_a_variable_that_is_no_data_is_pickled_and_said_so(tmp_path: Path) -> None:
    run = run_cell(tmp_path, "model = range(3)", outputs=["model"])

    assert run.load("model") == range(3)
    assert "gage: -o: `model`: pickled (cloudpickle" in run.last_lines()


def test_inputs_have_size_digest_and_note(tmp_path: Path) -> None:
    frame, options, steps = stage_inputs(
        ["df", "options", "steps"], {"df": FRAME, "options": {}, "steps": range(3)}, tmp_path
    )

    path = tmp_path / frame.path
    assert (frame.name, frame.path, frame.format, frame.note) == (
        *("df", "inputs/df.parquet", "parquet"),
        "",
    )
    assert (frame.size_bytes, frame.sha256) == (path.stat().st_size, hash_file(str(path)))
    assert (options.format, options.note) == ("json", "")
    assert "a value of type range has no format of its own" in steps.note


@pytest.mark.parametrize(
    "heading",
    [
        "x = 0",
        "from __future__ import annotations",
        '"""What it does."""',
        '"""What\nit does."""  # a comment\nfrom __future__ import annotations; y = 1',
        "# a comment\n\nfrom __future__ import (\n    annotations,\n)",
        "'ü'; x = 1",
    ],
    ids=["none", "future", "docstring", "both", "brackets", "bytes and characters"],
)
def test_lines_of_the_cell_stay(tmp_path: Path, heading: str) -> None:
    body = f"{heading}\nprint(len(df), __doc__ is None)\nassert False"
    line = len(heading.splitlines()) + 3

    run = run_cell(tmp_path, body, {"df": FRAME}, ["df"], ["df"])

    output = run.last_lines()
    assert f'fit.py", line {line}, in <module>' in output
    assert f"3 {'it does' not in heading and not heading.startswith(chr(39))}" in output


@pytest.mark.parametrize(
    "ending",
    ["if True: result = 1", "result = 1  # comment", "def f():\n    return 1\nresult = f()"],
    ids=["block on one line", "comment", "block"],
)
def test_the_last_line_counts_too(tmp_path: Path, ending: str) -> None:
    run = run_cell(tmp_path, ending, outputs=["result"])

    assert run.load("result") == 1


def test_a_cell_that_changes_its_directory_saves_beside_its_program(tmp_path: Path) -> None:
    body = f"import os\nos.chdir({str(tmp_path)!r})\nresult = len(df)"

    run = run_cell(tmp_path, body, {"df": FRAME}, ["df"], ["result"])

    assert run.load("result") == 3


def test_an_output_that_the_cell_did_not_make_fails_the_run(tmp_path: Path) -> None:
    body = "import threading\nresult = 1\nguard = threading.Lock()"

    run = run_cell(tmp_path, body, outputs=["res", "guard", "result"])

    assert run.exit_code == 1
    assert "gage: -o: the cell ended without a variable `res`" in run.last_lines()
    assert "`guard` (a value of type _thread.lock) cannot be pickled" in run.last_lines()
    assert run.load("result") == 1


# Errors


def test_all_faults_of_inputs_are_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError) as caught:
        stage_inputs(["trian", "guard"], {"train": 1, "guard": threading.Lock()}, tmp_path)

    assert "the notebook has no variable 'trian'. Did you mean 'train'?" in str(caught.value)
    assert "`guard` (a value of type _thread.lock) cannot be pickled" in str(caught.value)


def test_names() -> None:
    assert variable_names(["a,b", "c", "a"]) == ["a", "b", "c"]


@pytest.mark.parametrize("word", ["df.x", "", "a,,b", "../x", "class", "1"])
def test_what_is_no_name(word: str) -> None:
    with pytest.raises(DependencyError, match="is not the name of a variable"):
        variable_names([word])
