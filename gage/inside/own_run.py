"""The run that this process is part of, for code that reports to it."""

from __future__ import annotations

import os

__all__ = ["own_meta_dir"]


def own_meta_dir() -> str | None:
    """Return the side-car of the run that this process is part of, None outside a run."""
    run_dir = os.environ.get("RUN_DIR")
    if not run_dir:
        return None
    # Made absolute now, since the program may change its directory later.
    meta_dir = f"{os.path.abspath(run_dir)}.meta"
    return meta_dir if os.path.isdir(meta_dir) else None
