"""A run is kept by its supervisor, whatever happens to it and to whoever started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.process.command import supervisor_command
from gage._internal.process.ending import kill
from gage._internal.process.identity import (
    is_alive,
)
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.status import read_status
from gage._internal.running.runner import start_run, stop_run
from gage._internal.types import Command, Run
from tests.running.runs import PYTHON, ended, log_of, output, processes, text_of


def test_a_run_is_recorded_from_start_to_end(staged: Callable[..., Run]) -> None:
    run = staged(["sh", "-c", "pwd; echo $RUN_ID $A; echo err >&2; echo made > file"], {"A": "b"})
    start_run(run)
    assert ended(run) == ("completed", 0)
    lines = [(line.stream, line.data) for line in output(run).lines()]
    assert sorted(lines) == sorted(
        [
            (STDOUT, os.fsencode(run.run_dir) + b"\n"),
            (STDOUT, os.fsencode(run.id) + b" b\n"),
            (STDERR, b"err\n"),
        ]
    )
    assert read_text(run, "proc", "exit") == "0\n"
    times = [int(read_text(run, name) or "0") for name in ("staged", "started", "stopped")]
    assert times == sorted(times)
    assert len(processes(run)) == 3
    assert not Path(run_meta_path(run, "proc", "reserve")).exists()
    assert "Running run (see output/40_run for output): ['sh', '-c'," in log_of(run)


def test_a_run_runs_when_its_start_returns(script: Callable[..., Run]) -> None:
    run = script("time.sleep(1000)")
    start_run(run)
    assert read_status(run).name == "running"
    supervisor, keeper, command = processes(run)
    assert all(map(is_alive, (supervisor, keeper, command)))
    assert len({os.getsid(identity.pid) for identity in (supervisor, keeper, command)}) == 3
    assert Path(run_meta_path(run, "proc", "reserve")).stat().st_size == 128 * 1024
    stop_run(run, grace_s=0.5)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("exit 3", ("error", 3)),
        ("kill -9 $$", ("terminated", -9)),
        ("#!/bin/sh\necho script; exit 4\n", ("error", 4)),
        ("#!/usr/bin/env python\nimport sys; sys.exit(sys.executable == '" + PYTHON + "')", None),
        (["python", "-c", "import sys; sys.exit(5)"], ("error", 5)),
    ],
    ids=["shell", "killed", "script", "python-script", "python"],
)
def test_the_exit_code_is_recorded(
    staged: Callable[..., Run], args: Command, expected: tuple[str, int] | None
) -> None:
    run = staged(args)
    start_run(run)
    assert ended(run) == (expected or ("error", 1))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["no-such-program"], 127, "cannot start 'no-such-program': command not found"),
        (["./here"], 127, "cannot start './here'"),
        (["/etc/passwd"], 126, "cannot start '/etc/passwd': Permission denied"),
        ("#! \necho", 126, "expected an interpreter"),
    ],
    ids=["unknown", "missing", "closed", "no-interpreter"],
)
def test_a_command_that_cannot_start_ends_the_run_with_its_reason(
    staged: Callable[..., Run], args: Command, code: int, said: str
) -> None:
    run = staged(args)
    start_run(run)
    assert ended(run) == ("error", code)
    assert said in read_status(run).reason
    assert said in log_of(run)
    assert read_text(run, "stopped") is not None
    assert read_text(run, "started") is None


def test_what_is_printed_is_told_to_nobody_but_the_output(staged: Callable[..., Run]) -> None:
    run = staged("echo out; echo err >&2")
    done = subprocess.run(supervisor_command(run.meta_dir), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"started\n", b"")


def test_it_runs_as_a_module(staged: Callable[..., Run]) -> None:
    run = staged("echo hi")
    home = Path(__file__).parents[2]
    argv = [PYTHON, "-m", "gage._internal.running.supervisor", os.path.relpath(run.meta_dir, home)]
    done = subprocess.run(argv, cwd=home, capture_output=True, check=True)
    assert done.stdout == b"started\n"
    assert text_of(run) == b"hi\n"


def test_a_second_supervisor_is_refused(script: Callable[..., Run]) -> None:
    run = script("time.sleep(1000)")
    start_run(run)
    second = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert second.stdout.startswith("refused")
    assert "is running" in second.stdout
    assert read_status(run).name == "running"
    assert Path(run_meta_path(run, "proc", "reserve")).exists()
    stop_run(run, grace_s=0.5)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        supervisor_command(str(tmp_path)), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.returncode == 1
    assert done.stdout.startswith("refused ")
    assert "__schema__" in done.stdout


def test_a_run_outlives_its_caller(script: Callable[..., Run], tmp_path: Path) -> None:
    """The caller's whole process group is killed, as a terminal or a kernel's manager does."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("print('first', flush=True); open(sys.argv[1]).read(); print('last')", str(go_on))
    text = (
        "import sys, time; from gage._internal.record.run_meta import run_for_meta_dir; "
        "from gage._internal.running.runner import start_run; "
        "start_run(run_for_meta_dir(sys.argv[1])); print('ready', flush=True); time.sleep(1000)"
    )
    caller = subprocess.Popen(
        [PYTHON, "-c", text, run.meta_dir],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"ready\n"
    os.killpg(caller.pid, signal.SIGKILL)
    caller.communicate()
    assert read_status(run).name == "running"
    go_on.write_text("")
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"first\nlast\n"


def test_signals_of_a_terminal_do_not_reach_it(script: Callable[..., Run], tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = script("open(sys.argv[1]).read(); print('last')", str(go_on))
    start_run(run)
    for identity in processes(run)[:2]:
        kill(identity, signal.SIGHUP)
        kill(identity, signal.SIGINT)
    go_on.write_text("")
    assert ended(run) == ("completed", 0)
    assert text_of(run) == b"last\n"


def test_a_missing_run_directory_is_said(staged: Callable[..., Run]) -> None:
    run = staged("echo hi")
    shutil.rmtree(run.run_dir)
    done = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.stdout.startswith("refused")
    assert f"{run.run_dir}: the run directory is missing" in done.stdout


def test_it_imports_next_to_nothing_before_the_command_runs() -> None:
    text = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]); "
        "import gage._internal.running.supervisor; print(*sorted(set(sys.modules) - before))"
    )
    home = str(Path(__file__).parents[2])
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", text, home], capture_output=True, check=True, text=True
    )
    heavy = {"dataclasses", "enum", "json", "pathlib", "re", "signal", "subprocess"}
    heavy |= {"threading", "typing", "tempfile", "traceback", "ctypes", "hashlib", "struct"}
    assert heavy.isdisjoint(done.stdout.split())
