"""A cell with IPython's syntax, run under an IPython shell in the run's own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.output.results import read_results


def run(directory: Path, body: str, *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "cell.ipy").write_text(f"# %%gage_run\n{body}")
    return subprocess.run(
        [sys.executable, "-m", "gage.inside.ipython_cell", *words, "cell.ipy"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_magics_commands_and_await_work_as_in_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    body = """\
files = !ls
print(files.s)
!echo of the shell
%env NAME=value
import asyncio, os
print(await asyncio.sleep(0, "awaited"))
%cd below
print(os.path.basename(os.getcwd()), os.environ["NAME"])
%time x = 3
%config InlineBackend.figure_format = "retina"
len?
display("shown")
x + 1
"""

    done = run(tmp_path, body)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:4] == ["below cell.ipy", "of the shell", "env: NAME=value", "awaited"]
    assert "below value" in lines
    assert any(line.startswith("Wall time") for line in lines)
    assert any("Return the number of items" in line for line in lines)
    assert lines[-2:] == ["'shown'", "4"]
    assert done.stderr == ""


def test_an_error_has_the_lines_of_the_cell(tmp_path: Path) -> None:
    done = run(tmp_path, "!true\ndef f():\n    return 1 / 0\n\nf()\n")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "cell.ipy:6" in done.stderr
    assert "cell.ipy:4 in f" in done.stderr
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_cell_magic_is_the_first_line(tmp_path: Path) -> None:
    done = run(tmp_path, "%%capture kept\nprint('quiet')\n")
    timed = run(tmp_path, "%%time\nprint('timed')\n")
    shell = run(tmp_path, "%%bash\nfor n in 1 2; do echo $n; done\n")

    assert (done.returncode, done.stdout) == (0, "")
    assert timed.stdout.startswith("timed\nCPU times")
    assert shell.stdout == "1\n2\n"


def test_exit_codes_and_interrupts_are_those_of_a_program(tmp_path: Path) -> None:
    left = run(tmp_path, "!true\nimport sys\nsys.exit(3)\n")
    stopped = run(tmp_path, "!true\nraise KeyboardInterrupt\n")
    asked = run(tmp_path, "!true\ninput()\n")

    assert (left.returncode, left.stderr) == (3, "")
    assert stopped.returncode == -2
    assert "a run has no standard input" in asked.stderr


def test_no_profile_is_read_and_nothing_is_left(tmp_path: Path, home: Path) -> None:
    startup = home / ".ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("print('startup')")
    before = sorted(home.rglob("*"))

    done = run(tmp_path, "!echo fine\n")

    assert done.stdout == "fine\n"
    assert sorted(home.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["cell.ipy"]


def test_results_of_a_cell_are_recorded(project: Path, runs_home: Path) -> None:
    (project / "cell.ipy").write_text(
        "# %%gage_run\n%matplotlib inline\nimport matplotlib.pyplot as plt\n"
        "plt.plot([1, 2])\nplt.show()\ndisplay('shown')\n{'a': 1}\n"
    )
    (project / "gage.json").write_text(
        '{"show": {"exec": "python -m gage.inside.ipython_cell cell.ipy"}}'
    )

    recorded = gage.run("show")

    assert recorded.status == "completed", recorded.last_lines()
    assert recorded.last_lines(1) == "{'a': 1}"
    results = read_results(recorded.meta_dir, pytest.fail)
    assert [result.kind for result in results] == ["display", "display", "value"]
    assert "image/png" in results[0].files


@pytest.mark.parametrize("words", [(), ("--wrong", "cell.ipy")], ids=["none", "unknown"])
def test_wrong_words_say_what_was_expected(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gage.inside.ipython_cell", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("usage:")


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "x = 1", "-o", "x", "other.ipy")

    assert done.returncode == 1
    assert "cannot read the cell's program" in done.stderr
