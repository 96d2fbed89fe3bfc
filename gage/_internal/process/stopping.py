"""How a command and its tree are stopped.

What a signal to a run reaches: SIGINT its process group, as Ctrl-C in a terminal does; SIGTERM and
SIGKILL, where there is a `/proc`, also the rest of its session and all descendants, whatever
session they moved to. A process that detached itself from its parents before anybody looked, on a
system where nobody inherits orphans (see `running.supervisor`), is not found.
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
# The seconds between two signals where nobody says how many.
GRACE_S = 5.0
_SIGNAL_NAMES = {SIGINT: "SIGINT", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM"}


class Escalation:
    """The signals that stop a run's command, one after the other, with time between them.

    `due_s` is when the next one is due on the monotonic clock, None when all are sent; `sent`
    says which were.
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
        """Let the next signal come sooner, if this grace period is the shorter one."""
        self._grace_s = min(self._grace_s, grace_s)
        if self.due_s is not None:
            self.due_s = min(self.due_s, self._last_s + self._grace_s)

    def next_signal(self) -> int | None:
        """Return the signal that is due now, as sent."""
        now_s = time.monotonic()
        if self.due_s is None or now_s < self.due_s:
            return None
        signal = self._left.pop(0)
        self.sent.append(signal)
        self._last_s = now_s
        self.due_s = now_s + self._grace_s if self._left else None
        return signal


def stop_group(identity: Identity, grace_s: float = GRACE_S) -> list[int]:
    """Stop a run's command, its process group and tree; return the signals that it took.

    SIGINT, after `grace_s` seconds SIGTERM, after as many again SIGKILL; returns when the
    command has ended and nothing of its session is left to be seen.
    """
    escalation = Escalation((SIGINT, SIGTERM, SIGKILL), grace_s)
    while True:
        alive = is_alive(identity)
        # A group that lost its leader keeps its number from being given to another process.
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
    """Return what a signal to a command goes to, as `os.kill` takes it: its group, its tree."""
    if signal == SIGINT:
        return [-pid]
    return [-pid, *(stat.pid for stat in _tree(pid, orphans_of, whole=True) if stat.group != pid)]


def left_over(pid: int, *, tree: bool, orphans_of: int | None = None) -> list[int]:
    """Return what lives of a command that has ended and was reaped, as `os.kill` takes it.

    Its session; with `tree` also descendants in other sessions, as far as they are children of
    `orphans_of`, a process that inherits orphans.
    """
    if not _group_exists(pid) and not _other_children(orphans_of):
        return []  # the ordinary case, known without looking at every process
    if os.path.isdir("/proc/self"):
        return [stat.pid for stat in _tree(pid, orphans_of, whole=tree) if stat.pid != pid]
    return [-pid]


def send_to_all(targets: list[int], signal: int) -> None:
    """Send a signal to processes and (negative numbers) groups, as far as they are there."""
    for target in targets:
        try:
            os.kill(target, signal)
        except (ProcessLookupError, PermissionError):
            # Not permitted: it took another user's rights (sudo, say), or, on macOS, is a zombie.
            continue


def signal_text(signal: int) -> str:
    """Return the name of one of the signals that are sent here."""
    return _SIGNAL_NAMES.get(signal, f"signal {signal}")


def _tree(pid: int, orphans_of: int | None, *, whole: bool) -> list[ProcessStat]:
    """Return the live processes of a session; with `whole` also descendants in other ones."""
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
    """Return whether a process has children besides this one."""
    if pid is None:
        return False
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return any(int(child) != os.getpid() for child in file.read().split())
    except OSError:
        return False  # it has ended, or the kernel has no such list
