"""Pictures of a run in a terminal that says it can show them, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

import gage

ATTRIBUTES_ASKED = b"\x1b[c"
KITTY_ASKED = rb"\x1b_G[^\x1b]*a=q"


@pytest.fixture
def shown(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "draw.py").write_text(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    )
    return gage.run("draw.py", check=True)


def show_in_terminal(run: gage.RecordedRun, answer: bytes) -> bytes:
    """Return what `gage show` writes to a terminal that answers a question for its attributes."""
    env = {**os.environ, "TERM": "xterm-256color"}
    child = pexpect.spawn(
        sys.executable, ["-m", "gage", "show", run.name], env=env, timeout=60, dimensions=(40, 100)
    )
    written = b""
    while True:
        found = child.expect([re.escape(ATTRIBUTES_ASKED), KITTY_ASKED, pexpect.EOF])
        written += child.before
        if found == 0:
            child.send(answer)
        elif found == 1:
            written += child.after
        else:
            return bytes(written)


def test_a_terminal_with_sixel_shows_the_picture(shown: gage.RecordedRun) -> None:
    written = show_in_terminal(shown, b"\x1b[?62;4c")

    _, caption, picture = written.partition(b"last lines")[0].rpartition(b"figure 1, 640")
    assert b"shown (1)" in written
    assert b"\x1bP" in written, "a picture in sixel begins so"
    assert caption
    assert picture


def test_a_terminal_without_pictures_has_names_and_sizes(shown: gage.RecordedRun) -> None:
    written = show_in_terminal(shown, b"\x1b[?62;22c")

    assert "figure 1, 640×480 px".encode() in written
    assert b"\x1bP" not in written
    assert "▄".encode() not in written


def test_a_pipe_has_names_and_sizes(
    shown: gage.RecordedRun, capfd: pytest.CaptureFixture[str]
) -> None:
    os.spawnlp(os.P_WAIT, sys.executable, sys.executable, "-m", "gage", "show", shown.name)

    assert "figure 1, 640×480 px" in capfd.readouterr().out
