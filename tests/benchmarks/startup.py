"""What it costs to begin: the command, the import, a run from a warm kernel, the extension."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.case import Case, Side, timed_command
from tests.benchmarks.kernel import WarmKernel, new_kernels

_LOAD_EXTENSION = """
import time
from IPython.core.interactiveshell import InteractiveShell
import ipywidgets, pandas
shell = InteractiveShell.instance()
start_s = time.perf_counter()
shell.run_line_magic("load_ext", "gage_nb")
print(time.perf_counter() - start_s)
"""


_BARE_IN_KERNEL = "subprocess.run([sys.executable, 'hi.py'], capture_output=True)"
_RUN_IN_KERNEL = "get_ipython().run_line_magic('gage_run', 'hi.py')"
# The same as a cell that uses five names of other cells, and as a script.
_FIVE_NAMES = """import math
limit = 3
names = ["a", "b"]
settings = {"lr": 0.1}
def area(radius):
    return math.pi * radius**2
"""
_CELL = "print(area(limit), names, settings, math.e)\n"
_CELL_IN_KERNEL = f"get_ipython().run_cell_magic('gage_run', '', {_CELL!r})"
_SCRIPT_IN_KERNEL = "subprocess.run([sys.executable, 'five_names.py'], capture_output=True)"
_OPERATIONS = {
    "TOML": ("gage.toml", '[hi]\nexec = "python hi.py"\n'),
    "YAML": ("gage.yaml", "hi:\n  exec: python hi.py\n"),
}


def cases(workspace: Path) -> list[Case]:
    """Return the cases; `hi.py` prints one word."""
    project = workspace / "script"
    project.mkdir()
    (project / "hi.py").write_text("print('hi')\n")
    env = {**os.environ, "GAGE_RUNS": str(workspace / "runs")}
    command = Path(sys.executable).with_name("gage")
    (project / "five_names.py").write_text(_FIVE_NAMES + _CELL)
    kernel = WarmKernel(project)
    kernel.execute(_FIVE_NAMES)
    return [
        Case(
            "`gage run hi.py` from a shell",
            "`python hi.py`",
            timed_command([sys.executable, "hi.py"], cwd=project, env=env),
            timed_command([str(command), "run", "hi.py"], cwd=project, env=env),
            limit=4.2,
            rounds=21,
        ),
        *(_operation_case(workspace, form, command, env) for form in _OPERATIONS),
        Case(
            "`%gage_run hi.py`, first run of a kernel",
            "`subprocess.run` there",
            new_kernels(project, _BARE_IN_KERNEL),
            new_kernels(project, _RUN_IN_KERNEL),
            limit=3.5,
            rounds=7,
        ),
        Case(
            "`%gage_run hi.py` in a warm kernel",
            "`subprocess.run` there",
            kernel.timed(_BARE_IN_KERNEL),
            kernel.timed(_RUN_IN_KERNEL),
            limit=3.5,
            rounds=21,
        ),
        Case(
            "`%%gage_run` of a cell with five carried names, in a warm kernel",
            "`subprocess.run` there",
            kernel.timed(_SCRIPT_IN_KERNEL),
            kernel.timed(_CELL_IN_KERNEL),
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


def _operation_case(workspace: Path, form: str, command: Path, env: Mapping[str, str]) -> Case:
    """Return the case of an operation of a Gage file, read before as it is from the second run."""
    name, text = _OPERATIONS[form]
    project = workspace / form
    project.mkdir()
    (project / "hi.py").write_text("print('hi')\n")
    (project / name).write_text(text)
    return Case(
        f"`gage run hi`, an operation of a {form} file",
        "`python hi.py`",
        timed_command([sys.executable, "hi.py"], cwd=project, env=env),
        timed_command([str(command), "run", "hi"], cwd=project, env=env),
        limit=5,
        rounds=21,
    )


def _printed_seconds(argv: list[str]) -> Side:
    """Return a side that runs a program which prints how long it took."""

    def side() -> float:
        return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    return side
