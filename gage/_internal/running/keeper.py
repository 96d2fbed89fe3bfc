"""Two processes do a supervisor's work: the supervisor, and its parent, the keeper.

    caller ── keeper ── supervisor ── command
                 └──────────┴── read ends of the command's two pipes

Each is in its own session. The keeper only holds the pipes of commands that the supervisor has
started, and waits for the supervisor. If the supervisor dies before its work is done, the keeper
takes its place and does the rest, so that neither a byte of output nor the end of a run is lost,
and no command writes to a broken pipe. On Linux the keeper inherits orphans, starting before the
supervisor exists: so it learns the exit codes of commands whose supervisor was killed.

Both learn of requests to stop by SIGTERM. Their caller gets one line from one of them
(`answer_caller`).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

__all__ = ["StopSignals", "answer_caller", "inherit_orphans", "keep", "reap_all", "supervise"]

_SET_CHILD_SUBREAPER = 36


class StopSignals:
    """Counts SIGTERM and makes `wake_fd` readable for each; does nothing for other such signals.

    Those are handled, not ignored, since a command would inherit that they are ignored.
    """

    def __init__(self) -> None:
        self.count = 0
        self.wake_fd, self._wake_write = os.pipe()
        os.set_blocking(self.wake_fd, False)
        os.set_blocking(self._wake_write, False)
        for name in ("SIGHUP", "SIGINT"):
            _signal.signal(getattr(_signal, name), lambda *_: None)
        _signal.signal(_signal.SIGTERM, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        try:
            os.write(self._wake_write, b"s")
        except BlockingIOError:
            pass  # the pipe is full, so it wakes the process anyway

    def clear(self) -> None:
        """Empty `wake_fd`."""
        try:
            os.read(self.wake_fd, 512)
        except BlockingIOError:
            pass


def supervise(
    log: Callable[[str], object],
    work: Callable[[int], None],
    keep_for: Callable[[int], None],
) -> None:
    """Do the work of a supervisor, with a keeper; never returns.

    This process becomes the keeper: it has called `inherit_orphans`.

    Parameters
    ----------
    log
        Records what went wrong in either of the processes, which nobody else would see.
    work
        The work of the supervisor; called with the pid of its keeper.
    keep_for
        The work of the keeper; called with the pid of the supervisor.
    """
    supervisor = os.fork()
    if supervisor == 0:
        os.setsid()
        _run_to_exit(log, lambda: work(os.getppid()))
    _run_to_exit(log, lambda: keep_for(supervisor))


def keep(supervisor: int, take_over: Callable[[Mapping[int, int]], None]) -> None:
    """Wait for the supervisor; call `take_over` if it dies before its work is done.

    `take_over` gets the exit codes of other processes that have ended, by pid.
    """
    codes: dict[int, int] = {}
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == supervisor:
            break
        codes[pid] = os.waitstatus_to_exitcode(status)
    if os.waitstatus_to_exitcode(status) != 0:
        take_over(codes)


def reap_all(supervisor: int, codes: dict[int, int]) -> int | None:
    """Reap ended processes; return the exit code of the supervisor if it is one of them.

    The exit codes of others are added to `codes`.
    """
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        if pid == supervisor:
            found = os.waitstatus_to_exitcode(status)
        else:
            codes[pid] = os.waitstatus_to_exitcode(status)


def inherit_orphans() -> None:
    """Become the parent of orphaned descendants, if the system can do it (Linux)."""
    arguments = (_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        # Importing `ctypes` instead would take as long as starting the interpreter.
        import _ctypes

        program: Any = None  # the libraries that this process has loaded
        prctl = _ctypes.dlsym(_ctypes.dlopen(program, 0), "prctl")
        _ctypes.call_function(prctl, arguments)
    except (ImportError, OSError, AttributeError, TypeError):
        return  # without it, exit codes are not known if the supervisor is killed


def answer_caller(line: str) -> None:
    """Write a line to the caller on how the start went, once; then close the pipe to it."""
    try:
        os.write(1, " ".join(line.split()).encode("utf-8", "replace") + b"\n")
    except OSError:
        pass  # the caller is gone
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _run_to_exit(log: Callable[[str], object], work: Callable[[], None]) -> None:
    """Do the work of this process and exit; the exit code says whether the work is done."""
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
        import traceback

        log(f"Fault: {''.join(traceback.format_exception(error))}".rstrip())
    finally:
        os._exit(code)
