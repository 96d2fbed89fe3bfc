"""Cells run by the function, in a real IPython shell and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import gage
from gage_nb.cell import CellError
from gage_nb.running_cells import run_cell
from tests.shells import running_shell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


@pytest.fixture(autouse=True)
def _project(project: Path, runs_home: Path) -> None:
    """Every test has a project and a directory of runs of its own."""


def test_a_cell_runs_without_a_shell() -> None:
    run = run_cell("x = 1\nprint(x)", "fit", {"x": 5}, quiet=True)

    assert (run.opref.full_name, run.last_lines()) == ("cell:fit", "5")
    assert run.config == {"x": 5}


def test_variables_need_a_kernel() -> None:
    with pytest.raises(gage.DependencyError, match="there is none"):
        run_cell("print(df)", inputs=["df"])

    assert not gage.runs()


def test_a_name_that_only_the_notebook_has_is_explained(shell: InteractiveShell) -> None:
    shell.run_cell("frame = 3", store_history=True)

    with pytest.raises(gage.RunFailed) as error:
        run_cell("print(frame)", "fit", quiet=True, alone=True)

    assert "`frame` exists in this notebook (made by cell [1])" in str(error.value)


def test_what_is_no_python_is_refused_with_its_lines(shell: InteractiveShell) -> None:
    with pytest.raises(CellError, match="line 3: %debug"):
        run_cell("x = 1\n%debug\n", "fit")

    assert not gage.runs()


def test_a_cell_with_ipython_syntax_gets_what_it_needs_of_the_notebook(
    shell: InteractiveShell, project: Path
) -> None:
    (project / "data.bin").write_bytes(b"\0" * 200_000)
    shell.run_cell("import asyncio\nscale = 3\ndef twice(x):\n    return 2 * x", store_history=True)

    run = run_cell(
        "size = !wc -c < data.bin\n%matplotlib inline\nawait asyncio.sleep(0)\n"
        "print(size, twice(scale))",
        "fit",
        quiet=True,
    )

    assert run.last_lines() == "['200000'] 6"
    assert {"fit.ipy": "s", "data.bin": "d"}.items() <= {
        entry.path: entry.type for entry in run.manifest
    }.items()
    assert not run.verify()


def test_variables_go_in_and_come_back(shell: InteractiveShell) -> None:
    shell.user_ns["numbers"] = [1, 2, 3]

    run = run_cell("total = sum(numbers)", inputs=["numbers"], outputs=["total"], quiet=True)

    assert shell.user_ns["total"] == 6
    assert run.attrs["inputs"][0]["name"] == "numbers"


@pytest.mark.parametrize("option", ["background", "stage"])
def test_variables_cannot_come_back_from_what_is_not_waited_for(
    shell: InteractiveShell, option: str
) -> None:
    options: dict[str, Any] = {option: True}

    with pytest.raises(gage.OptionError, match="variables come back at the end of the run"):
        run_cell("total = 1", outputs=["total"], **options)


def test_nothing_comes_back_from_a_failed_run(shell: InteractiveShell) -> None:
    run_cell("total = 1\nraise SystemExit(1)", outputs=["total"], quiet=True, check=False)

    assert "total" not in shell.user_ns


def test_a_cell_works_in_the_directory_that_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "helper.py").write_text("x = 5\n")
    monkeypatch.chdir(tmp_path)

    run = run_cell("import helper\nprint(helper.x)", directory=str(project), quiet=True)

    assert run.last_lines() == "5"


def test_a_pickle_of_another_kernel_is_loaded_when_it_is_trusted(
    shell: InteractiveShell, project: Path
) -> None:
    other = (
        "from tests.shells import running_shell\n"
        "with running_shell() as shell:\n"
        "    shell.run_cell_magic('gage_run', '-o found -q', 'found = range(3)')\n"
    )
    subprocess.run([sys.executable, "-c", other], env=_with_root(), cwd=project, check=True)
    cell = "found = range(3)"

    with pytest.raises(gage.DependencyError, match="--trust"):
        run_cell(cell, outputs=["found"], needed=True, quiet=True)
    assert "found" not in shell.user_ns
    run = run_cell(cell, outputs=["found"], needed=True, trust=True, quiet=True)

    assert run.found
    assert shell.user_ns["found"] == range(3)


def test_a_pickle_of_this_kernel_is_loaded_again(shell: InteractiveShell) -> None:
    run_cell("found = range(3)", outputs=["found"], quiet=True)
    del shell.user_ns["found"]

    run = run_cell("found = range(3)", outputs=["found"], needed=True, quiet=True)

    assert run.found
    assert shell.user_ns["found"] == range(3)


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(TypeError, match=r"run_cell has no keyword 'lable'.*'label'"):
        run_cell("1", lable="x")  # type: ignore[call-arg]


def _with_root() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_files_that_carried_code_reads_are_found(shell: InteractiveShell, project: Path) -> None:
    (project / "data.bin").write_bytes(b"\0" * 200_000)
    shell.run_cell("def size():\n    return len(open('data.bin', 'rb').read())", store_history=True)

    run = run_cell("print(size())", "fit", quiet=True)

    assert run.last_lines() == "200000"


OPENED = {
    "a list of paths": (
        """
