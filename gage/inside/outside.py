"""What `gage.log` says, once in a process, where there is no run that could keep the values."""

from __future__ import annotations

import os
import sys

__all__ = ["say_outside"]

_WHERE = "gage.log: metrics are kept with a recorded run, and this is none: they go nowhere."


def say_outside() -> None:
    """Say on stderr where metrics go, and what to do; a worker of `multiprocessing` does not."""
    if _is_worker():
        return
    run_dir = os.environ.get("RUN_DIR")
    if run_dir:
        text = f"gage.log: the side-car {run_dir}.meta of this run is gone: metrics go nowhere."
    else:
        text = f"{_WHERE} {_advice()}"
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"{text}\n")
        except (OSError, ValueError):
            return  # closed, or a disk that is full: the program's own work is worth more


def _advice() -> str:
    if _is_kernel():
        return "Put %%gage_run at the top of the cell, or run a script with %gage_run SCRIPT.py"
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return f"Record this program with: gage run -m {spec.name.removesuffix('.__main__')}"
    script = getattr(main, "__file__", None)
    if script is None:
        return "Record a program with: gage run SCRIPT.py"
    import shlex

    return f"Record this program with: gage run {shlex.quote(os.path.relpath(script))}"


def _is_kernel() -> bool:
    """Return whether this is an interactive IPython, in a notebook or a terminal."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _is_worker() -> bool:
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None
