"""A cell run elsewhere prints what it prints in its notebook: real shells, real runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import gage
from gage._internal.errors import DependencyError
from gage_nb.running_cells import run_cell
from tests.gage_nb.world.notebooks import NOTEBOOKS
from tests.gage_nb.world.shells import execute, printed
from tests.shells import running_shell

# What a slice of code cannot give again, and is not asked to.
NEEDS_VALUES = {"generator"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_run_prints_what_its_cell_prints(shell: InteractiveShell, name: str) -> None:
    *before, cell = NOTEBOOKS[name]
    expected = execute(shell, *before, cell)

    run = run_cell(cell, "target", quiet=True)

    assert printed(run) == expected


@pytest.mark.parametrize("name", sorted(NOTEBOOKS.keys() - NEEDS_VALUES))
def test_code_alone_gives_the_same(shell: InteractiveShell, name: str) -> None:
    *before, cell = NOTEBOOKS[name]
    expected = execute(shell, *before, cell)

    run = run_cell(cell, "target", quiet=True, carry_from="code")

    assert printed(run) == expected
    assert not run.attrs["carried"]["values"]


def test_code_alone_leaves_out_what_is_not_needed(shell: InteractiveShell) -> None:
    execute(shell, "a = 1", "b = 2", "def f(x):\n    return x + a", "c = 3", "d = f(c)")

    run = run_cell("print(d)", "target", quiet=True, carry_from="code")

    assert printed(run) == "4\n"
    assert run.attrs["carried"]["cells"] == [1, 3, 4, 5]
    assert not (Path(run.run_dir) / "target.carried" / "output.txt").exists()


def test_cells_that_run_before_print_into_a_file_of_their_own(shell: InteractiveShell) -> None:
    execute(shell, "print('loading')\nx = 1")

    run = run_cell("print(x)", "target", quiet=True, carry_from="code")

    assert printed(run) == "1\n"
    assert (Path(run.run_dir) / "target.carried" / "output.txt").read_text() == "loading\n"


def test_a_cell_that_failed_runs_as_far_as_it_did(shell: InteractiveShell) -> None:
    execute(shell, "import sys")
    shell.run_cell("x = 5\nprint('old', file=sys.stderr)\n1 / 0\nx = 6", store_history=True)

    run = run_cell("print(x)", "target", quiet=True, carry_from="code")

    assert printed(run) == "5\n"
    output = (Path(run.run_dir) / "target.carried" / "output.txt").read_text()
    assert "old" in output
    assert "ZeroDivisionError" in output


def test_where_code_is_doubtful_all_cells_run_and_it_is_said(shell: InteractiveShell) -> None:
    execute(shell, "a = 1", "exec('b = a + 1')", "c = 5")

    run = run_cell("print(b)", "target", quiet=True, carry_from="code")

    assert printed(run) == "2\n"
    assert run.attrs["carried"]["cells"] == [1, 2, 3]
    assert (
        "doubtful: cell 2 runs code that is not visible in its source"
        in run.attrs["carried"]["summary"]
    )


def test_code_that_gives_another_value_is_said_to_be_doubtful(shell: InteractiveShell) -> None:
    execute(shell, "data = [1, 2]")
    shell.user_ns["data"][0] = 9

    run = run_cell("print(data)", "target", quiet=True, carry_from="code")

    assert "[1, 2]" in printed(run)
    assert (
        "gage: doubtful: running the code gives `data` another value than in the notebook"
        in printed(run)
    )


def test_a_cell_edited_since_it_ran_is_named(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    shell.run_cell("x = 1", store_history=True, cell_id="first")
    saved = {"cells": [{"id": "first", "cell_type": "code", "source": "x = 2"}]}
    (project / "saved.ipynb").write_text(json.dumps(saved))
    monkeypatch.setenv("JPY_SESSION_NAME", str(project / "saved.ipynb"))

    run = run_cell("print(x)", "target", quiet=True)

    assert printed(run) == "1\n"
    assert run.attrs["carried"]["edited"] == [1]
    summary = run.attrs["carried"]["summary"]
    assert summary == "x (cell 1); cell 1 has been edited since it ran"


def test_nothing_is_carried_alone(shell: InteractiveShell) -> None:
    execute(shell, "x = 1")

    run = run_cell("print('x' in globals())", "target", quiet=True, alone=True)

    assert printed(run) == "False\n"
    assert "carried" not in run.attrs


def test_a_cell_that_needs_nothing_is_given_nothing(shell: InteractiveShell) -> None:
    execute(shell, "x = 1")

    run = run_cell("y = 2\nprint(y)", "target", quiet=True)

    assert sorted(path.name for path in Path(run.run_dir).iterdir()) == ["target.py"]


def test_a_name_from_nowhere_is_refused_before_anything_runs(shell: InteractiveShell) -> None:
    execute(shell, "counter = 1")

    with pytest.raises(DependencyError, match=r"needs `countr`.*Did you mean"):
        run_cell("print(countr)", "target", quiet=True)

    assert not gage.runs()


def test_what_cannot_be_stored_is_made_by_its_code(shell: InteractiveShell) -> None:
    execute(shell, "import threading\nlock = threading.Lock()", "n = 5")

    run = run_cell("print(lock.locked(), n)", "target", quiet=True)

    assert printed(run) == "False 5\n"
    assert run.attrs["carried"]["cells"] == [1]


def test_what_neither_can_be_stored_nor_made_is_refused(shell: InteractiveShell) -> None:
    import threading

    shell.user_ns["lock"] = threading.Lock()

    with pytest.raises(DependencyError, match="`lock` is needed by the cell, but"):
        run_cell("print(lock)", "target", quiet=True)


def test_the_record_says_what_came_from_where(shell: InteractiveShell) -> None:
    execute(shell, "import math", "def f(x):\n    return math.sqrt(x)", "data = [1, 4]")

    run = run_cell("print([f(x) for x in data])", "target", quiet=True)

    carried = run.attrs["carried"]
    assert carried["summary"] == "data, math and f() (cells 1, 2, 3)"
    assert [(part["names"], part["cell"], part["lines"]) for part in carried["code"]] == [
        (["math"], 1, [1, 1]),
        (["f"], 2, [1, 2]),
    ]
    (value,) = carried["values"]
    assert (value["name"], value["cell"], value["format"]) == ("data", 3, "json")


def test_files_of_what_is_carried_are_in_the_manifest(shell: InteractiveShell) -> None:
    execute(shell, "def f():\n    return data", "data = [1]")

    run = run_cell("print(f())", "target", quiet=True)

    types = {entry.path: entry.type for entry in run.manifest}
    assert types["target.carried/cell-1.py"] == "s"
    assert types["target.carried/values.json"] == "d"


def test_a_traceback_names_the_cell_and_its_line(shell: InteractiveShell) -> None:
    execute(shell, "x = 1", "y = 0\n\ndef bad():\n    return x / y")

    run = run_cell("\nbad()", "target", quiet=True, check=False)

    text = printed(run)
    assert 'target.carried/cell-2.py", line 4, in bad' in text
    assert "return x / y" in text
    assert "gage/inside" not in text


def test_values_can_be_handed_over_as_well(shell: InteractiveShell) -> None:
    execute(shell, "x = 1", "y = 2")

    run = run_cell("print(x, y)", "target", quiet=True, inputs=["x"])

    assert printed(run) == "1 2\n"
    assert [value["name"] for value in run.attrs["inputs"]] == ["x"]


def test_the_same_cell_and_values_are_the_same_files(shell: InteractiveShell) -> None:
    execute(shell, "def f(k=2):\n    return k\nclass A:\n    pass", "a = [A(), {1: f}]\nb = (3, a)")

    first = run_cell("print(len(a), b[0])", "target", quiet=True)
    second = run_cell("print(len(a), b[0])", "target", quiet=True, needed=True)

    assert second.id == first.id


def test_history_serves_where_the_extension_came_later(project: Path, runs_home: Path) -> None:
    with running_shell() as shell:
        shell.run_line_magic("unload_ext", "gage_nb")
        expected = execute(shell, "def f(x):\n    return x + k", "k = 2", "print(f(1))")
        shell.run_line_magic("load_ext", "gage_nb")

        run = run_cell("print(f(1))", "target", quiet=True)

    assert printed(run) == expected
    assert run.attrs["carried"]["summary"] == "f() and k (cells 1, 2)"


def test_explain_runs_nothing(shell: InteractiveShell) -> None:
    execute(shell, "import math", "data = [1]")

    with capture_output() as captured:
        shell.run_cell("%%gage_run target --explain\nprint(math.pi, data)").raise_error()

    assert re.search(r"^math +as code \(import\)", captured.stdout)
    assert "cell 2" in captured.stdout
    assert not gage.runs()


@pytest.mark.parametrize("options", ["--jobs 3", "--json", "--preview"])
def test_explain_refuses_what_means_nothing_with_it(shell: InteractiveShell, options: str) -> None:
    with pytest.raises(UsageError, match=options.split(maxsplit=1)[0]):
        shell.run_cell(f"%%gage_run target --explain {options}\nlr = 1").raise_error()


def test_an_unknown_source_is_refused(shell: InteractiveShell) -> None:
    with pytest.raises(ValueError, match="expected values or code after --from, found 'thin air'"):
        run_cell("print(1)", "target", carry_from="thin air")


def test_a_directory_of_another_version_ends_the_run(shell: InteractiveShell) -> None:
    execute(shell, "data = [1]")
    run = run_cell("print(data)", "target", quiet=True, stage=True)
    table = Path(run.run_dir) / "target.carried" / "carried.json"
    table.chmod(0o644)
    table.write_text(json.dumps({"version": 99}))

    run.start(force=True)
    run.wait()

    assert run.status == "error"
    assert "expected version 1" in printed(run)


@pytest.mark.parametrize("cell", ["print(x)", "%time print(x)"], ids=["plain", "under IPython"])
def test_what_earlier_cells_show_is_not_shown_again(shell: InteractiveShell, cell: str) -> None:
    execute(
        shell,
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
        "from IPython.display import display, clear_output\nx = 1",
        "plt.plot([1, 2]); plt.show()\ndisplay(x); clear_output()\nx += 1",
    )

    run = run_cell(cell, "target", quiet=True, carry_from="code")

    assert printed(run).startswith("2\n")
    assert not Path(run.meta_dir, "results").exists()
