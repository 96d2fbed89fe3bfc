"""Tables as a terminal shows them: one line for each row, whatever its width."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import gage
from gage._internal.text import plain

LABEL = "a label of many words that says a lot"
SCRIPT = "a_script_with_a_rather_long_name.py"


def shown(env: dict[str, str], columns: int, *words: str) -> list[str]:
    """Return the lines that a command shows on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {name: value for name, value in env.items() if name not in {"COLUMNS", "LINES"}}
    command = subprocess.Popen(
        [sys.executable, "-m", "gage", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    data = b""
    try:
        while more := os.read(ours, 65_536):
            data += more
    except OSError:
        pass  # Linux says so that nobody has the terminal open any more
    os.close(ours)
    assert command.wait() == 0
    return [plain(line).rstrip() for line in data.decode().splitlines()]


@pytest.fixture
def made(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    """Runs with long names and labels, and one that failed."""
    (project / SCRIPT).write_text("lr = 0.1\nname = 'x'\nprint('loss:', lr)\n")
    (project / "fail.py").write_text("raise SystemExit(3)\n")
    runs = [gage.run(SCRIPT, config={"lr": lr}, label=LABEL) for lr in (0.2, 0.3)]
    return [gage.run("fail.py", check=False), *reversed(runs)]


@pytest.mark.parametrize("columns", [50, 80, 200])
@pytest.mark.parametrize("command", ["runs", "compare"])
def test_a_run_is_one_line(
    made: list[gage.RecordedRun], env: dict[str, str], columns: int, command: str
) -> None:
    lines = shown(env, columns, command)

    assert max(map(len, lines)) <= columns or lines[-1].startswith("No room for: ")
    for run in made:
        (line,) = (line for line in lines if run.name in line)
        assert len(line) <= columns
    assert [run.name for run in made] == [
        word for line in lines for word in line.split() if word in {run.name for run in made}
    ]


def test_columns_without_room_are_named(made: list[gage.RecordedRun], env: dict[str, str]) -> None:
    lines = shown(env, 50, "runs")

    assert lines[-1] == "No room for: duration, label. All columns: --json"
    assert "No room for" not in "".join(shown(env, 200, "runs"))


def test_metrics_have_room_before_labels(made: list[gage.RecordedRun], env: dict[str, str]) -> None:
    lines = shown(env, 50, "compare", "2", "3", "1")

    assert "loss" in lines[0]
    assert "label" in lines[-1]


def test_batches_have_words(project: Path, runs_home: Path, env: dict[str, str]) -> None:
    (project / "fit.py").write_text("lr = 0.1\n")
    batch = gage.run_batch("fit.py", {"lr": [0.1, 0.2]})

    lines = shown(env, 80, "batches")

    assert lines[1].split()[:2] == [batch.name, "fit.py"]
    assert "False" not in lines[1]
    assert len(lines) == 2
