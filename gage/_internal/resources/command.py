"""What a command uses, from its start to its end, for the supervisor that waits for it."""

from __future__ import annotations

import os

from gage._internal.resources.memory_kills import MemoryKills, kill_counters
from gage._internal.resources.recording import ResourceRecording
from gage._internal.resources.tree import ProcessTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.process.ending import Child

__all__ = ["CommandResources"]

_MAX_RSS_BYTES = 1 if os.uname().sysname == "Darwin" else 1024


class CommandResources:
    """Samples a command that was started, writes its total, and says whether memory ran out.

    Parameters
    ----------
    path
        The file of the side-car.
    child
        The command.
    own_pid
        This process, which is no part of the command.
    """

    def __init__(self, path: str, child: Child, own_pid: int) -> None:
        self._child = child
        self._kills = MemoryKills(kill_counters(child.pid))
        tree = ProcessTree(child.pid, child.orphans_of, (own_pid,))
        self._recording = ResourceRecording(path, tree)

    @property
    def due_s(self) -> float:
        """When `sample` is to be called, on the monotonic clock."""
        return self._recording.due_s

    def sample(self) -> None:
        """Take a sample, if one is due."""
        self._recording.sample()

    def finish(self) -> None:
        """Write the total; the command has ended and is reaped."""
        used = self._child.used
        if used is None:
            self._recording.finish(None, None)
            return
        largest_bytes = used.ru_maxrss * _MAX_RSS_BYTES
        self._recording.finish(
            round((used.ru_utime + used.ru_stime) * 1e6),
            largest_bytes if largest_bytes > _own_peak_bytes() else None,
        )

    def ran_out_of_memory(self) -> bool:
        """Return whether the system killed a process because memory ran out."""
        return self._kills.any_since()


def _own_peak_bytes() -> int:
    """Return the peak memory of this process: of it, the command was a copy before it began."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAX_RSS_BYTES
