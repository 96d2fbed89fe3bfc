"""The last line of a terminal while a run is running, seen in a pseudo terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pexpect
import pytest

import gage
from tests.making import wait_until

ERASE = "\r\x1b[K"
FILE = "import os, time\nwhile not os.path.exists({path!r}): time.sleep(0.05)\n"
REPORTS = "import gage\nprint('begin')\ngage.progress(13, 25, 'epoch \\x1b]0;x\\x07')\n"


# pexpect has no types.
Terminal: TypeAlias = Callable[..., Any]


@pytest.fixture
def terminal(project: Path, runs_home: Path) -> Terminal:
    """Start `gage` with some words in a terminal of 80 columns."""

    def start(*words: str) -> Any:
        return pexpect.spawn(
            sys.executable,
            ["-m", "gage", *words],
            encoding="utf-8",
            dimensions=(24, 80),
            env={**os.environ, "TERM": "xterm"},
            timeout=60,
        )

    return start


def test_a_run_has_its_name_a_bar_and_its_time(terminal: Terminal, project: Path) -> None:
    end = project.parent / "end"
    Path("t.py").write_text(f"{REPORTS}{FILE.format(path=str(end))}print('last')\n")

    seen = terminal("run", "t.py")
    seen.expect(r"t\.py (\w+-\w+): running\r\n")
    name = seen.match[1]
    seen.expect_exact(f"{ERASE}{name} ━━━━━━━━━━━━╸─────────── 52% · 13/25 · epoch ")
    seen.expect(r"· \d+:\d\d")
    end.touch()
    seen.expect(pexpect.EOF)

    rest = seen.before.split(ERASE)[-1]
    assert rest in {f"last\r\n{name} completed\r\n", f"{name} completed\r\n"}
    assert "\x1b]" not in seen.before


def test_without_progress_its_name_and_time(terminal: Terminal, project: Path) -> None:
    end = project.parent / "end"
    Path("t.py").write_text(FILE.format(path=str(end)))

    seen = terminal("run", "t.py")
    seen.expect(re.escape(ERASE) + r"\w+-\w+ running \d+:\d\d")
    end.touch()
    seen.expect(pexpect.EOF)

    assert re.search(re.escape(ERASE) + r"\w+-\w+ completed\r\n$", seen.before)


def test_a_line_that_the_run_has_not_ended_is_left_alone(terminal: Terminal, project: Path) -> None:
    """Attached when the line has been begun; it would be drawn over after half a second."""
    attached = project.parent / "attached"
    Path("t.py").write_text(
        f"print('50%|', end='', flush=True)\n{FILE.format(path=str(attached))}time.sleep(1.2)\n"
    )
    run = gage.run("t.py", background=True)
    wait_until(lambda: run.output().size_bytes)

    seen = terminal("attach", run.name)
    seen.expect_exact("50%|")
    seen.before = seen.after
    attached.touch()
    seen.expect(pexpect.EOF)

    assert ERASE not in seen.before


def test_quiet_shows_nothing(terminal: Terminal, project: Path) -> None:
    Path("t.py").write_text("import time\nprint('x')\ntime.sleep(1)\n")

    seen = terminal("run", "-q", "t.py")
    seen.expect(pexpect.EOF)

    assert seen.before == ""


def test_a_run_of_before_is_followed_with_it(terminal: Terminal, project: Path) -> None:
    end = project.parent / "end"
    Path("t.py").write_text(FILE.format(path=str(end)))
    run = gage.run("t.py", background=True)

    seen = terminal("attach", run.name)
    seen.expect(re.escape(f"{ERASE}{run.name} running ") + r"\d+:\d\d")
    end.touch()
    seen.expect(pexpect.EOF)

    assert seen.before.endswith(f"{ERASE}{run.name} completed\r\n")
