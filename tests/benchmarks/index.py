"""Questions to many runs: frames of 10,000 beside reading a file of each, and beside pandas."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from gage_nb import frames
from tests.benchmarks.case import Case, Side, timed, timed_command
from tests.many_runs import make_runs

RUNS = 10_000
# `GAGE_BENCHMARK_RUNS=100000` asks for the page of so many.
PAGE_RUNS = int(os.environ.get("GAGE_BENCHMARK_RUNS", "20000"))
FRAME = "import time\nfrom gage_nb import frames\nimport pandas\n"
MEASURED = "began = time.perf_counter()\n{}\nprint(time.perf_counter() - began)\n"


def cases(workspace: Path) -> list[Case]:
    """Return the cases; runs are made first, which takes a while."""
    home, cache = workspace / "runs", workspace / "cache"
    make_runs(home, RUNS)
    os.environ.update(GAGE_RUNS=str(home), XDG_CACHE_HOME=str(cache))
    prepared = workspace / "prepared.sqlite"
    _prepare(prepared)
    more = workspace / "more"
    make_runs(more, PAGE_RUNS)
    env = {**os.environ, "GAGE_RUNS": str(more)}
    gage = Path(sys.executable).with_name("gage")
    read = f"pandas.read_sql('SELECT * FROM runs', sqlite3.connect({str(prepared)!r}))"

    def read_each() -> None:
        for entry in os.scandir(home):
            if entry.name.endswith(".meta"):
                Path(entry.path, "facts.json").read_bytes()

    def first() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return _in_a_process("frames.runs()")()

    return [
        Case(
            f"first frame of {RUNS:,} runs",
            "scan, read a file of each",
            timed(read_each),
            first,
            limit=1.5,
        ),
        Case(
            f"frame of {RUNS:,} runs in a new process (read_sql: plus 50 ms)",
            "pandas.read_sql",
            _and_50_ms(_in_a_process(read, "import sqlite3\n")),
            _in_a_process("frames.runs()"),
            limit=1.0,
        ),
        Case(
            "the same again after one new run",
            "",
            None,
            _after_one_more(home),
            limit=0.1,
            remark=_memory,
        ),
        Case(
            f"first page of {PAGE_RUNS:,} runs in a shell",
            "",
            None,
            timed_command([str(gage), "runs"], env=env),
            limit=0.3,
        ),
    ]


def _prepare(path: Path) -> None:
    frame = frames.runs()
    frame["duration"] = frame["duration"].dt.total_seconds()
    frame["tags"] = frame["tags"].map(str)
    with sqlite3.connect(path) as connection:
        frame.to_sql("runs", connection)


def _in_a_process(statement: str, before: str = "") -> Side:
    program = FRAME + before + MEASURED.format(statement)

    def side() -> float:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True
        )
        return float(done.stdout)

    return side


def _and_50_ms(side: Side) -> Side:
    return lambda: 1.5 * side() + 0.05


def _after_one_more(home: Path) -> Side:
    count = iter(range(RUNS, 2 * RUNS))
    frames.runs()

    def side() -> float:
        make_runs(home, 1, first=next(count))
        began_s = time.perf_counter()
        frames.runs()
        return time.perf_counter() - began_s

    return side


def _memory() -> str:
    """Return what a process keeps for each run beside the frame it was given."""
    program = (
        "import pandas\n"
        "from gage_nb import frames\n"
        "frames.runs(limit=1)\n"
        "def now(): return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "before = now()\n"
        "frame = frames.runs()\n"
        "held = now() - before - frame.memory_usage(deep=True).sum()\n"
        "print(held / len(frame))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True
    )
    return f"{float(done.stdout):.0f} B a run beside the frame"
