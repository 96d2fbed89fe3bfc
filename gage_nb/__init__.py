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
    "attach": "gage_nb.running",
    "compare": "gage_nb.comparisons",
    "diff": "gage_nb.run_difference",
    "files": "gage_nb.frames",
    "manifest": "gage_nb.frames",
    "meta": "gage_nb.frames",
    "metrics": "gage_nb.frames",
    "output": "gage_nb.frames",
    "plot": "gage_nb.plots.plot",
    "plot_timeline": "gage_nb.timelines",
    "resources": "gage_nb.frames",
    "run": "gage_nb.running",
    "run_batch": "gage_nb.batches",
    "run_cell": "gage_nb.running_cells",
    "runs": "gage_nb.frames",
    "start": "gage_nb.running",
    "timeline": "gage_nb.timelines",
    "whence": "gage_nb.origins",
}


def load_ipython_extension(ip: InteractiveShell) -> None:
    """Register `%gage_run`, `%%gage_run` and `%gage`: what `%load_ext gage_nb` calls."""
    from gage_nb.magics import register

    register(ip)


def unload_ipython_extension(ip: InteractiveShell) -> None:
    """Unregister the magics: what `%unload_ext gage_nb` calls."""
    from gage_nb.magics import unregister

    unregister(ip)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from gage._internal.facade import public_name

        return public_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
