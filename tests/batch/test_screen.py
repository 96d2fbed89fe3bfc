"""A batch on a terminal: what the screen shows after each drawing."""

from __future__ import annotations

import os
import pty
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace
from fcntl import ioctl
from pathlib import Path
from typing import Any, TextIO

import pexpect
import pytest

import gage
from gage._internal.batch.screen import BatchScreen
from gage._internal.batch.state import BatchState, TrialRow
from gage_nb.views.terminal import render

STATE = BatchState(
    *("train.py", "vitan-vaman", "id", "3 runs", 3, 0, False),
    counts={"completed": 1, "running": 1, "waiting": 1},
    rows=(
        TrialRow(0, "a-run", "completed", None, 3.2, {"lr": 0.1}, {"loss": 0.5}),
        TrialRow(1, "b-run", "running", 0.5, 2.0, {"lr": 0.25}),
        TrialRow(2, asked={"lr": 0.3}),
    ),
    columns=("lr",),
    metrics=("loss",),
    seconds=4.0,
    best=0,
)
BAR = "━" * 12 + "─" * 12


class Seen:
    """A pseudo terminal, and what it shows."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.out: TextIO = os.fdopen(theirs, "w")
        self._data = b""
        self.resize(100, 24)

    def resize(self, columns: int, lines: int) -> None:
        ioctl(self.out, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def lines(self) -> list[str]:
        self.out.flush()
        os.set_blocking(self._ours, False)
        try:
            while data := os.read(self._ours, 65_536):
                self._data += data
        except BlockingIOError:
            pass
        return [line.text for line in render([(0, self._data)])]

    def close(self) -> None:
        self.out.close()
        os.close(self._ours)


@pytest.fixture
def seen() -> Iterator[Seen]:
    terminal = Seen()
    yield terminal
    terminal.close()


def test_the_table_is_redrawn_in_place_with_a_bar_and_the_time(seen: Seen) -> None:
    seen.out.write("3 runs\n")
    screen = BatchScreen(seen.out)

    screen.update(replace(STATE, rows=STATE.rows[:1]))
    screen.update(STATE)

    assert seen.lines == [
        "3 runs",
        "  #  run    status                time    lr  loss",
        "  0  a-run  ✔ completed ★ best  3.20 s  0.10   0.5",
        "  1  b-run  ● running 50%         0:02  0.25",
        "  2         · waiting                   0.30",
        f"vitan-vaman {BAR} 50% · 1 of 3 · 0:04 · 1 completed · 1 running · 1 waiting",
    ]


def test_the_table_stays_and_what_follows_is_below(seen: Seen) -> None:
    screen = BatchScreen(seen.out)
    screen.update(STATE)

    screen.finish(replace(STATE, ended=True))
    seen.out.write("the end\n")

    assert [line[:12] for line in seen.lines] == [
        *("  #  run    ", "  0  a-run  ", "  1  b-run  ", "  2         "),
        "the end",
    ]


def test_what_is_erased_is_gone(seen: Seen) -> None:
    screen = BatchScreen(seen.out)
    screen.update(STATE)

    screen.erase()
    seen.out.write("Stopping\n")

    assert seen.lines == ["Stopping"]


@pytest.mark.parametrize("columns", [40, 60])
def test_no_line_is_longer_than_the_terminal_is_wide(seen: Seen, columns: int) -> None:
    seen.resize(columns, 24)
    keys = tuple(f"parameter-{number}" for number in range(6))
    row = replace(STATE.rows[0], asked=dict.fromkeys(keys, "長い値" * 9))

    BatchScreen(seen.out).update(replace(STATE, rows=(row, *STATE.rows[1:]), columns=keys))

    lines = seen.lines
    assert len(lines) == 6
    assert max(len(line) + sum(line.count(wide) for wide in "長い値") for line in lines) < columns
    assert lines[-2].startswith("  … columns not shown: ")
    assert " 50% " in lines[-1]


def test_there_are_no_more_lines_than_the_terminal_has(seen: Seen) -> None:
    seen.resize(80, 10)
    rows = tuple(TrialRow(number) for number in range(20))

    BatchScreen(seen.out).update(replace(STATE, count=50, rows=rows, best=None))

    assert len(seen.lines) <= 8
    assert seen.lines[-2] == "  … 45 more trials"


# The real commands


FILE = "import gage, os, time\nn = 0\nif n == 2: raise SystemExit(3)\ngage.progress(1, 4)\n"
WAIT = "while not os.path.exists({path!r}): time.sleep(0.01)\n"

Terminal = Callable[[list[str]], Any]  # pexpect has no types


@pytest.fixture
def terminal(project: Path, runs_home: Path) -> Terminal:
    """Start Python in a terminal of 100 columns."""

    def start(words: list[str]) -> Any:
        env = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2])}
        size = (24, 100)
        return pexpect.spawn(
            sys.executable, words, encoding="utf-8", dimensions=size, env=env, timeout=60
        )

    return start


def shown_by(text: str) -> list[str]:
    return [line.text for line in render([(0, text.encode())])]


NOTEBOOK = "from gage_nb import run_batch; run_batch('t.py', {'n': [1, 2]}, jobs=2, check=False)"


@pytest.mark.parametrize(
    "words",
    [["-m", "gage", "run", "t.py", "n=[1,2]", "--jobs", "2"], ["-c", NOTEBOOK]],
    ids=["shell", "notebook"],
)
def test_a_batch_has_a_bar_while_it_runs_and_a_table_at_the_end(
    terminal: Terminal, project: Path, words: list[str]
) -> None:
    end = project.parent / "end"
    Path("t.py").write_text(FILE + WAIT.format(path=str(end)))

    seen = terminal(words)
    seen.expect(r"\w+-\w+ ━+╸?─+ 6[23]% · 1 of 2 · 0:\d\d · 1 error · 1 running")
    before = seen.before + seen.after
    end.touch()
    seen.expect(pexpect.EOF)

    lines = shown_by(before + seen.before)
    begin = next(i for i, line in enumerate(lines) if line.startswith("  #  run"))
    assert "✔ completed" in lines[begin + 1]
    assert "✖ error (exit code 3)" in lines[begin + 2]
    assert not any("━" in line or "running" in line for line in lines)
    assert max(map(len, lines)) < 100


def test_ctrl_c_leaves_the_table_of_what_was_stopped(terminal: Terminal, project: Path) -> None:
    Path("t.py").write_text(FILE + WAIT.format(path="/never"))

    seen = terminal(["-m", "gage", "run", "t.py", "n=[1,3]"])
    seen.expect(" 12% · ")
    before = seen.before + seen.after
    seen.sendintr()
    seen.expect(pexpect.EOF)
    seen.wait()

    lines = shown_by(before + seen.before)
    assert seen.exitstatus == 130
    assert any(line.startswith("Stopping batch ") for line in lines)
    assert sum("■ stopped by you" in line for line in lines) == 1
    assert sum("· not started" in line for line in lines) == 1
    assert lines[-1].endswith(": 1 stopped, 1 not started")


def test_a_resumed_batch_with_nothing_to_do_says_so(terminal: Terminal, project: Path) -> None:
    Path("t.py").write_text("n = 0\n")
    words = ["-m", "gage", "run", "t.py", "n=[1,2]"]
    terminal(words).expect(pexpect.EOF)

    seen = terminal([*words, "--resume"])
    seen.expect(pexpect.EOF)

    assert "2 completed before: nothing to do" in seen.before


def test_a_batch_is_shown_as_wide_as_the_terminal(terminal: Terminal, project: Path) -> None:
    Path("t.py").write_text("a_long_name_of_a_value = 'x'\nraise SystemExit(3)\n")
    values = [f"{'long ' * 20}{number}" for number in range(2)]
    batch = gage.run_batch("t.py", {"a_long_name_of_a_value": values})

    seen = terminal(["-m", "gage", "show", batch.name])
    seen.expect(pexpect.EOF)

    lines = shown_by(seen.before)
    assert lines[0].startswith(f"✖ t.py {batch.name} · not all completed · 2 runs")
    assert lines[1] == "2 of 2 · 2 error"
    assert len(lines) == 5
    assert max(map(len, lines[1:])) < 100
