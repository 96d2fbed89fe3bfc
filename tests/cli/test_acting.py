"""Runs are started, watched, waited for and stopped."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from tests.cli.commands import Started, write
from tests.making import wait_until


def test_a_staged_run_that_was_changed_is_refused(
    cli: Callable[..., Started], project: Path
) -> None:
    cli("run", "hi.py", "--stage")
    run = gage.find()
    path = Path(run.run_dir, "hi.py")
    path.chmod(0o644)
    path.write_text("print('other')\n")

    refused, forced = cli("start"), cli("start", "--force")

    assert refused.returncode != 0
    assert b"changed since it was staged: hi.py was changed" in refused.stderr
    assert forced.returncode == 0
    run.wait()
    assert run.last_lines() == "other"


def test_a_staged_run_is_started_later(cli: Callable[..., Started]) -> None:
    staged = cli("run", "--stage", "hi.py")
    assert b"gage start" in staged.stderr
    assert gage.find().status == "staged"

    assert cli("start").returncode == 0
    assert cli("wait").returncode == 0

    assert gage.find().last_lines() == "hi"
    again = cli("start")
    assert (again.returncode, again.stdout) == (1, b"")
    assert b"only a staged run can be started" in again.stderr


def test_a_run_in_the_background_is_watched_and_stopped(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    started = cli("run", "--bg", "wait.py")
    run = gage.find()
    assert (started.returncode, started.stdout) == (0, b"")
    assert f"gage attach {run.name}".encode() in started.stderr
    assert cli("wait", "--timeout", "0.05").returncode == 124
    newer = cli("run", "hi.py")
    assert newer.returncode == 0

    stopped = cli("stop", "--grace", "60")

    assert stopped.returncode == 0
    assert b"stopped by you" in stopped.stderr
    again = cli("stop")
    assert (again.returncode, again.stderr) == (
        1,
        b"gage: no run is running: there is nothing to stop\n",
    )
    attached = cli("attach", run.name[:7])
    assert (attached.returncode, attached.stdout) == (130, run.output().tail(1000).split(b"T")[0])


IN_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from gage.cli import main; main()
"""


@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["shown", "quiet"])
def test_ctrl_c_stops_the_run(project: Path, env: dict[str, str], quiet: list[str]) -> None:
    """In a terminal, which sends it to the whole foreground group."""
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    ours, theirs = pty.openpty()
    caller = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, "run", "wait.py", *quiet],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    wait_until(lambda: gage.runs() and gage.find().output().line_count == 1)

    os.write(ours, b"\x03")
    _, said = caller.communicate()

    run = gage.find()
    assert caller.returncode == 130
    assert run.full_status.reason == "stopped by interrupt, ended by signal SIGINT"
    assert (f"Stopping {run.name}".encode() in said) is (not quiet)
    assert b"gage/cli" not in said
    os.close(ours)
    os.close(theirs)


def test_ctrl_c_leaves_a_run_that_one_is_attached_to(project: Path, env: dict[str, str]) -> None:
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    run = gage.run("wait.py", background=True)
    caller = subprocess.Popen(
        [sys.executable, "-m", "gage", "attach"], stdout=subprocess.PIPE, env=env
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"waiting\n"

    caller.send_signal(signal.SIGINT)
    caller.communicate()

    assert caller.returncode == 130
    assert run.status == "running"
    run.stop(grace_s=0.2)
