"""The words of a command, its environment and its program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gage._internal.process.command import child_env, command_argv, find_program, supervisor_command
from gage._internal.types import Run

PYTHON = sys.executable


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run("60a825b1", "kafom-fikud", str(tmp_path / "r"), str(tmp_path / "r.meta"))


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        (["a", "b c"], ["a", "b c"]),
        (["python", "x.py"], [PYTHON, "x.py"]),
        (["python3"], [PYTHON]),
        (["python3.11"], ["python3.11"]),
        (["./python"], ["./python"]),
        ("echo a | wc", ["sh", "-c", "echo a | wc"]),
        ([], []),
    ],
    ids=str,
)
def test_a_command_becomes_words(command: list[str] | str, argv: list[str]) -> None:
    assert command_argv(command, "/nowhere/script") == argv


def test_a_cell_is_started_without_loading_runpy() -> None:
    command = ["python", "-m", "gage.inside.cell", "-o", "x", "fit.py"]

    argv = command_argv(command, "/nowhere")

    assert argv == [PYTHON, "-c", "from gage.inside.cell import main; main()", "-o", "x", "fit.py"]
    assert command_argv(command, "/nowhere", {"PATH": "/x"}) == command


def test_an_operation_with_its_own_path_has_its_own_python() -> None:
    assert command_argv(["python"], "/nowhere", {"PATH": "/x"}) == ["python"]
    assert command_argv(["python"], "/nowhere", {"A": "b"}) == [PYTHON]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/bin/sh\necho", ["/bin/sh"]),
        ("#! /bin/sh -e\necho", ["/bin/sh", "-e"]),
        ("#!python -u\npass", [PYTHON, "-u"]),
        ("#!/bin/sh", ["/bin/sh"]),
    ],
    ids=["plain", "argument", "python", "one-line"],
)
def test_a_script_is_written_for_its_interpreter(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "proc" / "script"
    assert command_argv(text, str(path)) == [*words, str(path)]
    assert path.read_text() == text
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_script_without_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="interpreter"):
        command_argv("#! \necho", str(tmp_path / "script"))


def test_the_last_word_on_the_environment_is_the_operations(run: Run) -> None:
    env = child_env({"A": "1", "B": "1", "RUN_ID": "outer"}, run, {"B": "2", "run_dir": "mine"})
    assert env["A"] == "1"
    assert env["B"] == "2"
    assert env["RUN_ID"] == run.id
    assert env["RUN_DIR"] == run.run_dir
    assert env["run_dir"] == "mine"
    assert env["PYTHONUNBUFFERED"] == "1"


@pytest.mark.parametrize("path", ["/bin:/usr/bin", str(Path(PYTHON).parent) + ":/bin"], ids=str)
def test_this_interpreter_comes_first_on_path_once(run: Run, path: str) -> None:
    directories = child_env({"PATH": path}, run, {})["PATH"].split(":")
    assert directories[0] == str(Path(PYTHON).parent)
    assert directories.count(directories[0]) == 1


def test_the_operations_path_stays_as_it_is(run: Run) -> None:
    assert child_env({"PATH": "/bin"}, run, {"PATH": "/mine"})["PATH"] == "/mine"


def test_a_program_is_found_as_a_shell_finds_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "closed").mkdir()
    for path, mode in (("bin/tool", 0o755), ("closed/tool", 0o644), ("closed/only", 0o644)):
        (tmp_path / path).write_text("#!/bin/sh\n")
        (tmp_path / path).chmod(mode)
    env = {"PATH": f"{tmp_path}/closed:bin"}
    assert find_program("tool", env, str(tmp_path)) == str(tmp_path / "bin" / "tool")
    assert find_program("./bin/tool", env, str(tmp_path)) == f"{tmp_path}/./bin/tool"
    with pytest.raises(PermissionError):
        find_program("only", env, str(tmp_path))
    for name in ("none", "", "bin"):
        with pytest.raises(FileNotFoundError):
            find_program(name, env, str(tmp_path))


def test_the_supervisors_command_says_what_it_is(tmp_path: Path) -> None:
    argv = supervisor_command(str(tmp_path))
    assert argv[0] == PYTHON
    assert "gage._internal.running.supervisor" in " ".join(argv)
    assert argv[-1] == str(tmp_path)
