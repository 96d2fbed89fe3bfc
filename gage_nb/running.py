"""Runs started from a notebook, shown in the cell's output.

    keywords → request → driver → live panel → the run, or the error

These are the functions behind `%gage_run`: `run`, `start`, `attach`. They also work in scripts and
in notebooks without magics; the view is then what the front end can show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.api import runs as requests
from gage._internal.api.driver import Asked, run_one, start_staged
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import Run
from gage_nb.keywords import documented, taken
from gage_nb.observer import NotebookObserver
from gage_nb.shown import mark_shown
from gage_nb.views.live import LivePanel, watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from gage_nb.keywords import RunKeywords, StartKeywords

__all__ = ["attach", "run", "start"]


@documented("gage_nb.run")
def run(
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    **options: Unpack[RunKeywords],
) -> RecordedRun:
    """Run a target and show it live: `%gage_run TARGET k=v`.

    Parameters
    ----------
    target, config, args, options
        As in `gage.run`; `quiet` shows nothing while it is running, and `check` is True by default.
    view
        `widget`, `html` or `text`; default: what the front end can show.
    on_made
        A function that is called with the run as soon as there is one.

    Raises
    ------
    GageError
        As `gage.run`; and `RunFailed` if the run does not complete, unless `check` is False.
    KeyboardInterrupt
        If the kernel was interrupted; the run has been stopped.
    """
    chosen, display = taken("gage_nb.run", options)
    return run_one(Asked(target, config or {}, args, chosen), NotebookObserver(chosen, display))


def attach(run: Run | str | int | None = None, *, view: str | None = None) -> RecordedRun:
    """Show a run live, with everything since its start, until it has ended.

    An interrupt ends the display, not the run.
    """
    recorded = RecordedRun.of(run) if isinstance(run, Run) else requests.find(run)
    watch(LivePanel(recorded, view=view))
    mark_shown(recorded.id)
    return recorded


@documented("gage_nb.start")
def start(
    run: Run | str | int | None = None, *, force: bool = False, **options: Unpack[StartKeywords]
) -> RecordedRun:
    """Start a staged run and show it live; the other keywords are those of `run`.

    Parameters
    ----------
    force
        Start it also if its files were changed since it was staged.

    Raises
    ------
    RunStateError
        If the run is not staged, was changed since, or was started before.
    RunFailed, KeyboardInterrupt
        As `run`.
    """
    chosen, display = taken("gage_nb.start", options)
    recorded = RecordedRun.of(run) if isinstance(run, Run) else requests.find(run)
    observer = NotebookObserver(chosen, display)
    observer.attach(recorded)
    return start_staged(recorded, chosen, observer, force=force)
