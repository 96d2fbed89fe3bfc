"""A supervisor that waits for its run: it is started early, so that nobody has to wait for it.

Starting an interpreter takes longer than staging a small run. The supervisor is therefore started
first and gets ready on another core. When the run is staged, the supervisor gets its order.
"""

from __future__ import annotations

import os
import time

from gage._internal.atomic import write_all
from gage._internal.process.command import supervisor_command
from gage._internal.process.identity import identity_of
from gage._internal.process.spawn import spawn
from gage._internal.record.run_meta import read_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["WaitingSupervisor", "ask_supervisor", "reap"]

_POLL_S = 0.01

# Supervisors that this process started and has to reap when they have ended.
_started: set[int] = set()


class WaitingSupervisor:
    """A supervisor that is started before its run is staged, to save the time of its start.

    `dismiss` it if no run is started; it also ends with the process that started it.
    """

    __slots__ = ("_answers", "_orders", "_pid")

    def __init__(self) -> None:
        reap()
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        try:
            env = dict(os.environ)
            self._pid = spawn(supervisor_command(), "/", env, answers, answers, stdin_fd=orders)
            _started.add(self._pid)
        except BaseException:
            self.dismiss()
            raise
        finally:
            os.close(orders)
            os.close(answers)

    def start(self, run: Run) -> str:
        """Let it start a run; return its answer (`supervisor`), empty if it died.

        An interrupt (`KeyboardInterrupt`) waits until the run can be stopped or never will run.
        """
        try:
            self._order(run)
            return _read_line(self._answers)
        except BrokenPipeError:
            return _read_line(self._answers)
        except KeyboardInterrupt:
            # A supervisor without an order exits when the pipe closes; its answer may already have
            # been read and lost.
            self._close_orders()
            while read_timestamp(run, "started") is None and _is_alive(self._pid):
                time.sleep(_POLL_S)
            raise
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """Close its input: a supervisor without a run exits."""
        self._close_orders()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1

    def _order(self, run: Run) -> None:
        env = (f"{name}={value}" for name, value in os.environ.items() if name)
        order = b"".join(os.fsencode(text) + b"\0" for text in (run.meta_dir, *env)) + b"\0"
        write_all(self._orders, order)

    def _close_orders(self) -> None:
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1


def ask_supervisor(argv: list[str]) -> str:
    """Start a supervisor whose arguments name its run; return its answer, empty if it died."""
    reap()
    answers, answer = os.pipe()
    try:
        try:
            _started.add(spawn(argv, "/", dict(os.environ), answer, answer))
        finally:
            os.close(answer)
        return _read_line(answers)
    finally:
        os.close(answers)


def _is_alive(pid: int) -> bool:
    try:
        identity_of(pid)
    except ProcessLookupError:
        return False
    return True


def _read_line(fd: int) -> str:
    said = b""
    while b"\n" not in said:
        data = os.read(fd, 65536)
        if not data:
            break
        said += data
    return said.decode("utf-8", "replace").strip()


def reap() -> None:
    """Reap ended supervisors of this process, so that none stays a zombie."""
    for pid in list(_started):
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            _started.discard(pid)
