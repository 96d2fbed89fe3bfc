"""Two processes for a supervisor's work: the supervisor, and its parent, the keeper.

    caller ── keeper ── supervisor ── command
                 └──────────┴── read ends of the command's two pipes

Each is in a session of its own. The keeper only holds what the supervisor has started and waits for
it. When the supervisor dies before its work is done, the keeper takes its place and does the rest,
so that neither a byte of output nor the end of a run is lost, and no command writes to a broken
pipe. On Linux the keeper inherits orphans, from before the supervisor exists: so it learns the exit
codes of commands whose supervisor was killed.

The two hear of requests to stop by SIGTERM. Their caller hears one line from one of them (`tell`).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

__all__ = ["StopSignals", "inherit_orphans", "keep", "reap_all", "supervise", "tell"]

_SET_CHILD_SUBREAPER = 36


class StopSignals:
    """Counts SIGTERM, and makes `wake_fd` readable for each; other signals to end are passed over.

    They are handled, not ignored: a command would inherit that they are ignored.
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
            pass  # it wakes anyway

    def clear(self) -> None:
        """Take what made `wake_fd` readable."""
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

    Parameters
    ----------
    log
        Takes what went wrong in either of the processes, which nobody else would hear of.
    work
        What the supervisor does; it is given the pid of its keeper.
    keep_for
        What the keeper does; it is given the pid of the supervisor.
    """
    inherit_orphans()
    supervisor = os.fork()
    if supervisor == 0:
        os.setsid()
        _run_to_exit(log, lambda: work(os.getppid()))
    _run_to_exit(log, lambda: keep_for(supervisor))


def keep(supervisor: int, take_over: Callable[[Mapping[int, int]], None]) -> None:
    """Wait for the supervisor; call `take_over` if it died before its work was done.

    `take_over` is given the exit codes of other processes that have ended, by their pids.
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
    """Reap what has ended; return the exit code of the supervisor if that is among it.

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
    """Become the parent of descendants that lose theirs, where that can be (Linux)."""
    arguments = (_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        # What `ctypes` is written around: that would take as long as the interpreter's own start.
        import _ctypes

        program: Any = None  # what this process has loaded
        prctl = _ctypes.dlsym(_ctypes.dlopen(program, 0), "prctl")
        _ctypes.call_function(prctl, arguments)
    except (ImportError, OSError, AttributeError, TypeError):
        return  # exit codes are not known then if the supervisor is killed


def tell(line: str) -> None:
    """Tell the caller how the start went, once; from then on there is nobody to talk to."""
    try:
        os.write(1, " ".join(line.split()).encode("utf-8", "replace") + b"\n")
    except OSError:
        pass  # the caller is gone
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _run_to_exit(log: Callable[[str], object], work: Callable[[], None]) -> None:
    """Do all that this process is for, and end it; its exit code tells whether it is done."""
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
        import traceback

        log(f"Fault: {''.join(traceback.format_exception(error))}".rstrip())
    finally:
        os._exit(code)
