"""The command line that other programs see of this process.

A process that was forked and not started anew still has the command line of its parent: whoever
kills `gage run` by its command line (`pkill -f`) would kill the supervisor too.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["set_title"]

# Fields of /proc/PID/stat, counted after the name: where the arguments are in memory.
_ARG_START, _ARG_END = 45, 46


def set_title(words: Sequence[str]) -> bool:
    """Show other words as the command line of this process, as many as its first one has room for.

    Return whether that is possible (Linux).
    """
    name = os.path.basename(words[0])
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        # A last byte that is not 0 would say that the line continues in the environment.
        data = os.fsencode("\0".join(words))[: end - start - 1].ljust(end - start, b"\0")
        memory = os.open("/proc/self/mem", os.O_RDWR)
        try:
            os.pwrite(memory, data, start)
        finally:
            os.close(memory)
        with open("/proc/self/comm", "wb") as file:
            file.write(os.fsencode(name))
    except (OSError, ValueError, IndexError, OverflowError):
        return False
    return True
