"""gage in notebooks: start runs from cells, watch them, see them as DataFrames.

    %load_ext gage_nb
    %gage_run train.py lr=0.1        # a script, a module, a notebook or an operation
    %%gage_run fit --as r            # this cell, in its own process
    %gage runs                       # every run so far

Everything that a magic does is also a function, for scripts and for notebooks without magics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from gage_nb.batches import run_batch
    from gage_nb.comparisons import compare
    from gage_nb.frames import files, manifest, meta, metrics, output, resources, runs
    from gage_nb.origins import whence
    from gage_nb.plots.plot import plot
    from gage_nb.run_difference import diff
    from gage_nb.running import attach, run, start
    from gage_nb.running_cells import run_cell
    from gage_nb.timelines import plot_timeline, timeline

__all__ = [
    "attach",
    "compare",
    "diff",
    "files",
    "load_ipython_extension",
    "manifest",
    "meta",
    "metrics",
    "output",
    "plot",
    "plot_timeline",
    "resources",
    "run",
    "run_batch",
    "run_cell",
    "runs",
    "start",
    "timeline",
    "unload_ipython_extension",
    "whence",
]

_HOMES = {
    "attach": "running",
    "compare": "comparisons",
    "diff": "run_difference",
    "files": "frames",
    "manifest": "frames",
    "meta": "frames",
    "metrics": "frames",
    "output": "frames",
    "plot": "plots.plot",
    "plot_timeline": "timelines",
    "resources": "frames",
    "run": "running",
    "run_batch": "batches",
    "run_cell": "running_cells",
    "runs": "frames",
    "start": "running",
    "timeline": "timelines",
    "whence": "origins",
}


def load_ipython_extension(ip: InteractiveShell) -> None:
    """Register `%gage_run`, `%%gage_run` and `%gage`: what `%load_ext gage_nb` calls."""
    from gage_nb.magics import register

    register(ip)


def unload_ipython_extension(ip: InteractiveShell) -> None:
    """Unregister the magics: what `%unload_ext gage_nb` calls."""
    from gage_nb.magics import unregister

    unregister(ip)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'gage_nb' has no attribute {name!r}")
    module = __import__(f"gage_nb.{_HOMES[name]}", fromlist=[name])
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
