"""Processes that do the long tasks of a trial for the supervisor of a batch.

Commands of phases, big files and much output take long: the supervisor forks a helper for such a
task, which does it and ends. If the supervisor dies, the helper is killed (Linux) and its task is
done again.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os
import select
import time

from gage._internal.process.ending import open_exit_fd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.batch.work import Trial

__all__ = ["Helpers"]

_LOOK_AGAIN_S = 0.05
_SET_PARENT_DEATH_SIGNAL = 1


class _Helper:
    """A process, the trial that it works for, and the function to call when it has ended."""

    __slots__ = ("done", "exit_fd", "pid", "trial")

    def __init__(
        self, trial: Trial, pid: int, exit_fd: int | None, done: Callable[[Trial], None]
    ) -> None:
        self.trial = trial
        self.pid = pid
        self.exit_fd = exit_fd
        self.done = done


class Helpers:
    """The helpers that are working; a poll watches for their ends."""

    def __init__(self, poll: select.poll) -> None:
        self._poll = poll
        self._working: list[_Helper] = []

    def __len__(self) -> int:
        return len(self._working)

    def count(self, done: Callable[[Trial], None]) -> int:
        """Return the number of helpers that were started with this `done`."""
        return sum(helper.done == done for helper in self._working)

    @property
    def trials(self) -> list[Trial]:
        """The trials that helpers are working for."""
        return [helper.trial for helper in self._working]

    @property
    def due_s(self) -> float | None:
        """When to check for ended helpers without an event (monotonic clock), None for never."""
        if any(helper.exit_fd is None for helper in self._working):
            return time.monotonic() + _LOOK_AGAIN_S
        return None

    def start(self, trial: Trial, work: Callable[[], None], done: Callable[[Trial], None]) -> None:
        """Do work in its own process; when that has ended, call `done` with the trial."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_helper(parent, work)
        exit_fd = open_exit_fd(pid)
        if exit_fd is not None:
            self._poll.register(exit_fd, select.POLLIN)
        self._working.append(_Helper(trial, pid, exit_fd, done))

    def finish_ended(self) -> None:
        """Call `done` for the helpers that have ended."""
        for helper in [helper for helper in self._working if self._has_ended(helper)]:
            self._working.remove(helper)
            helper.done(helper.trial)

    def interrupt(self, trial: Trial | None = None) -> None:
        """Interrupt the helper of a trial, or all of them: they do not finish what takes long."""
        for helper in self._working:
            if trial is not None and helper.trial is not trial:
                continue
            try:
                os.kill(helper.pid, _signal.SIGINT)
            except ProcessLookupError:
                continue

    def _has_ended(self, helper: _Helper) -> bool:
        pid, _ = os.waitpid(helper.pid, os.WNOHANG)
        if not pid:
            return False
        if helper.exit_fd is not None:
            self._poll.unregister(helper.exit_fd)
            os.close(helper.exit_fd)
        return True


def _become_helper(parent: int, work: Callable[[], None]) -> None:
    """Do work in this process, which was just forked, and exit; never returns."""
    code = 1
    try:
        os.setsid()
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
        _die_with(parent)
        work()
        code = 0
    finally:
        os._exit(code)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies, where it can (Linux)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, _signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)
