"""Where a run's directories are in a directory of runs."""

from __future__ import annotations

import os

__all__ = ["BATCHES", "home_of"]

BATCHES = ".batches"


def home_of(run_dir: str) -> str:
    """Return the directory of runs that a run belongs to, or the template of a batch."""
    home = os.path.dirname(run_dir)
    above = os.path.dirname(home)
    return os.path.dirname(above) if os.path.basename(above) == BATCHES else home
