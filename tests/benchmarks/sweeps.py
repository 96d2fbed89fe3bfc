"""Many runs at once: a batch beside a shell that starts the same programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.case import Case, timed, timed_command

TRIALS = 200
JOBS = 2


def cases(workspace: Path) -> list[Case]:
    """Return the case; a trial sets a value and prints it."""
    scripts = workspace / "scripts"
    scripts.mkdir()
    for number in range(TRIALS):
        (scripts / f"{number}.py").write_text(f"number = {number}\nprint(number)\n")
    project = workspace / "project"
    project.mkdir()
    (project / "trial.py").write_text("number = 0\nprint(number)\n")
    names = "\n".join(str(path) for path in sorted(scripts.iterdir()))
    command = ["xargs", f"-P{JOBS}", "-n1", sys.executable]

    def bare() -> None:
        subprocess.run(command, input=names.encode(), stdout=subprocess.DEVNULL, check=True)

    gage = Path(sys.executable).with_name("gage")
    line = [str(gage), "run", "trial.py", f"number=range({TRIALS})", "--jobs", str(JOBS)]
    env = {**os.environ, "GAGE_RUNS": str(workspace / "runs")}
    return [
        Case(
            f"{TRIALS} trivial trials, {JOBS} at a time",
            f"xargs -P{JOBS} python",
            timed(bare),
            timed_command(line, cwd=project, env=env),
            limit=1.5,
            rounds=7,
        )
    ]
