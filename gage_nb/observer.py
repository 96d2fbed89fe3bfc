"""What a notebook shows of a run while it is launched: the events of the driver, as a panel."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gage._internal.record.run_meta import write_attr
from gage._internal.running.runner import stop_run
from gage._internal.store.recorded_run import RecordedRun
from gage_nb.shown import display_run, forget_shown, mark_shown
from gage_nb.views.live import LivePanel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gage._internal.types import Run

__all__ = ["Observer", "Options"]

_QUICK_STAGING_S = 0.1


@dataclass(frozen=True)
class Options:
    """How a run is started and shown; the same words as the options of `%gage_run`.

    `check` raises for a run that fails, in the cell; `view` is `widget`, `html` or `text` where
    it is not to be what the front end can show; `on_made` is called with the run as soon as there
    is one; with `needed`, a completed run that has done the same takes the place of a new one.
    """

    label: str | None = None
    tags: Sequence[str] = field(default=())
    stage: bool = False
    background: bool = False
    quiet: bool = False
    check: bool = True
    with_files: Sequence[str] = field(default=())
    view: str | None = None
    on_made: Callable[[RecordedRun], object] | None = None
    needed: bool = False


class Observer:
    """Shows a run while it is launched: when staging takes its time, else once it has started.

    What makes a panel takes as long as staging a small run: it is done while the command starts.
    """

    def __init__(self, options: Options, system_attrs: Mapping[str, Any]) -> None:
        self.panels: list[LivePanel] = []
        self._options = options
        self._system_attrs = system_attrs
        self._shown_from_s = 0.0

    def __call__(self, event: str, run: Run) -> None:
        """Show a step of the run; the events are those of `launch`."""
        if event == "made":
            self._made(run)
            return
        if event == "found":
            self._found(RecordedRun.of(run))
            return
        if self._options.needed and event != "started":
            return  # it may be that there is nothing to show
        for panel in self.panels:
            if event == "started" or time.monotonic() >= self._shown_from_s:
                panel.show()
            panel.phase(event)

    def finish(self) -> None:
        """Show how it ended, of a run that does not go on."""
        for panel in self.panels:
            panel.show()
            panel.finish()

    def _found(self, run: RecordedRun) -> None:
        """Show the run that takes the place of the one that was made."""
        self.panels.clear()
        if self._options.on_made is not None:
            self._options.on_made(run)
        if not self._options.quiet:
            print(f"Not needed: {run.name} has done the same")  # noqa: T201  # it is for the cell
            forget_shown()
            display_run(run)
            mark_shown(run.id)

    def _made(self, run: Run) -> None:
        for name, value in self._system_attrs.items():
            if value:
                write_attr(run, "sys", name, value)
        options = self._options
        if options.on_made is not None:
            options.on_made(RecordedRun.of(run))
        if not options.quiet:
            stop = (lambda: stop_run(run, by="notebook")) if options.background else None
            self.panels.append(LivePanel(run, view=options.view, stop=stop))
            self._shown_from_s = time.monotonic() + _QUICK_STAGING_S
            mark_shown(run.id)
