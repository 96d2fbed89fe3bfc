"""Cells that are executed in a shell, and what a run of a cell has printed."""

from __future__ import annotations

from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from gage._internal.store.recorded_run import RecordedRun


def execute(shell: InteractiveShell, *cells: str) -> str:
    """Execute cells as a notebook does; return what the last one printed."""
    text = ""
    for cell in cells:
        with capture_output() as captured:
            result = shell.run_cell(cell, store_history=True)
        result.raise_error()
        text = captured.stdout
    return text


def printed(run: RecordedRun) -> str:
    return (Path(run.run_dir + ".meta") / "output" / "40_run").read_text()
