"""What it costs to log values: `gage.log` beside a line written to a buffered file."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.case import Case, Side

CALLS = 100_000

# The bare way writes step, name and value; ours adds the time. Each side closes what it wrote, so
# that both count until the last byte is with the system.
_BARE = """
import random, sys, time
rng = random.Random(1)
values = [rng.random() for _ in range({calls})]
start_s = time.perf_counter()
with open(sys.argv[1], "a") as file:
    for step, value in enumerate(values):
        file.write(f"{{step}} loss {{value}}\\n")
print(time.perf_counter() - start_s)
"""
_OURS = """
import random, sys, time
import gage
from gage.inside.metric_log import log
rng = random.Random(1)
values = [rng.random() for _ in range({calls})]
start_s = time.perf_counter()
for step, value in enumerate(values):
    gage.log(loss=value, step=step)
log.__self__._flush()
print(time.perf_counter() - start_s)
"""


def cases(workspace: Path) -> list[Case]:
    """Log in processes of their own, as runs do; the time of the loop alone counts."""
    names = (str(number) for number in range(1_000_000))

    def bare() -> float:
        return _run(_BARE, str(workspace / f"bare-{next(names)}"), {})

    def ours() -> float:
        run_dir = workspace / f"run-{next(names)}"
        Path(f"{run_dir}.meta").mkdir()
        return _run(_OURS, str(run_dir), {"RUN_DIR": str(run_dir)})

    return [
        Case(f"{CALLS:,} gage.log calls", "buffered file append", bare, ours, limit=1.5, rounds=9),
        Case("gage.log outside of a run, 1,000 calls", "", None, _outside(), limit=1e-3),
    ]


def _run(program: str, argument: str, env: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program.format(calls=CALLS), argument],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _outside() -> Side:
    import gage

    value = random.Random(1).random()

    def side() -> float:
        start_s = time.perf_counter()
        for step in range(1000):
            gage.log(loss=value, step=step)
        return time.perf_counter() - start_s

    return side
