"""The pipes that a command prints into, and notes that outlive its supervisor.

Besides the two pipes there are two unnamed files in memory: the journal of the output's writer
(`output.writer`), and the note of the command's start, `PID STARTED_US CLOCK_US`: its process, and
the time of its start by the epoch and by the monotonic clock, both in microseconds. Of a command
that is held back (`held_command`), the note is `held` until then.
"""

from __future__ import annotations

import os
import select

from gage._internal.clock import now_us
from gage._internal.named import NamedTuple
from gage._internal.output.recording import open_pipes
from gage._internal.output.writer import open_journal
from gage._internal.record.duration import monotonic_us

__all__ = ["NotedStart", "Pipes"]

_HELD = b"held"


class NotedStart(NamedTuple):
    """The process of a command, and the time of its start by both clocks."""

    pid: int
    started_us: int
    clock_us: int


class Pipes:
    """The descriptors that a supervisor and its keeper both hold for a command.

    Parameters
    ----------
    kept
        The descriptors that another process has handed over, in the order of `kept`. Default: new
        ones.
    """

    __slots__ = ("_start", "err_read", "err_write", "journal", "out_read", "out_write")

    def __init__(self, kept: tuple[int, ...] | None = None) -> None:
        self.out_write = self.err_write = -1
        if kept is None:
            (self.out_read, self.out_write), (self.err_read, self.err_write) = open_pipes()
            self.journal = open_journal()
            self._start = open_journal()
        else:
            self.out_read, self.err_read, self.journal, self._start = kept

    @property
    def kept(self) -> list[int]:
        """The descriptors that another process needs to take over the command."""
        return [self.out_read, self.err_read, self.journal, self._start]

    def close_write_ends(self) -> None:
        """Close our write ends: the pipes end when the command closes its own."""
        for fd in (self.out_write, self.err_write):
            if fd >= 0:
                os.close(fd)
        self.out_write = self.err_write = -1

    def close_read_ends(self) -> None:
        """Close the read ends if nothing reads from them; a recording closes them at its end."""
        os.close(self.out_read)
        os.close(self.err_read)

    def close_journals(self) -> None:
        """Close the remaining files when all output is recorded and the read ends are closed."""
        os.close(self.journal)
        os.close(self._start)

    def close(self) -> None:
        """Close all descriptors."""
        self.close_write_ends()
        self.close_read_ends()
        self.close_journals()

    def note_start(self, start: NotedStart) -> None:
        """Note that the command was started."""
        os.pwrite(self._start, b"%d %d %d" % start, 0)

    def note_held(self) -> None:
        """Note that the command was started and is held back."""
        os.pwrite(self._start, _HELD, 0)

    def forget_start(self) -> None:
        """Note that the command could not be started."""
        os.ftruncate(self._start, 0)

    def is_held(self) -> bool:
        """Return whether the command is held back: it has not begun."""
        return os.pread(self._start, 80, 0) == _HELD

    def noted_start(self) -> NotedStart | None:
        """Return the note of the command's start, None if there is none."""
        fields = os.pread(self._start, 80, 0).split()
        return NotedStart(*map(int, fields)) if len(fields) == 3 else None

    def find_start(self, run_id: str) -> NotedStart | None:
        """Return the command's start; None if it was not started and never will be.

        For use when the supervisor has died: it may have been killed between starting the command
        and noting it. Another process that holds a write end of a pipe is the command.
        """
        poll = select.poll()
        poll.register(self.out_read, 0)  # POLLHUP is always reported
        while (noted := self.noted_start()) is None and not self.is_held():
            pid = _leader_of_run(run_id)
            if pid is not None:
                return NotedStart(pid, now_us(), monotonic_us())
            if poll.poll(10):
                return self.noted_start()
        return noted


def _leader_of_run(run_id: str) -> int | None:
    """Return the process of a run's command, found by its environment; None if there is none."""
    wanted = f"RUN_ID={run_id}".encode()
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return None
    for pid in pids:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if wanted in file.read().split(b"\0") and os.getsid(pid) == pid:
                    return pid
        except OSError:
            continue
    return None
