"""Kernels for cases that a person meets in a notebook."""

from __future__ import annotations

import atexit
import subprocess
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from tests.benchmarks.case import Side

__all__ = ["WarmKernel", "new_kernels"]

_TIMEOUT_S = 600.0


class WarmKernel:
    """A kernel with gage_nb, pandas and ipywidgets loaded; it ends with the benchmark.

    It has no front end: what the kernel sends to one is sent, and nobody draws it.
    """

    def __init__(self, directory: Path) -> None:
        self._manager, self._client = start_new_kernel(
            kernel_name="python3", cwd=str(directory), stderr=subprocess.DEVNULL
        )
        atexit.register(self.end)
        self.execute("import os, subprocess, sys, time, pandas, ipywidgets, gage")
        self.execute(f"os.environ['GAGE_RUNS'] = {str(directory / 'runs')!r}")
        self.execute("%load_ext gage_nb")

    def timed(self, code: str) -> Side:
        """Return a side that executes code in the kernel; the kernel's own clock counts."""
        cell = f"_start = time.perf_counter()\n{code}\n_elapsed_s = time.perf_counter() - _start"
        return lambda: float(self.execute(cell, "_elapsed_s"))

    def end(self) -> None:
        """Shut the kernel down; again is no error."""
        if self._manager.has_kernel:
            self._client.stop_channels()
            self._manager.shutdown_kernel(now=True)

    def execute(self, code: str, expression: str = "None") -> str:
        """Execute code and return the text of an expression."""
        reply = self._client.execute(
            code, user_expressions={"it": expression}, reply=True, timeout=_TIMEOUT_S
        )["content"]
        if reply["status"] != "ok":
            raise RuntimeError("\n".join(reply["traceback"]))
        return str(reply["user_expressions"]["it"]["data"]["text/plain"])


def new_kernels(directory: Path, code: str) -> Side:
    """Return a side that executes code first of all in a new kernel, where gage_nb is loaded."""

    def side() -> float:
        kernel = WarmKernel(directory)
        try:
            return kernel.timed(code)()
        finally:
            kernel.end()

    return side
