"""The use of a command and all its descendants, as Linux tells it in `/proc`.

A process that has ended counts as long as one of its ancestors has waited for it: the system adds
its times and bytes to those of that ancestor. So short-lived children are not lost, whenever the
tree is looked at.
"""

from __future__ import annotations

import os
import time

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ProcessTree", "Usage"]

# The share of one core that measuring shared memory may take.
_SHARED_COST = 0.001
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Usage(NamedTuple):
    """What a tree of processes uses at one moment, or has used until then.

    Attributes
    ----------
    cpu_us
        User and system time until then, in µs, including that of processes that have ended.
    rss_bytes
        Resident memory. Pages that processes share are counted for each of them.
    pss_bytes
        Resident memory where shared pages are divided among the processes that share them (the sum
        of their proportional set sizes); None if it was not measured.
    read_bytes, written_bytes
        What was read from and written to storage until then; None if it is not known.
    processes, threads
        How many there are.
    """

    cpu_us: int
    rss_bytes: int
    pss_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    processes: int
    threads: int


class ProcessTree:
    """A command and its descendants.

    Parameters
    ----------
    pid
        The command.
    orphans_of
        The process that inherits the command's orphaned descendants and nobody else's, if there is
        one.
    not_of_it
        Children of `orphans_of` that are no descendants of the command, such as this process.
    """

    def __init__(self, pid: int, orphans_of: int | None, not_of_it: Iterable[int]) -> None:
        self._pid = pid
        self._orphans_of = orphans_of
        self._not_of_it = frozenset(not_of_it)
        self._shared_due_s = 0.0

    def usage(self) -> Usage | None:
        """Return what the tree uses now, None if there is no such process or no `/proc`."""
        cpu_ticks = pages = processes = threads = 0
        read_bytes: int | None = 0
        written_bytes: int | None = 0
        pids = self._pids()
        for pid in pids:
            fields = _stat(pid)
            if fields is None:
                continue  # ended since
            cpu_ticks += sum(map(int, fields[11:15]))
            threads += int(fields[17])
            pages += int(fields[21])
            processes += 1
            moved = _moved_bytes(pid) if read_bytes is not None else None
            if moved is None or read_bytes is None or written_bytes is None:
                read_bytes = written_bytes = None
            else:
                read_bytes += moved[0]
                written_bytes += moved[1]
        if not processes:
            return None
        if self._orphans_of is not None:
            fields = _stat(self._orphans_of)
            if fields is not None:
                cpu_ticks += sum(map(int, fields[13:15]))
        return Usage(
            cpu_ticks * 1_000_000 // _TICKS_PER_S,
            pages * _PAGE_BYTES,
            self._shared_once(pids) if processes > 1 else None,
            read_bytes,
            written_bytes,
            processes,
            threads,
        )

    def _pids(self) -> list[int]:
        roots = [self._pid]
        if self._orphans_of is not None:
            roots += [pid for pid in _children(self._orphans_of) if pid not in self._not_of_it]
        found = dict.fromkeys(roots)
        left = list(found)
        while left:
            for child in _children(left.pop()):
                if child not in found and child not in self._not_of_it:
                    found[child] = None
                    left.append(child)
        return list(found)

    def _shared_once(self, pids: list[int]) -> int | None:
        """Return the sum of proportional set sizes, None if it would take too long for now."""
        began_s = time.monotonic()
        if began_s < self._shared_due_s:
            return None
        total = 0
        for pid in pids:
            size_bytes = _proportional_bytes(pid)
            if size_bytes is None:
                return None
            total += size_bytes
        ended_s = time.monotonic()
        self._shared_due_s = ended_s + (ended_s - began_s) / _SHARED_COST
        return total


def _children(pid: int) -> list[int]:
    """Return the children of a process, those of all its threads."""
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        pass  # ended since
    return children


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of `/proc/PID/stat` from the state on (field 3 of proc(5))."""
    try:
        data = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The name in brackets may itself have spaces and brackets.
    fields = data[data.rfind(b")") + 2 :].split()
    return fields if len(fields) > 21 else None


def _moved_bytes(pid: int) -> tuple[int, int] | None:
    """Return the bytes read from and written to storage; None if this user may not know."""
    try:
        lines = _read(f"/proc/{pid}/io").splitlines()
        values = {name: int(value) for name, _, value in (line.partition(b": ") for line in lines)}
        return values[b"read_bytes"], values[b"write_bytes"]
    except (OSError, ValueError, KeyError):
        return None


def _proportional_bytes(pid: int) -> int | None:
    try:
        data = _read(f"/proc/{pid}/smaps_rollup")
    except FileNotFoundError:
        return 0 if not os.path.exists(f"/proc/{pid}") else None
    except ProcessLookupError:
        return 0  # ended since
    except OSError:
        return None
    for line in data.splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0  # it has ended and waits to be reaped


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        data = b""
        while part := os.read(fd, 65536):
            data += part
        return data
    finally:
        os.close(fd)
