"""Choosing the view: widgets, an updated display, plain text, or a terminal.

    widget   for notebooks that people see: core ipywidgets (`widgets`)
    html     an output that is replaced as a whole, for front ends without widgets and for
             notebooks that are executed unattended (`display`)
    text     the same as plain text
    stream   outside a kernel: the run's output goes to the terminal as it comes (`streams`)

The first three end by replacing their output with the static panel, so that a saved notebook shows
what happened. They may be used from any thread: widgets and displays find their place by id.
Messages are limited in size, and none is sent if nothing has changed.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

from gage_nb.views.batch_panel import BATCH_FACE
from gage_nb.views.batch_results import WithTrialResults
from gage_nb.views.display import DisplayView
from gage_nb.views.results import WithResults
from gage_nb.views.run_panel import RUN_FACE
from gage_nb.views.streams import BatchStream, RunStream
from gage_nb.views.widgets import WidgetView

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.batch.state import BatchReader, BatchState
    from gage._internal.types import Run
    from gage_nb.views.panel_state import PanelState
    from gage_nb.views.view import View

__all__ = ["VIEWS", "choose_view", "is_seen", "make_batch_view", "make_view"]

VIEWS = ("widget", "html", "text")


def choose_view(view: str | None = None) -> str:
    """Return the view to use: `stream` outside a kernel, else the requested or the best one.

    Raises
    ------
    ValueError
        If the requested view (`view`, else `GAGE_VIEW`) is unknown.
    """
    wanted = view or os.environ.get("GAGE_VIEW") or ""
    if wanted and wanted not in VIEWS:
        choices = ", ".join(VIEWS)
        raise ValueError(f"view (GAGE_VIEW): expected one of {choices}, found {wanted!r}")
    shell = _kernel_shell()
    if shell is None:
        return "stream"
    if wanted in {"html", "text"}:
        return wanted
    has_widgets = all(importlib.util.find_spec(name) for name in ("ipywidgets", "comm"))
    return "widget" if has_widgets and (wanted or _has_cells(shell)) else "html"


def _kernel_shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if getattr(shell, "kernel", None) is None else shell


def is_seen() -> bool:
    """Return whether a user sees the cell's output: in an interactive notebook or a terminal."""
    shell = _kernel_shell()
    return shell is None or _has_cells(shell)


def _has_cells(shell: Any) -> bool:
    """Return whether the front end names the cell it executes, as interactive notebooks do.

    nbclient, and so papermill and builds of documentation, does not. Nobody sees widgets there, and
    the saved notebook would keep their models for ever.
    """
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool((request or {}).get("metadata"))


def make_view(kind: str, run: Run, stop: Callable[[], object] | None = None) -> View[PanelState]:
    """Return a view of a kind of `choose_view`; its button calls `stop`."""
    if kind == "stream":
        return RunStream(run)
    if kind == "widget":
        tooltip = "Stop the run: SIGINT, then SIGTERM, then SIGKILL"
        return WithResults(run, WidgetView(run.id, RUN_FACE, stop, tooltip))
    return WithResults(run, DisplayView(run.id, RUN_FACE, _kinds(kind)))


def make_batch_view(
    kind: str, key: str, reader: BatchReader, stop: Callable[[], object] | None = None
) -> View[BatchState]:
    """Return a view of a batch; `key` is a name for it that can be part of an id."""
    if kind == "stream":
        return BatchStream()
    if kind == "widget":
        tooltip = "Stop running trials, start no more"
        return WithTrialResults(reader, WidgetView(key, BATCH_FACE, stop, tooltip))
    return WithTrialResults(reader, DisplayView(key, BATCH_FACE, _kinds(kind)))


def _kinds(kind: str) -> tuple[str, ...]:
    return ("text/plain",) if kind == "text" else ("text/html", "text/plain")
