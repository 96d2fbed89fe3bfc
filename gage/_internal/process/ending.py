"""Waiting for the end of a process, whether it is a child or not."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `spawn`
import os
import select
import time

from gage._internal.process.identity import is_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from collections.abc import Callable

    from gage._internal.process.identity import Identity

__all__ = [
    "POLL_S",
    "Child",
    "kill",
    "open_exit_fd",
    "wait_for_exit",
]

# How often a process is checked if no descriptor announces its end.
POLL_S = 0.02


def open_exit_fd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends, None if that is impossible."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def wait_for_exit(identity: Identity, timeout_s: float | None = None) -> bool:
    """Wait until a process has ended; return whether it has. It need not be a child."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    exit_fd = open_exit_fd(identity.pid)
    if exit_fd is None:
        while is_alive(identity):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return True
    try:
        # Only now it is certain that the descriptor belongs to this process, not to a later one.
        if not is_alive(identity):
            return True
        poll = select.poll()
        poll.register(exit_fd, select.POLLIN)
        return bool(poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000))
    finally:
        os.close(exit_fd)


def kill(identity: Identity, signal: int) -> bool:
    """Send a signal to exactly this process; return whether it was alive."""
    exit_fd = open_exit_fd(identity.pid)
    try:
        if not is_alive(identity):
            return False
        if exit_fd is None:
            os.kill(identity.pid, signal)
        else:
            _signal.pidfd_send_signal(exit_fd, signal)
        return True
    except ProcessLookupError:
        return False
    finally:
        if exit_fd is not None:
            os.close(exit_fd)


class Child:
    """A command, for the process that waits for its end.

    Parameters
    ----------
    identity
        The identity of the command. If it is not a child of this process, its exit code is unknown.
    orphans_of
        The process that inherits the orphans of the command, if there is one.
    on_exit
        A function that is called with the exit code when the command has ended, before it is
        reaped: if this process is killed in between, another can still ask for the code.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        orphans_of: int | None = None,
        on_exit: Callable[[int | None], object] = lambda _: None,
    ) -> None:
        self.identity = identity
        self.pid = identity.pid
        self.orphans_of = orphans_of
        self.exit_code: int | None = None
        # What it used, with those of its descendants that were waited for; None if not known.
        self.used: resource.struct_rusage | None = None
        self._on_exit = on_exit
        self._ended = False

    def has_ended(self) -> bool:
        """Return whether it has ended; then it is reaped and `exit_code` is set."""
        if self._ended:
            return True
        try:
            found, code = _look_at_child(self.pid)
        except ChildProcessError:
            found, code = not is_alive(self.identity), None
        if found:
            self.exit_code = code
            self._on_exit(code)
            self._ended = True
            try:
                pid, _, used = os.wait4(self.pid, os.WNOHANG)
                self.used = used if pid else None
            except ChildProcessError:
                pass
        return found


def _look_at_child(pid: int) -> tuple[bool, int | None]:
    """Return whether a child has ended, and its exit code; if possible without reaping it."""
    if not hasattr(os, "waitid"):
        found, status = os.waitpid(pid, os.WNOHANG)
        return bool(found), os.waitstatus_to_exitcode(status) if found else None
    info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if info is None:
        return False, None
    return True, info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
