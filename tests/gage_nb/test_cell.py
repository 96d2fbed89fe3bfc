"""A cell as a program, with IPython's own transformers and programs that are really run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gage_nb.cell import (
    CellError,
    check_name,
    lines_before_body,
    stage_cell,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def faults_of(body: str) -> list[tuple[int, str]]:
    with pytest.raises(CellError) as caught:
        stage_cell(body)
    return [(fault.line, fault.text.strip()) for fault in caught.value.faults]


def run_program(directory: Path, body: str, **options: Any) -> subprocess.CompletedProcess[str]:
    program = stage_cell(body, **options)
    path = directory / program.file_name
    path.write_bytes(program.source.encode())
    return subprocess.run(
        [sys.executable, "-m", "gage.inside.cell", path.name],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


# The program


def test_the_magics_line_becomes_a_comment() -> None:
    program = stage_cell("x = 1\nprint(x)", "fit")

    assert program.file_name == "fit.py"
    assert program.source == "# %%gage_run fit\nx = 1\nprint(x)\n"
    assert program.first_line == 2


def test_a_traceback_has_the_lines_of_the_cell(tmp_path: Path) -> None:
    result = run_program(tmp_path, "x = 1\n\n1 / 0\n", lines_before=3)

    assert 'File "' in result.stderr
    assert "line 6, in <module>" in result.stderr


@pytest.mark.parametrize(
    "body",
    [
        "from __future__ import annotations\ndef f(x: Nope): ...\nprint('fine')",
        '"""Doc."""\nprint(__doc__ and "fine")',
        "# only a comment\nprint('fine')",
        "if True:\n\tx = 1\n\tprint('fine')",
        "print('fine')\r\nx = '''a\r\nb'''\r\nassert x == 'a\\nb'",
        "# -*- coding: utf-8 -*-\nprint('fine')",
        "x = '\u2028 \x0c ü'\nprint('fine')",
        "\x0cprint('fine')",
        "x = '''\n%matplotlib inline\n!ls\n'''\nprint('fine')",
        "x = (7\n % 4)\nprint('fine')",
        "x = 7 \\\n  % 4\nprint('fine')",
        "async def main():\n    await f()\nprint('fine')",
        "print('fine')  # what?",
    ],
    ids=[
        "future import",
        "docstring",
        "comment",
        "tabs",
        "CRLF",
        "coding line",
        "separators",
        "form feed",
        "magic in a string",
        "modulo in brackets",
        "modulo continued",
        "await in a function",
        "question mark in a comment",
    ],
)
def test_a_python_cell_runs_as_it_is(tmp_path: Path, body: str) -> None:
    result = run_program(tmp_path, body)

    assert (result.stdout, result.stderr) == ("fine\n", "")


def test_a_cell_of_comments_is_a_program() -> None:
    assert stage_cell("# later\n").source == "# %%gage_run\n# later\n"


def test_warnings_of_the_compiler_are_left_to_the_run(tmp_path: Path) -> None:
    result = run_program(tmp_path, "x = 1\nassert (x, 'always true')\n")

    assert "cell.py:3: SyntaxWarning" in result.stderr


# What is refused


@pytest.mark.parametrize(
    "body",
    [
        "%matplotlib inline\nprint(1)",
        "x = !ls *.py",
        "!ls -l 'a b'",
        "x?",
        "%%time\nx = 1",
        "%%bash\nfor x in *; do echo $x; done",
        "import asyncio\nawait asyncio.sleep(0)",
        "async with a:\n    pass",
        "[x async for x in a]",
        "%load_ext autoreload",
    ],
)
def test_a_cell_with_ipython_syntax_runs_under_ipython(body: str) -> None:
    program = stage_cell(body)

    assert (program.file_name, program.needs_ipython) == ("cell.ipy", True)
    assert program.source == f"# %%gage_run\n{body}\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("%gage_run train.py", "another cell"),
        ("r = %gage runs", "another cell"),
        ("%load_ext gage_nb", "another cell"),
        ("%connect_info", "the notebook's kernel"),
        ("%debug", "a debugger"),
        ("%pdb on", "a debugger"),
    ],
)
def test_what_cannot_work_in_a_run_is_refused_with_its_line(line: str, reason: str) -> None:
    with pytest.raises(CellError) as caught:
        stage_cell(f"import os\n\n{line}\nprint(1)\n")

    (fault,) = caught.value.faults
    assert (fault.line, fault.text) == (4, line)
    assert reason in fault.reason
    assert f"line 4: {line}" in str(caught.value)


def test_every_fault_is_found_at_once() -> None:
    body = "%debug\nif True:\n    !ls \\\n      -l\n    y = 1\nfor x in y\n    pass\nz?\n"

    assert faults_of(body) == [(2, "%debug"), (7, "for x in y")]


def test_syntax_an_extension_adds_to_the_shell_is_found() -> None:
    from IPython.core.inputtransformer2 import EscapedCommand, TransformerManager

    class NoEscapes(EscapedCommand):
        @classmethod
        def find(cls, tokens_by_line: list[Any]) -> None:
            return None

    manager = TransformerManager()
    manager.token_transformers = [NoEscapes]

    with pytest.raises(CellError, match="SyntaxError"):
        stage_cell("!ls", transformer_manager=manager)


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("x = 1\ny = = 2\n", 3, "SyntaxError"),
        ("def f():\nreturn 1\n", 3, "IndentationError"),
        ("x = 1\nreturn x\n", 3, "'return' outside function"),
        ("x = (1,\n", 2, "SyntaxError"),
        ("x = '''\n", 2, "SyntaxError"),
        ("x = 1\nfrom __future__ import annotations\n", 3, "__future__"),
        ("x = '\0'\n", 2, "null byte"),
        ("x = '\ud800'\n", 2, "surrogate"),
        ("# coding: latin-1\nx = 'ü'\n", 2, "always UTF-8"),
        ("\n \n", 2, "empty"),
        ("class A:\n    x = await f()\n", 3, "outside"),
    ],
)
def test_what_is_not_a_program_is_refused(body: str, line: int, message: str) -> None:
    with pytest.raises(CellError, match=message) as caught:
        stage_cell(body)

    assert caught.value.faults[0].line == line


def test_the_error_survives_pickling() -> None:
    with pytest.raises(CellError) as caught:
        stage_cell("%debug")

    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.faults, str(copy)) == (caught.value.faults, str(caught.value))


# Its name


@pytest.mark.parametrize("name", ["fit", "fit_2", "fit-2", "größe", "_x", "test", "class"])
def test_good_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fit.py", "write 'fit'"),
        ("a/b", "letters, digits"),
        ("..", "letters, digits"),
        ("2fit", "letters, digits"),
        ("", "letters, digits"),
        ("a b", "letters, digits"),
        ("x" * 101, "at most 100"),
        ("json", "hide the module 'json'"),
        ("gage", "hide the module 'gage'"),
        ("numpy", "hide the installed package 'numpy'"),
    ],
)
def test_bad_names(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_name(name)


def test_a_file_of_the_project_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")

    with pytest.raises(ValueError, match=r"train\.py exists in the project"):
        stage_cell("x = 1", "train", project_dir=tmp_path)


# Where its lines are


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    """A real IPython with a cell magic that keeps what it is given."""
    shell = InteractiveShell()
    yield shell
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    ("cell", "before"),
    [
        ("%%keep fit\nx = 1\ny = 2", 1),
        ("\n\n%%keep fit\nx = 1\n", 3),
        ("%%keep\n\n\nx = 1\n\n", 1),
        ("    %%keep\n    x = 1\n    if x:\n        y = 2\n", 1),
        ("%%keep\r\nx = 1\r\ny = 2\r\n", 1),
    ],
    ids=["plain", "blank lines above", "blank lines below", "indented", "CRLF"],
)
def test_lines_before_the_body_are_counted_in_the_cell_as_typed(
    shell: InteractiveShell, cell: str, before: int
) -> None:
    kept: list[str] = []
    shell.register_magic_function(lambda line, cell: kept.append(cell), "cell", "keep")  # type: ignore[arg-type]

    shell.run_cell(cell)

    assert lines_before_body(cell, kept[0]) == before


def test_a_body_from_elsewhere_has_one_line_before_it() -> None:
    assert lines_before_body("run_cell('''x = 1''')", "x = 1") == 1


def test_ipython_shows_a_refused_cell_without_our_stack(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.push({"stage_cell": stage_cell})

    result = shell.run_cell("stage_cell('%debug')")

    assert isinstance(result.error_in_exec, CellError)
    shown = capsys.readouterr().out
    assert "line 2: %debug" in shown
    assert "Traceback" not in shown
