"""The live view of a run: it reads the run's files ten times a second and shows their state.

    side-car → snapshot.StateReader → PanelState → LivePanel → views

The view has no data of its own, and the run does not need it. An error of a front end never makes a
run fail: every update is guarded, and the first error is logged. The environment variable
`GAGE_VIEW` chooses the view, for builds of documentation and front ends without widgets (see
`choosing`).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import ENDED
from gage_nb.views.choosing import choose_view, make_view
from gage_nb.views.panel_state import PanelState
from gage_nb.views.run_state import StateReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.types import Run
    from gage_nb.views.view import View

__all__ = ["LivePanel", "Panel", "Reader", "watch", "watch_in_background"]

INTERVAL_S = 0.1
# Updates may take at most this part of the time: on a slow machine there are fewer of them.
MAX_SHARE = 0.1

_log = logging.getLogger(__name__)

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


class Reader(Protocol[S_co]):
    """Something that is read repeatedly for a view."""

    def read(self) -> S_co:
        """Return the present state for the view."""


class Panel(Generic[S]):
    """A view that follows something and ends as a static panel.

        panel.show()
        while not wait(0.1):
            panel.refresh()
        panel.finish()

    `show`, `refresh` and `finish` never raise errors of a front end.

    Parameters
    ----------
    name
        The name of what it shows, for messages.
    reader
        Reads the state to be shown.
    make
        Makes the view; it gets the function that the Stop button calls, None for no button.
    stop
        The function that the Stop button calls, in a thread. Without it there is no button: while
        a cell runs, none would work.
    """

    def __init__(
        self,
        name: str,
        reader: Reader[S],
        make: Callable[[Callable[[], object] | None], View[S]],
        stop: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self._reader = reader
        self._stop = stop
        self._view = make(stop and self._on_stop)
        self._lock = threading.Lock()
        self._next_s = 0.0
        self._fault_logged = False
        self._shown = self._finished = False

    def show(self) -> None:
        """Display the panel in the cell being executed; a second call does nothing."""
        with self._lock:
            if self._shown:
                return
            self._guarded(lambda: self._view.show(self._reader.read()))
            self._shown = True

    def complete(self) -> None:
        """Display now, in the cell's thread, what was postponed in case the run ends soon."""
        with self._lock:
            if self._shown and not self._finished:
                self._guarded(lambda: self._view.complete(self._reader.read()))

    def refresh(self, *, force: bool = False) -> None:
        """Show changes, if an update is due."""
        started_s = time.monotonic()
        if not self._shown or (started_s < self._next_s and not force):
            return
        with self._lock:
            if self._finished:
                return
            self._guarded(lambda: self._view.update(self._reader.read()))
            took_s = time.monotonic() - started_s
            self._next_s = started_s + max(INTERVAL_S, took_s / MAX_SHARE)

    def finish(self) -> None:
        """Replace the panel by the static panel, in the same output; a second call does nothing."""
        with self._lock:
            if self._finished or not self._shown:
                return
            self._finished = True
            self._guarded(lambda: self._view.finish(self._reader.read()))

    def _on_stop(self) -> None:
        """Stop the run; the thread of the button's events must stay free."""
        if self._stop is not None:
            threading.Thread(
                target=self._guarded, args=[self._stop], name="gage-stop", daemon=True
            ).start()

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception:  # noqa: BLE001  whatever it is, the run is worth more than its view
            level = logging.DEBUG if self._fault_logged else logging.WARNING
            self._fault_logged = True
            _log.log(level, "the view of %s failed; the run continues", self.name, exc_info=True)


class LivePanel(Panel[PanelState]):
    """A view that follows a run and ends as the static panel.

    Parameters
    ----------
    run
        The run, which need not be staged or initialised yet.
    view
        `widget`, `html` or `text`; else the environment's `GAGE_VIEW`, else what the front end
        can show.
    stop
        What the Stop button calls.
    """

    def __init__(
        self,
        run: Run,
        *,
        view: str | None = None,
        stop: Callable[[], object] | None = None,
    ) -> None:
        self.run = run
        self._states = StateReader(run)
        kind = choose_view(view)
        super().__init__(
            f"run {run.name}", self._states, lambda stop: make_view(kind, run, stop), stop
        )

    def phase(self, name: str) -> None:
        """Set the present phase of staging; for `stage_run(on_phase=…)`."""
        self._states.phase = name
        self.refresh(force=True)


def watch(
    panel: Panel[S],
    *,
    wait: Callable[[float], bool] | None = None,
    stop: Callable[[], object] | None = None,
) -> None:
    """Show a run until it has ended; the caller's cell is busy meanwhile.

    Parameters
    ----------
    wait
        A function that waits for at most this many seconds and returns whether the run has ended.
    stop
        A function that is called for an interrupt of the kernel (`KeyboardInterrupt`) before that
        is raised again; without it the run continues. The panel shows the stopping; a second
        interrupt does not wait.
    """
    wait = wait or _waiter(panel)
    try:
        try:
            panel.show()
            _follow(panel, wait)
        except KeyboardInterrupt:
            if stop is not None:
                _stop_while_shown(panel, stop)
            raise
    finally:
        panel.finish()


def watch_in_background(
    panel: Panel[S],
    *,
    wait: Callable[[float], bool] | None = None,
    ended: Callable[[], object] | None = None,
) -> threading.Thread:
    """Show a run until it has ended, while other cells run; return the thread that does.

    `ended` is called from that thread when the panel shows the end.
    """
    wait_ = wait or _waiter(panel)

    def follow() -> None:
        try:
            _follow(panel, wait_)
        except Exception:  # noqa: BLE001  nobody waits for this thread
            _log.warning("waiting for %s failed", panel.name, exc_info=True)
        panel.finish()
        if ended is not None:
            ended()

    panel.show()
    panel.complete()
    thread = threading.Thread(target=follow, name=f"gage-{panel.name}", daemon=True)
    thread.start()
    return thread


def _follow(panel: Panel[S], wait: Callable[[float], bool]) -> None:
    # In short steps, since an interrupt of the kernel arrives only between them.
    while not wait(INTERVAL_S):
        panel.refresh()


def _stop_while_shown(panel: Panel[S], stop: Callable[[], object]) -> None:
    faults: list[BaseException] = []

    def stopping() -> None:
        try:
            stop()
        except BaseException as error:  # noqa: BLE001  handed to the thread that waits
            faults.append(error)

    thread = threading.Thread(target=stopping, name="gage-stop", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(INTERVAL_S)
        panel.refresh()
    if faults:
        raise faults[0]


def _waiter(panel: Panel[S]) -> Callable[[float], bool]:
    if not isinstance(panel, LivePanel):
        raise TypeError(f"expected `wait` for a view of {panel.name}")
    run = RecordedRun.of(panel.run)
    return lambda seconds: run.wait(seconds).name in ENDED
