"""A supervisor that waits for its run: started early, so that nobody has to wait for it.

Starting an interpreter takes longer than staging a small run. The supervisor is therefore started
first, gets ready on another core meanwhile, and is told its run when that is staged.
"""

from __future__ import annotations

import os

from gage._internal.process import spawn, supervisor_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["WaitingSupervisor", "reap"]

# Supervisors that this process started and that are to be reaped when they have ended.
_started: set[int] = set()


class WaitingSupervisor:
    """A supervisor that is started before its run is staged, so that it need not be waited for.

    `dismiss` it when the run comes to nothing; it also ends with the process that started it.
    """

    __slots__ = ("_answers", "_orders")

    def __init__(self) -> None:
        reap()
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        try:
            env = dict(os.environ)
            _started.add(spawn(supervisor_command(), "/", env, answers, answers, stdin_fd=orders))
        except BaseException:
            self.dismiss()
            raise
        finally:
            os.close(orders)
            os.close(answers)

    def start(self, run: Run) -> str:
        """Have it start a run; return its answer (`supervisor`), empty if it died."""
        try:
            os.write(self._orders, os.fsencode(run.meta_dir) + b"\n")
            return _read_line(self._answers)
        except BrokenPipeError:
            return _read_line(self._answers)
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """Let it go; a supervisor that has no run ends."""
        for fd in (self._orders, self._answers):
            if fd >= 0:
                os.close(fd)
        self._orders = self._answers = -1


def _read_line(fd: int) -> str:
    said = b""
    while b"\n" not in said:
        data = os.read(fd, 65536)
        if not data:
            break
        said += data
    return said.decode("utf-8", "replace").strip()


def reap() -> None:
    """Reap the supervisors of this process that have ended, so that none stays a zombie."""
    for pid in list(_started):
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            _started.discard(pid)
