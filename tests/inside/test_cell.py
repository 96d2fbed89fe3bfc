"""The program that runs a cell, in processes of its own: as Python runs a script, and its value."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = sys.executable


def run(
    directory: Path, source: str, *options: str, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    (directory / "work.py").write_text(source)
    command = [PYTHON, "-m", "gage.inside.cell", *options, "work.py", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def run_script(directory: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "work.py").write_text(source)
    command = [PYTHON, "work.py", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


# The same as a script

PROGRAMS = {
    "names": "print(__name__, __file__, __spec__, __package__, __doc__, __builtins__)",
    "module": "import sys\nprint(sys.modules['__main__'].__dict__ is globals())",
    "arguments": "import sys\nprint(sys.argv, sys.path[0])",
    "docstring": '"""Doc."""\nprint(__doc__)',
    "future": "from __future__ import annotations\ndef f(x: Nope): ...\nprint(f.__annotations__)",
    "error": "def f():\n    return 1 / 0\n\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('x')",
    "cause": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('x') from e",
    "syntax": "x = (\n",
    "return": "return 1\n",
    "warning": "assert (1, 'always')\n",
    "warn": "import warnings\nwarnings.warn('careful')\n",
    "exit": "import sys\nsys.exit(3)",
    "exit with words": "import sys\nsys.exit('no data')",
    "exit without": "raise SystemExit",
    "atexit": "import atexit\natexit.register(print, 'end')\nraise KeyError('a')",
    "hook": "import sys\nsys.excepthook = lambda *a: print(a[0], a[2].tb_lineno)\n\nx = y",
    "group": "raise ExceptionGroup('several', [ValueError(1), KeyError(2)])",
    "interrupt": "print('before', flush=True)\nraise KeyboardInterrupt",
    "thread": "import threading\nthreading.Thread(target=lambda: print('late')).start()\nx = 1",
    "source": "import inspect\ndef f():\n    pass  # here\nprint(inspect.getsource(f))",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "line ends": "x = 1\r\ny = '''a\r\nb'''\r\nprint(repr(y))\r\n",
    "coding": "# -*- coding: latin-1 -*-\nprint('fine')",
    "annotations": "x: int = 1\nprint(__annotations__)",
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_a_cell_is_a_script(tmp_path: Path, source: str) -> None:
    script = run_script(tmp_path, source, "--lr", "-x")

    cell = run(tmp_path, source, arguments=("--lr", "-x"))

    assert cell.stdout == script.stdout
    assert cell.stderr == script.stderr
    assert cell.returncode == script.returncode


def test_an_interrupt_ends_it_by_the_signal(tmp_path: Path) -> None:
    assert run(tmp_path, "raise KeyboardInterrupt").returncode == -signal.SIGINT


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_find_what_the_cell_defines(tmp_path: Path, method: str) -> None:
    source = f"""
import multiprocessing
def double(x):
    return 2 * x
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.map(double, [1, 2]))
"""

    result = run(tmp_path, source)

    assert (result.stdout, result.stderr) == ("[2, 4]\n", "")


def test_a_module_beside_the_program_is_found(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "helper.py").write_text("x = 7")
    (tmp_path / "below" / "work.py").write_text("import helper\nhelper.x")

    command = [PYTHON, "-m", "gage.inside.cell", "below/work.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert result.stdout == "7\n"


# Its value


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("x = 1\nx + 1", "2\n"),
        ("'text'", "'text'\n"),
        ("(\n  1 +\n  1\n)  # two", "2\n"),
        ("print(1); 2", "1\n2\n"),
        ("1\n2", "2\n"),
        ("'ü' + 'x'  # ü", "'üx'\n"),
        ("'a # b;'", "'a # b;'\n"),
        ("1;", ""),
        ("1  ;  # silent", ""),
        ("(1\n);# silent\n\n", ""),
        ("'ü';", ""),
        ("x = 1", ""),
        ("None", ""),
        ("print()", "\n"),
        ("if True:\n    1", ""),
        ("", ""),
        ("# only a comment", ""),
    ],
)
def test_the_value_of_the_last_expression(tmp_path: Path, source: str, shown: str) -> None:
    result = run(tmp_path, source)

    assert (result.stdout, result.stderr, result.returncode) == (shown, "", 0)


def test_display_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, "display(1, 'a')\n").stdout == "1\n'a'\n"


# Bad words


@pytest.mark.parametrize(
    "words",
    [(), ("-i", "x", "work.py"), ("-o", "x=1", "work.py"), ("-o",), ("--what", "work.py")],
)
def test_wrong_words_say_what_was_expected(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [PYTHON, "-m", "gage.inside.cell", *words]

    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert "usage: python -m gage.inside.cell" in result.stderr


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    command = [PYTHON, "-m", "gage.inside.cell", "none.py"]

    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert result.stderr.startswith("gage: cannot read the cell's program:")
