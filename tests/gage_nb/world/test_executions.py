"""The log of executions: what it writes down, and that it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gage_nb.world.executions import Execution, log_of
from tests.shells import running_shell


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


def execute(shell: InteractiveShell, *cells: str) -> list[Execution]:
    for cell in cells:
        shell.run_cell(cell, store_history=True)
    return log_of(shell).executions()


def test_an_execution_has_number_source_success_and_times(shell: InteractiveShell) -> None:
    first, second = execute(shell, "a = 1", "1 / 0")

    assert (first.number, first.source, first.success) == (1, "a = 1", True)
    assert (second.number, second.success) == (2, False)
    assert 0 < first.started_us <= first.ended_us <= second.started_us


def test_bound_names_are_those_that_changed(shell: InteractiveShell) -> None:
    first, second, third, fourth = execute(
        shell, "a = [1]; b = 2", "a.append(2)", "exec('hidden = object()')", "del b"
    )

    assert first.bound == {"a", "b"}
    assert second.bound == set()
    assert third.bound == {"hidden"}
    assert fourth.bound == {"b"}


@pytest.mark.parametrize(
    ("cell", "changed"),
    [
        ("import random; random.random()", {"random"}),
        ("import os; os.environ['GAGE_TEST_LOG'] = '1'", {"environ"}),
        ("import sys; sys.path.append('/nowhere')", {"sys.path"}),
        ("import os; os.mkdir('below'); os.chdir('below')", {"cwd"}),
        ("x = 1", set()),
    ],
)
def test_state_that_changed_is_named(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, cell: str, changed: set[str]
) -> None:
    monkeypatch.setenv("GAGE_TEST_LOG", "0")
    monkeypatch.setattr(sys, "path", list(sys.path))

    (execution,) = execute(shell, cell)

    assert execution.changed == changed


def test_files_and_modules_of_the_project_are_named(
    shell: InteractiveShell, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(project), *sys.path])
    (project / "own_module_of_the_log.py").write_text("x = 1\n")
    (project / "data.txt").write_text("x")

    first, second = execute(
        shell, "open('data.txt').read()", "import own_module_of_the_log; open('new', 'w').close()"
    )

    assert first.opened == (str(project / "data.txt"),)
    assert second.modules == ("own_module_of_the_log",)
    assert str(project / "new") not in second.opened


def test_a_body_that_a_magic_runs_is_part_of_its_cell(shell: InteractiveShell) -> None:
    (execution,) = execute(shell, "%%capture out\nx = 1")

    assert execution.bound == {"out", "x"}


def test_silent_code_is_left_out(shell: InteractiveShell) -> None:
    shell.run_cell("a = 1", store_history=False)

    assert execute(shell) == []


def test_unload_ends_the_log(shell: InteractiveShell) -> None:
    callbacks = shell.events.callbacks
    before = len(callbacks["pre_run_cell"])

    shell.run_line_magic("unload_ext", "gage_nb")
    shell.run_cell("a = 1", store_history=True)

    assert len(callbacks["pre_run_cell"]) == before - 1
    assert [each.bound for each in log_of(shell).executions()] == [frozenset()]
    shell.run_line_magic("load_ext", "gage_nb")


def test_files_are_noted_only_while_a_cell_is_executed(
    shell: InteractiveShell, project: Path
) -> None:
    (project / "data.txt").write_text("x")
    execute(shell, "x = 1")

    (project / "data.txt").read_text()
    executions = execute(shell, "y = 1", "import pathlib; pathlib.Path('data.txt').read_text()")

    path = str(project / "data.txt")
    assert [each.opened for each in executions] == [(), (), (path,)]


def test_a_function_that_opens_files_still_goes_to_other_processes(
    shell: InteractiveShell, project: Path
) -> None:
    (project / "data.txt").write_text("from the file")
    cell = "import cloudpickle\ndef read():\n    return open('data.txt').read()\n"
    execute(shell, cell + "data = cloudpickle.dumps(read)")

    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=shell.user_ns["data"],
        capture_output=True,
        check=True,
    )

    assert done.stdout == b"from the file\n"


def test_no_audit_hook_is_installed(project: Path) -> None:
    program = (
        "import sys\n"
        "hooks, add = [], sys.addaudithook\n"
        "sys.addaudithook = hooks.append\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'gage_nb')\n"
        "shell.run_cell('x = 1', store_history=True)\n"
        "shell.run_cell('x', store_history=True)\n"
        "print(len(hooks))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split()[-1] == "0"
