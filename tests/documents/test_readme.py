"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.documents.pages import ROOT, check_console, in_shell, read_page

README = read_page(ROOT / "README.md")


@pytest.fixture
def example(project: Path, runs_home: Path) -> Path:
    """A project with the files of the README; `gage` is the one under test."""
    README.write_files(project)
    assert (project / "train.py").is_file()
    return project


def test_first_run_prints_what_is_shown(example: Path) -> None:
    assert README.of("console")

    check_console(README, example)


def test_shell_examples(example: Path) -> None:
    assert README.of("sh")

    for block in README.of("sh"):
        done = in_shell(f"set -e\n{block.text}", example)
        assert done.returncode == 0, done.stdout


def test_python_example(example: Path) -> None:
    (block,) = README.of("python")

    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=example, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "completed 0.168" in done.stdout


def test_notebook_example(example: Path) -> None:
    cells = [nbformat.v4.new_code_cell(block.text) for block in README.of("ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)

    NotebookClient(notebook, resources={"metadata": {"path": str(example)}}).execute()

    shown = nbformat.writes(notebook)
    assert "loss: 0.168" in shown
    assert "twice: 0.4" in shown


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^    (pip install uv && .*)$", README.text, re.MULTILINE)

    assert commands[-1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^):#]+)\)", README.text)

    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
