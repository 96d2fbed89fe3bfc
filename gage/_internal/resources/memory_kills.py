"""Whether the system has killed processes of a command because memory ran out (Linux).

The kernel counts such kills: in each control group (`oom_kill` in `memory.events`, version 2, or
`memory.oom_control`, version 1; see `cgroups(7)`), and for the machine in `/proc/vmstat`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MemoryKills", "kill_counters"]

_COUNT = b"oom_kill"
_GROUPS = "/sys/fs/cgroup"
_MACHINE = "/proc/vmstat"


class MemoryKills:
    """The kills for lack of memory since this was made.

    Parameters
    ----------
    counters
        The files to look at, as `kill_counters` gives them: the first that can be read counts.
    """

    def __init__(self, counters: Iterable[str]) -> None:
        self._path, self._before = "", 0
        for path in counters:
            count = _count(path)
            if count is not None:
                self._path, self._before = path, count
                break

    def any_since(self) -> bool:
        """Return whether there was one."""
        count = _count(self._path) if self._path else None
        return count is not None and count > self._before


def kill_counters(pid: int) -> Iterator[str]:
    """Return the files that count the kills around a process, from the nearest to the machine's."""
    yield from _group_files(pid)
    yield _MACHINE


def _group_files(pid: int) -> Iterator[str]:
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield from _places(_GROUPS, group, "memory.events")
        elif "memory" in controllers.split(","):
            yield from _places(os.path.join(_GROUPS, "memory"), group, "memory.oom_control")


def _places(root: str, group: str, name: str) -> Iterator[str]:
    yield os.path.join(root, group.lstrip("/"), name)
    yield os.path.join(root, name)  # in a container, which sees its own group as the root


def _count(path: str) -> int | None:
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, number = line.partition(b" ")
        if name == _COUNT and number.strip().isdigit():
            return int(number)
    return None
