"""A notebook as a target: its cells are executed in the run, and what they print is its output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import gage
from tests.making import wait_until

ROOT = Path(__file__).parents[2]


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook; what begins with "#" and a blank is text."""
    found = nbformat.v4.new_notebook()
    for source in cells:
        if source.startswith("# "):
            found.cells.append(nbformat.v4.new_markdown_cell(source))
        else:
            found.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(found, path)
    return path


def executed(run: gage.RecordedRun, name: str) -> nbformat.NotebookNode:
    found: nbformat.NotebookNode = nbformat.read(Path(run.run_dir, name), as_version=4)
    return found


@pytest.fixture
def kernels(project: Path, runs_home: Path) -> Path:
    return project


def test_cells_are_executed_in_order_with_the_values_asked_for(kernels: Path) -> None:
    path = notebook(
        kernels / "a.ipynb",
        "# Title",
        "n = 3",
        "print('n is', n)\nimport sys; print('err', file=sys.stderr)",
        "n * 2",
    )
    before = path.read_bytes()

    run = gage.run("a.ipynb", {"n": 50})

    assert run.status == "completed", run.last_lines()
    lines = [(line.stream, line.data.decode()) for line in run.output().lines()]
    assert [text for stream, text in lines if stream == 0] == [
        "[cell 1/3]\n",
        "[cell 2/3]\n",
        "n is 50\n",
        "[cell 3/3]\n",
        "100\n",
    ]
    assert [text for stream, text in lines if stream == 1] == ["err\n"]
    assert path.read_bytes() == before
    assert ("g", "a.executed.ipynb") in [(entry.type, entry.path) for entry in run.manifest]
    cells = executed(run, "a.executed.ipynb").cells
    assert cells[-1].outputs[0].data["text/plain"] == "100"


def test_the_kernel_is_of_this_interpreter_and_in_the_run_directory(kernels: Path) -> None:
    (kernels / "own.py").write_text("value = 17\n")
    notebook(
        kernels / "a.ipynb", "import os, sys, own; print(sys.executable, os.getcwd(), own.value)"
    )

    run = gage.run("a.ipynb")

    assert run.last_lines(1) == f"{sys.executable} {run.run_dir} 17"


def test_a_failing_cell_ends_the_run_with_its_number(kernels: Path) -> None:
    notebook(kernels / "a.ipynb", "x = 1", "# text", "1 / 0", "print('never')")

    run = gage.run("a.ipynb")

    assert (run.status, run.exit_code) == ("error", 1)
    assert run.last_lines(1) == "[cell 2/3] failed: ZeroDivisionError: division by zero"
    printed = run.output().tail(100_000).decode()
    assert "Traceback" in printed
    assert "never" not in printed
    cells = executed(run, "a.executed.ipynb").cells
    assert cells[2].outputs[0].ename == "ZeroDivisionError"
    assert cells[3].execution_count is None


def test_a_kernel_that_dies_is_said(kernels: Path) -> None:
    notebook(kernels / "a.ipynb", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    run = gage.run("a.ipynb")

    assert (run.status, run.exit_code) == ("error", 1)
    assert run.last_lines(1) == "[cell 1/1] failed: the kernel died"


def test_a_stopped_notebook_keeps_what_was_done(kernels: Path) -> None:
    notebook(
        kernels / "a.ipynb",
        "done = 'yes'; done",
        "import time; print('waiting', flush=True); time.sleep(1000)",
    )
    run = gage.run("a.ipynb", background=True)
    wait_until(lambda: b"waiting" in run.output().tail(1000))

    status = run.stop()

    assert status.name == "terminated"
    first, _ = executed(run, "a.executed.ipynb").cells
    assert first.outputs[0].data["text/plain"] == "'yes'"
    assert run.last_lines(1) == "[cell 2/2] stopped"


def test_a_notebook_without_code_completes(kernels: Path) -> None:
    notebook(kernels / "a.ipynb", "# only text")

    run = gage.run("a.ipynb")

    assert run.status == "completed"
    assert executed(run, "a.executed.ipynb").cells[0].source == "# only text"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [([], 2, "expected one argument: a notebook"), (["no.ipynb"], 1, "no.ipynb")],
    ids=["none", "missing"],
)
def test_a_wrong_argument_is_said(project: Path, args: list[str], code: int, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gage.inside.notebook", *args],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert message in done.stderr


def test_a_notebook_that_is_stopped_while_its_libraries_load_says_so(tmp_path: Path) -> None:
    notebook(tmp_path / "n.ipynb", "1")
    # The first library that is loaded is this one: the interrupt comes in the middle of it.
    (tmp_path / "nbformat.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "gage.inside.notebook", "n.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (130, "stopped\n")
