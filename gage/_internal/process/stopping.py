"""Stopping a command and its tree of processes.

SIGINT goes to the process group of a run, like Ctrl-C in a terminal. SIGTERM and SIGKILL, if there
is a `/proc`, also go to the rest of its session and to all descendants, in whatever session. On a
system without inheritance of orphans (see `running.keeper`), a process that detached itself from
its parents early is not found.
"""

from __future__ import annotations

import os
import time

from gage._internal.process.ending import POLL_S, wait_for_exit
from gage._internal.process.identity import is_alive, stat_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.process.identity import Identity, ProcessStat

__all__ = [
    "GRACE_S",
    "SIGINT",
    "SIGKILL",
    "SIGTERM",
    "Escalation",
    "left_over",
    "send_to_all",
    "signal_targets",
    "signal_text",
    "stop_group",
]

SIGINT, SIGKILL, SIGTERM = 2, 9, 15
# The default number of seconds between two signals.
GRACE_S = 5.0
_SIGNAL_NAMES = {SIGINT: "SIGINT", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM"}


class Escalation:
    """The sequence of signals that stop a run's command, with time between them.

    `due_s` is the time of the next signal on the monotonic clock, None if all are sent; `sent`
    has those that were sent.
    """

    __slots__ = ("_grace_s", "_last_s", "_left", "due_s", "sent")

    def __init__(
        self, signals: tuple[int, ...], grace_s: float, *, first_after_s: float = 0.0
    ) -> None:
        self._left = list(signals)
        self._grace_s = grace_s
        self._last_s = time.monotonic()
        self.due_s: float | None = self._last_s + first_after_s
        self.sent: list[int] = []

    def hurry(self, grace_s: float) -> None:
        """Send the next signal sooner, if this grace period is shorter."""
        self._grace_s = min(self._grace_s, grace_s)
        if self.due_s is not None:
            self.due_s = min(self.due_s, self._last_s + self._grace_s)

    def next_signal(self) -> int | None:
        """Return the signal that is due now, and count it as sent."""
        now_s = time.monotonic()
        if self.due_s is None or now_s < self.due_s:
            return None
        signal = self._left.pop(0)
        self.sent.append(signal)
        self._last_s = now_s
        self.due_s = now_s + self._grace_s if self._left else None
        return signal


def stop_group(identity: Identity, grace_s: float = GRACE_S) -> list[int]:
    """Stop a run's command, its process group and tree; return the signals that were sent.

    They get SIGINT, after `grace_s` seconds SIGTERM, and after another `grace_s` seconds SIGKILL.
    Return when the command has ended and no process of its session is left.
    """
    escalation = Escalation((SIGINT, SIGTERM, SIGKILL), grace_s)
    while True:
        alive = is_alive(identity)
        # As long as a group without a leader exists, no new process gets its number.
        if not alive and (escalation.due_s is None or not left_over(identity.pid, tree=False)):
            return escalation.sent
        signal = escalation.next_signal()
        if signal is not None:
            send_to_all(signal_targets(identity.pid, signal), signal)
        elif not alive or escalation.due_s is None:
            time.sleep(POLL_S)
        else:
            wait_for_exit(identity, escalation.due_s - time.monotonic())


def signal_targets(pid: int, signal: int, orphans_of: int | None = None) -> list[int]:
    """Return the targets of a signal to a command, for `os.kill`: its group, its tree."""
    if signal == SIGINT:
        return [-pid]
    return [-pid, *(stat.pid for stat in _tree(pid, orphans_of, whole=True) if stat.group != pid)]


def left_over(pid: int, *, tree: bool, orphans_of: int | None = None) -> list[int]:
    """Return the live processes of a command that has ended and was reaped, for `os.kill`.

    These are its session and, with `tree`, descendants in other sessions that are children of
    `orphans_of`, a process that inherits orphans.
    """
    if not _group_exists(pid) and not _other_children(orphans_of):
        return []  # the usual case, found without reading every process
    if os.path.isdir("/proc/self"):
        return [stat.pid for stat in _tree(pid, orphans_of, whole=tree) if stat.pid != pid]
    return [-pid]


def send_to_all(targets: list[int], signal: int) -> None:
    """Send a signal to those processes and groups (negative numbers) that exist."""
    for target in targets:
        try:
            os.kill(target, signal)
        except (ProcessLookupError, PermissionError):
            # Not permitted: the process runs as another user (sudo), or is a zombie (macOS).
            continue


def signal_text(signal: int) -> str:
    """Return the name of a signal that this module sends."""
    return _SIGNAL_NAMES.get(signal, f"signal {signal}")


def _tree(pid: int, orphans_of: int | None, *, whole: bool) -> list[ProcessStat]:
    """Return the live processes of a session; with `whole` also descendants in other sessions."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    stats = [stat_of(int(name)) for name in names if name.isdecimal()]
    live = [stat for stat in stats if stat is not None and stat.state not in "ZX"]
    own = {os.getpid(), orphans_of}
    found = {stat.pid for stat in live if pid in (stat.session, stat.group)}
    if whole:
        found |= {
            stat.pid for stat in live if stat.pid not in own and stat.parent in (pid, orphans_of)
        }
        grown = True
        while grown:
            more = {stat.pid for stat in live if stat.parent in found} - found
            grown = bool(more)
            found |= more
    return [stat for stat in live if stat.pid in found and stat.pid not in own]


def _group_exists(group: int) -> bool:
    try:
        os.kill(-group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _other_children(pid: int | None) -> bool:
    """Return whether a process has children other than this process."""
    if pid is None:
        return False
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return any(int(child) != os.getpid() for child in file.read().split())
    except OSError:
        return False  # the process has ended, or the kernel has no such list
