"""The duration of a run, by a clock that is never set.

    proc/clock      EVENT BOOT TIME     one line for `started`, one for `stopped`

TIME is the machine's monotonic clock in microseconds, BOOT the boot that it counts from
(`process.identity`). The timestamps `started` and `stopped` have the times of day; their difference
is wrong if the machine's clock was set in between. Runs recorded before 0.2.0 have no
`proc/clock`: their duration is that difference.
"""

from __future__ import annotations

import os
import time

from gage._internal.atomic import append
from gage._internal.clock import now_us
from gage._internal.process.identity import identity_of
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import read_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["monotonic_us", "read_duration_us", "write_clock"]


def monotonic_us() -> int:
    """Return the machine's monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


def write_clock(run: Run, event: str, boot: str = "", time_us: int | None = None) -> None:
    """Append the time of an event by the monotonic clock; default: now, in this boot."""
    boot = boot or identity_of(os.getpid()).boot
    line = f"{event} {boot} {monotonic_us() if time_us is None else time_us}\n"
    append(run_meta_path(run, "proc", "clock"), line.encode())


def read_duration_us(run: Run, *, running: bool = False) -> int | None:
    """Return the microseconds from the run's start to its end.

    Parameters
    ----------
    running
        Whether the run is running. Its duration then ends now.

    Returns
    -------
    The duration; None for a run that was not started, or that has no end and is not running.

    Raises
    ------
    MetaError
        If the files of the side-car cannot be read.
    """
    started_us, stopped_us = read_timestamp(run, "started"), read_timestamp(run, "stopped")
    if started_us is None or (stopped_us is None and not running):
        return None
    clock = _read_clock(run)
    start = clock.get("started")
    end = clock.get("stopped")
    if stopped_us is None and start is not None:
        end = identity_of(os.getpid()).boot, monotonic_us()
    if start is not None and end is not None and start[0] == end[0] and start[1] <= end[1]:
        return end[1] - start[1]
    return max(0, (now_us() if stopped_us is None else stopped_us) - started_us)


def _read_clock(run: Run) -> dict[str, tuple[str, int]]:
    """Return boot and time by event; the first line of an event counts."""
    found: dict[str, tuple[str, int]] = {}
    for line in (read_text(run, "proc", "clock") or "").split("\n")[:-1]:
        fields = line.split()
        if len(fields) == 3 and fields[2].isascii() and fields[2].isdigit() and len(fields[2]) < 20:
            found.setdefault(fields[0], (fields[1], int(fields[2])))
    return found
