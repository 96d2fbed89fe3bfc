"""The view in a terminal or a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import psutil
import pytest

import gage
from tests.gage_nb.runs import TIMEOUT_S, TREE

pytestmark = pytest.mark.usefixtures("kernel_project", "bell")


IPYTHON = [
    *("-m", "IPython", "--simple-prompt", "--colors=nocolor", "--no-banner"),
    "--no-term-title",
]


def test_a_terminal_shows_text(project: Path) -> None:
    (project / "bad.py").write_text("import sys\nprint('out')\nsys.exit('<no>')\n")
    ipython = pexpect.spawn(
        sys.executable,
        IPYTHON,
        timeout=TIMEOUT_S,
        encoding="utf-8",
        dimensions=(50, 200),
    )
    said = []
    for line in ("%load_ext gage_nb", "%gage_run hi.py", "%gage_run bad.py", "gage_run", "exit"):
        ipython.expect(r"In \[\d+\]: ")
        ipython.sendline(line)
        said.append(ipython.before)
    ipython.expect(pexpect.EOF)
    said.append(ipython.before)
    ipython.close()

    completed, failed = said[2], said[3]
    name = gage.runs()[1].name
    assert f"hi.py {name}: running\r\nhi 0.1\r\n✔ hi.py {name} · completed" in completed
    assert completed.count("completed") == 1
    assert "out\r\n<no>\r\n✖ bad.py" in failed
    assert "RunFailed: run" in failed
    assert "Traceback" not in failed
    assert "\x1b" not in "".join(said)
    assert ipython.exitstatus == 0


def test_an_interrupt_in_a_terminal_stops_the_run(project: Path, bell: Path) -> None:
    (project / "tree.py").write_text(TREE)
    ipython = pexpect.spawn(
        sys.executable,
        IPYTHON,
        timeout=TIMEOUT_S,
        encoding="utf-8",
    )
    ipython.expect(r"In \[1\]: ")
    ipython.sendline("%load_ext gage_nb")
    ipython.expect(r"In \[2\]: ")
    ipython.sendline("%gage_run tree.py")
    processes = [psutil.Process(int(pid)) for pid in bell.read_text().split()]

    ipython.sendintr()

    ipython.expect(r"In \[3\]: ")
    assert "stopped by you" in str(ipython.before)
    assert "KeyboardInterrupt" in str(ipython.before)
    assert not psutil.wait_procs(processes, TIMEOUT_S)[1]
    ipython.sendline("exit")
    ipython.expect(pexpect.EOF)
    ipython.close()
    assert ipython.signalstatus != signal.SIGINT


STREAM = """
import gage
from gage_nb.views.live import LivePanel, watch
watch(LivePanel(gage.run('{}', background=True)))
"""


def test_outside_of_a_kernel_the_output_is_printed(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("for i in range(3): print('line', i)\nprint('end', end='')\n")

    found = subprocess.run(
        [sys.executable, "-c", STREAM.format("hi.py")], capture_output=True, text=True, check=True
    )

    lines = found.stdout.splitlines()
    assert lines[1:5] == ["line 0", "line 1", "line 2", "end"]
    assert lines[5].startswith("✔ hi.py ")
    assert "completed" in lines[5]
    assert "gage output" in lines[-1]


def test_a_terminal_gets_moves_and_colors_and_nothing_else(project: Path, runs_home: Path) -> None:
    import pty

    (project / "hi.py").write_text(
        r"print('\x1b[31mred\x1b[0m 1\r\x1b[K2 ', end='')"
        "\n"
        r"print('\x1b]0;title\x07\x1b[6n\x1b]52;c;aGk=\x1b\\', end='')"
    )
    leader, follower = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", STREAM.format("hi.py")], stdout=follower)
    os.close(follower)
    data = b""
    while True:
        try:
            data += os.read(leader, 65536)
        except OSError:
            break
    os.close(leader)

    assert process.wait() == 0
    assert b"\x1b[31mred\x1b[0m 1\r\x1b[K2 \r\n" in data
    assert b"title" not in data
    assert b"aGk" not in data
    assert b"\x1b[6n" not in data


def test_a_pipe_is_not_flooded_and_says_what_it_skips(project: Path, runs_home: Path) -> None:
    (project / "flood.py").write_text("for i in range(300_000): print('x' * 79)\n")

    found = subprocess.run(
        [sys.executable, "-c", STREAM.format("flood.py")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(found.stdout) < 24_000_000
    assert "not shown: gage output" in found.stdout
    assert "300,000 lines" in found.stdout
