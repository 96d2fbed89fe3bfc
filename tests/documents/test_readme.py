"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Return the examples in a language that are not files."""
    return [text for found, file, text in _FENCE.findall(README) if (found, file) == (language, "")]


@pytest.fixture
def example(project: Path, runs_home: Path) -> Path:
    """A project with the files of the README; `gage` is the one under test."""
    files = {file: text for _, file, text in _FENCE.findall(README) if file}
    assert files
    for name, text in files.items():
        (project / name).write_text(text)
    return project


@pytest.mark.parametrize("script", blocks("sh"), ids=str)
def test_shell_example(script: str, example: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=example,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "loss: 0.168" in done.stdout


@pytest.mark.parametrize("program", blocks("python"), ids=str)
def test_python_example(program: str, example: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=example, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "completed loss: 0.168" in done.stdout


def test_notebook_example(example: Path) -> None:
    cells = [nbformat.v4.new_code_cell(text) for text in blocks("ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)

    NotebookClient(notebook, resources={"metadata": {"path": str(example)}}).execute()

    shown = nbformat.writes(notebook)
    assert "loss: 0.168" in shown
    assert "twice: 0.4" in shown


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^    (pip install uv && .*)$", README, re.MULTILINE)

    assert commands[-1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^):#]+)\)", README)

    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
