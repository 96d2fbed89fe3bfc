"""A case: the same work done the bare way and by gage, each telling how long it took."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Case", "Side", "timed", "timed_command"]

Side = Callable[[], float]
"""Does the work once and returns the seconds that count; preparation may come before the clock.

Called several times in one process. Nothing may be deleted between calls: on ext4 a directory
where thousands of files were deleted within the last minutes creates new ones ten times slower.
Write into a new directory each time; the workspace is removed when all is measured.
"""


@dataclass(frozen=True)
class Case:
    """The same work, done the bare way and by gage.

    Parameters
    ----------
    name
        What is measured, as the first column of the table has it.
    bare_name
        The bare way in a few words.
    bare
        The bare way; None where there is none, and `limit` is then in seconds.
    ours
        The same by gage.
    limit
        What is asked for: at most this ratio of ours to bare, or this many seconds.
    rounds
        How often each side is measured, the two in turns; one round before is not counted.
    remark
        Asked for after the rounds, for what a ratio does not say (peak memory, say).
    """

    name: str
    bare_name: str
    bare: Side | None
    ours: Side
    limit: float
    rounds: int = 7
    remark: Callable[[], str] | None = None


def timed(work: Callable[[], object]) -> Side:
    """Return a side that does `work` and counts all of it."""

    def side() -> float:
        start_s = time.perf_counter()
        work()
        return time.perf_counter() - start_s

    return side


def timed_command(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Side:
    """Return a side that runs a command, from its start until it has ended.

    Its output goes nowhere. A command that fails ends the benchmark: what it prints on stderr is
    then shown.
    """

    def side() -> float:
        start_s = time.perf_counter()
        done = subprocess.run(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        elapsed_s = time.perf_counter() - start_s
        if done.returncode:
            raise RuntimeError(
                f"exit code {done.returncode} of {list(argv)}:\n{done.stderr.decode()}"
            )
        return elapsed_s

    return side
