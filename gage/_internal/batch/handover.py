"""A socket by which the keeper of a batch gets the pipes of commands started later (Linux).

For each command that it starts, the supervisor sends the trial's index with the descriptors of
`running.pipes`. When the trial has ended, it sends the index alone.
"""

from __future__ import annotations

import os
import select
import socket
import sys

from gage._internal.process.ending import open_exit_fd
from gage._internal.running.keeper import reap_all
from gage._internal.running.pipes import Pipes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Handover", "keep_trials"]

_PAUSE_MS = 50


class Handover:
    """The two ends of the socket; without a socket (not Linux) the keeper gets nothing."""

    def __init__(self) -> None:
        self._to_keeper: socket.socket | None = None
        self.from_supervisor: socket.socket | None = None
        if hasattr(socket, "send_fds") and sys.platform == "linux":
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._to_keeper, self.from_supervisor = pair

    def close(self) -> None:
        """Stop sending: in the keeper, and in the supervisor when the keeper is gone."""
        if self._to_keeper is not None:
            self._to_keeper.close()
            self._to_keeper = None

    def send(self, index: int, fds: list[int]) -> None:
        """Give the keeper a trial's descriptors; no descriptors mean that the trial has ended."""
        if self._to_keeper is None:
            return
        try:
            if fds:
                socket.send_fds(self._to_keeper, [b"%d" % index], fds)
            else:
                self._to_keeper.send(b"%d" % index)
        except OSError:
            self.close()  # the keeper was killed: nobody can take over from now on

    def receive(self, kept: dict[int, Pipes]) -> None:
        """Receive what the supervisor has sent."""
        while self.from_supervisor is not None:
            try:
                data, fds, _, _ = socket.recv_fds(self.from_supervisor, 64, 4, socket.MSG_DONTWAIT)
            except (BlockingIOError, ConnectionError):
                return
            if not data:
                return
            before = kept.pop(int(data), None)
            if before is not None:
                before.close()
            if fds:
                kept[int(data)] = Pipes(tuple(fds))


def keep_trials(
    supervisor: int,
    handover: Handover,
    take_over: Callable[[Mapping[int, Pipes], Mapping[int, int]], None],
) -> None:
    """Hold the pipes of running trials and wait for the supervisor; call `take_over` if it dies.

    `take_over` gets the pipes of the trials that the supervisor had started, by index, and the
    known exit codes of commands, by process.
    """
    handover.close()
    kept: dict[int, Pipes] = {}
    codes: dict[int, int] = {}
    exit_fd = open_exit_fd(supervisor)
    ended, anything = select.poll(), select.poll()
    if exit_fd is not None:
        ended.register(exit_fd, select.POLLIN)
        anything.register(exit_fd, select.POLLIN)
    if handover.from_supervisor is not None:
        anything.register(handover.from_supervisor, select.POLLIN)
    while True:
        code = reap_all(supervisor, codes)
        handover.receive(kept)
        if code is not None:
            break
        # Messages are collected for a moment: the commands need the processor more.
        ended.poll(_PAUSE_MS)
        anything.poll(None if exit_fd is not None else _PAUSE_MS)
    if code != 0:
        if exit_fd is not None:
            os.close(exit_fd)
        take_over(kept, codes)
