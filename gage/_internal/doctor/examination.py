"""A directory of runs, examined and repaired."""

from __future__ import annotations

from functools import partial

from gage._internal.doctor.batch_check import batch_findings
from gage._internal.doctor.finding import Finding, mend_all
from gage._internal.doctor.run_check import run_findings
from gage._internal.store.store import list_runs

__all__ = ["examine", "repair"]


def examine(home: str) -> list[Finding]:
    """Return what is wrong in a directory of runs, of the newest run first; change nothing.

    Raises
    ------
    StoreError
        If the directory cannot be read.
    """
    found = [finding for run in list_runs(home) for finding in run_findings(run, home)]
    return found + batch_findings(home)


def repair(home: str) -> list[Finding]:
    """Repair what is wrong in a directory of runs; return what was found, and what was done.

    Raises
    ------
    StoreError
        If the directory cannot be read.
    """
    found: list[Finding] = []
    for run in list_runs(home):
        found += mend_all(partial(run_findings, run, home))
    return found + mend_all(partial(batch_findings, home))
