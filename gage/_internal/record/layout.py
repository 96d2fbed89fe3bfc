"""The layout on disk: a run's two directories in a directory of runs, the files of its side-car.

RUNS/ID                 the run directory, ID is the run's id (a UUID)
RUNS/ID.meta            its side-car
RUNS/.batches/ID        a batch (`batch.record`), with its template, laid out like a run
"""

from __future__ import annotations

import os

from gage._internal.clock import name_for_id
from gage._internal.types import PHASES, Run

__all__ = [
    "BATCHES",
    "FINALIZE_OUTPUT",
    "META_SUFFIX",
    "OUTPUTS",
    "RUN_OUTPUT",
    "home_of",
    "run_at",
    "run_meta_dir",
    "run_meta_path",
]

META_SUFFIX = ".meta"
BATCHES = ".batches"
OUTPUTS = {phase.name: phase.output for phase in PHASES}
"""The file in `output/` for the output of each phase's command."""
RUN_OUTPUT = OUTPUTS["run"]
FINALIZE_OUTPUT = OUTPUTS["finalize-run"]


def run_at(home: str, run_id: str) -> Run:
    """Return the run with this id in a directory of runs; it need not exist."""
    run_dir = os.path.join(home, run_id)
    return Run(run_id, name_for_id(run_id), run_dir, run_dir + META_SUFFIX)


def run_meta_dir(run: Run) -> str:
    """Return the directory of the side-car."""
    return run.meta_dir


def run_meta_path(run: Run, *names: str) -> str:
    """Return the path of a file in the side-car; it need not exist."""
    return f"{run.meta_dir}/{'/'.join(names)}"  # several times as fast as `os.path.join`


def home_of(run_dir: str) -> str:
    """Return the directory of runs that a run belongs to, or the template of a batch."""
    home = os.path.dirname(run_dir)
    above = os.path.dirname(home)
    return os.path.dirname(above) if os.path.basename(above) == BATCHES else home
