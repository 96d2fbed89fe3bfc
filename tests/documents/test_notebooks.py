"""The notebooks are lessons: each runs from top to bottom in a real kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def files_of(directory: Path) -> set[str]:
    """Return the files that version control would see."""
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_there_is_a_quickstart() -> None:
    assert "quickstart" in {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, runs_home: Path) -> None:
    directory = tmp_path / "notebooks"
    shutil.copytree(path.parent, directory, ignore=shutil.ignore_patterns(".*"))
    notebook = nbformat.read(directory / path.name, as_version=4)
    before = files_of(directory)

    # A cell that fails on purpose is tagged `raises-exception`; any other ends the test.
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(directory)}}
    ).execute()

    assert list(runs_home.glob("*.meta"))
    assert files_of(directory) == before, "a lesson leaves nothing behind"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_no_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    kept = [
        number
        for number, cell in enumerate(code_cells)
        if cell.outputs or cell.execution_count is not None
    ]

    assert not kept
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_for_any_python_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)

    nbformat.validate(notebook)

    assert notebook.metadata.kernelspec.name == "python3"