import glob
found = glob.glob("../measured/*.txt")
numbers = [int(open(path).read()) for path in found]
""",
        "print(sum(int(open(path).read()) for path in found))",
    ),
    "a directory": (
        """
from pathlib import Path
home = Path("..") / "measured"
days = ("mon", "tue")
texts = [(home / f"{day}.txt").read_text() for day in days]
""",
        "print(sum(int((home / f'{day}.txt').read_text()) for day in days))",
    ),
    "as it was executed before": (
        """
days = {"first": "mon", "second": "tue"}
def read(day, kind="txt"):
    return int(open("../measured/" + ".".join([day, kind])).read())
""",
        "print(read(days['first']) + read(days['second']))",
    ),
}


@pytest.mark.parametrize(("earlier", "cell"), OPENED.values(), ids=OPENED.keys())
@pytest.mark.parametrize("carry_from", ["values", "code"])
def test_files_that_earlier_cells_opened_are_handed_on(
    shell: InteractiveShell,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    earlier: str,
    cell: str,
    carry_from: str,
) -> None:
    (project / ".git").mkdir()
    (project / "measured").mkdir()
    (project / "measured" / "mon.txt").write_text("40\n")
    (project / "measured" / "tue.txt").write_text("2\n")
    (project / "notebooks").mkdir()
    monkeypatch.chdir(project / "notebooks")
    shell.run_cell("%load_ext gage_nb", store_history=True)
    shell.run_cell(earlier, store_history=True)
    shell.run_cell(cell, store_history=True)

    run = run_cell(cell, "fit", quiet=True, carry_from=carry_from)

    assert run.last_lines() == "42"


@pytest.mark.parametrize("carry_from", ["values", "code"])
@pytest.mark.parametrize("added", ["'..'", "os.path.abspath('..')"], ids=["relative", "absolute"])
def test_modules_above_that_the_notebook_finds_are_part_of_the_run(
    shell: InteractiveShell,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    carry_from: str,
    added: str,
) -> None:
    (project / ".git").mkdir()
    for name in ("notebooks", "above"):
        (project / name).mkdir()
    (project / "above" / "__init__.py").touch()
    (project / "above" / "tool.py").write_text(
        "from .inner import VALUE\nclass Tool:\n    x = VALUE\n"
    )
    (project / "above" / "inner.py").write_text("VALUE = 42\n")
    monkeypatch.chdir(project / "notebooks")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "above"]:
        monkeypatch.delitem(sys.modules, name)
    shell.run_cell("%load_ext gage_nb", store_history=True)
    shell.run_cell(f"import os, sys\nsys.path.append({added})", store_history=True)
    shell.run_cell("from above.tool import Tool\ntool = Tool()", store_history=True)

    run = run_cell("print(tool.x, Tool.__name__)", "fit", quiet=True, carry_from=carry_from)

    assert run.last_lines() == "42 Tool"
    assert Path(run.run_dir, "above", "inner.py").is_file()
