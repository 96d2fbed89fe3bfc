"""Capture: a run that prints a million lines, beside its output in a file by a pipe."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gage._internal.output.reader import OutputReader
from gage._internal.process.ending import kill
from gage._internal.process.identity import decode_identity
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.running.runner import start_run, wait_for_run
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from tests.benchmarks.case import Case

_LINES = 1_000_000
_LINE_BYTES = 80

# The first argument is the number of lines.
_BLOCKS = """
import os, sys
count = int(sys.argv[1])
block = (b"x" * 79 + b"\\n") * 500
for _ in range(count // 500):
    left = memoryview(block)
    while left:
        left = left[os.write(1, left):]
"""
_PRINTS = """
import sys
for i in range(int(sys.argv[1])):
    print(f"{i:079d}")
"""


def cases(workspace: Path) -> list[Case]:
    """Return the cases; output goes below the workspace."""
    return [
        _case(workspace / "blocks", "capture 1,000,000 lines, printed in blocks", _BLOCKS, []),
        _case(workspace / "prints", "capture 1,000,000 lines, one print each", _PRINTS, []),
        _case(workspace / "unbuffered", "the same, unbuffered", _PRINTS, ["-u"]),
    ]


def _case(workspace: Path, name: str, text: str, options: list[str]) -> Case:
    workspace.mkdir(parents=True)
    script = workspace / "child.py"
    script.write_text(text)
    argv = [sys.executable, *options, str(script)]
    # Buffered, as the bare child is; a run that is not told otherwise prints unbuffered.
    env = {} if options else {"PYTHONUNBUFFERED": ""}
    numbers = itertools.count()

    def bare() -> float:
        target = workspace / f"piped-{next(numbers)}"
        start_s = time.perf_counter()
        with target.open("wb") as file:
            child = subprocess.Popen([*argv, str(_LINES)], stdout=subprocess.PIPE)
            cat = subprocess.Popen(["cat"], stdin=child.stdout, stdout=file)
            assert child.stdout is not None
            child.stdout.close()
            child.wait()
            cat.wait()
        elapsed_s = time.perf_counter() - start_s
        _check(target.stat().st_size, _LINES * _LINE_BYTES)
        return elapsed_s

    def ours() -> float:
        run = _staged(workspace, [*argv, str(_LINES)], env)
        start_s = time.perf_counter()
        start_run(run)
        wait_for_run(run)
        elapsed_s = time.perf_counter() - start_s
        output = OutputReader(run_meta_path(run, "output", "40_run"))
        _check(output.size_bytes, _LINES * _LINE_BYTES)
        _check(output.line_count, _LINES)
        return elapsed_s

    return Case(
        name=name,
        bare_name="child | cat > file",
        bare=bare,
        ours=ours,
        limit=4,
        rounds=5,
        remark=lambda: _memory(lambda count: _staged(workspace, _held(argv, count), env)),
    )


def _memory(staged: Callable[[int], Run]) -> str:
    """Say what a supervisor needs for a few lines and for all, if the system tells."""
    if not sys.platform.startswith("linux"):
        return ""
    few, many = (_peak_mib(staged(count), count) for count in (_LINES // 100, _LINES))
    return f"supervisor's peak: {few:.1f} MiB for 1/100 of the lines, {many:.1f} MiB for all"


def _peak_mib(run: Run, count: int) -> float:
    output = OutputReader(run_meta_path(run, "output", "40_run"))
    start_run(run)
    while output.line_count < count:
        time.sleep(0.01)
    lines = (read_text(run, "proc", "supervisor") or "").splitlines()
    status = Path(f"/proc/{decode_identity(lines[0]).pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    kill(decode_identity(read_text(run, "proc", "command") or ""), 15)
    wait_for_run(run)
    return int(peak.split()[1]) / 1024


def _held(argv: list[str], count: int) -> list[str]:
    """Return a command that has printed its lines and does not end by itself."""
    return ["sh", "-c", '"$@" && exec sleep 1000', "sh", *argv, str(count)]


def _staged(workspace: Path, argv: list[str], env: dict[str, str]) -> Run:
    run = make_run(str(workspace / "runs"))
    init_run_meta(run, OpRef("benchmark", "op"), OpDef("op", {}), {}, OpCmd(argv, env))
    finalize_staged_run(run)
    return run


def _check(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"expected {expected}, found {found}")
