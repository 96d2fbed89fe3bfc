"""What it costs to begin: the command, the import, a run from a warm kernel, the extension."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.case import Case, Side, timed_command
from tests.benchmarks.kernel import WarmKernel

_LOAD_EXTENSION = """
import time
from IPython.core.interactiveshell import InteractiveShell
import ipywidgets, pandas
shell = InteractiveShell.instance()
start_s = time.perf_counter()
shell.run_line_magic("load_ext", "gage_nb")
print(time.perf_counter() - start_s)
"""


def cases(workspace: Path) -> list[Case]:
    """Return the cases; `hi.py` prints one word."""
    (workspace / "hi.py").write_text("print('hi')\n")
    env = {**os.environ, "GAGE_RUNS": str(workspace / "runs")}
    command = Path(sys.executable).with_name("gage")
    kernel = WarmKernel(workspace)
    return [
        Case(
            "`gage run hi.py` from a shell",
            "`python hi.py`",
            timed_command([sys.executable, "hi.py"], cwd=workspace, env=env),
            timed_command([str(command), "run", "hi.py"], cwd=workspace, env=env),
            limit=6,
            rounds=21,
        ),
        Case(
            "`%gage_run hi.py` in a warm kernel",
            "`subprocess.run` there",
            kernel.timed("subprocess.run([sys.executable, 'hi.py'], capture_output=True)"),
            kernel.timed("get_ipython().run_line_magic('gage_run', 'hi.py')"),
            limit=3.5,
            rounds=21,
        ),
        Case(
            "`import gage`",
            "`python -c pass`",
            timed_command([sys.executable, "-c", "pass"]),
            timed_command([sys.executable, "-c", "import gage"]),
            limit=1.5,
            rounds=21,
        ),
        Case(
            "`%load_ext gage_nb`, pandas and ipywidgets loaded",
            "–",
            None,
            _printed_seconds([sys.executable, "-c", _LOAD_EXTENSION]),
            limit=0.1,
        ),
    ]


def _printed_seconds(argv: list[str]) -> Side:
    """Return a side that runs a program which prints how long it took."""

    def side() -> float:
        return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    return side
