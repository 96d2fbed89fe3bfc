"""A run has no standard input, and says so where it is asked for a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("ask", ["input('name? ')", "__import__('getpass').getpass()"])
def test_asking_for_a_line_is_an_error_that_says_what_to_do(tmp_path: Path, ask: str) -> None:
    (tmp_path / "work.py").write_text(ask)

    done = subprocess.run(
        [sys.executable, "-m", "gage.inside.cell", "work.py"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )

    assert done.returncode == 1
    assert "EOFError: a run has no standard input" in done.stderr


def test_reading_all_of_it_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import subprocess, sys\n"
        "print(list(sys.stdin), repr(sys.stdin.read()))\n"
        "subprocess.run(['cat'], stdin=sys.stdin, check=True);"
    )

    done = subprocess.run(
        [sys.executable, "-m", "gage.inside.cell", "work.py"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("[] ''\n", "")
