"""Recording the resources of a command while its supervisor waits for it.

    recording = ResourceRecording(path, tree)
    at recording.due_s: sample();  when the command has ended: finish(used)

The first sample is taken after `FIRST_S`, so that short runs pay nothing, the others each second,
or less often where there is so much to look at that it would take more than `_COST` of a core. What
cannot be written is left out: a run never fails because of it.
"""

from __future__ import annotations

import os
import time

from gage._internal.atomic import append, replace
from gage._internal.clock import now_us
from gage._internal.resources.log import (
    HEADER,
    MOST_SAMPLES,
    Sample,
    Total,
    encode_sample,
    encode_total,
    read_resources,
    thinned,
    total_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.resources.tree import ProcessTree, Usage

__all__ = ["FIRST_S", "ResourceRecording"]

FIRST_S = 0.2

_INTERVAL_S = 1.0
_COST = 0.001


class ResourceRecording:
    """Samples the processes of a command, and writes what they use into the side-car.

    Parameters
    ----------
    path
        The file, in the side-car. If a supervisor that died has begun it, it is continued.
    tree
        The processes.

    Attributes
    ----------
    due_s
        When the next sample is to be taken, on the monotonic clock.
    """

    def __init__(self, path: str, tree: ProcessTree) -> None:
        self.due_s = time.monotonic() + FIRST_S
        self._path = path
        self._tree = tree
        self._interval_s = _INTERVAL_S
        self._samples: list[Sample] | None = None

    def sample(self) -> None:
        """Take a sample, if one is due."""
        began_s = time.monotonic()
        if began_s < self.due_s:
            return
        usage = self._tree.usage()
        if usage is not None:
            if self._samples is None:
                self._begin()
            self._add(Sample(now_us(), self._not_less(usage)))
        ended_s = time.monotonic()
        self.due_s = began_s + max(self._interval_s, (ended_s - began_s) / _COST)

    def finish(self, cpu_us: int | None, largest_bytes: int | None) -> None:
        """Write the total of a command that has ended.

        Parameters
        ----------
        cpu_us
            The CPU time of the command and of the descendants that were waited for, if it is known.
        largest_bytes
            The peak memory of the largest of these processes, if it is known.
        """
        samples = self._samples or []
        if not samples and cpu_us is None:
            return
        total = total_of(samples) if samples else Total(0, 0, None, None, None, 1, 1)
        peaks = [size for size in (total.peak_bytes, largest_bytes) if size is not None]
        total = total._replace(
            time_us=now_us(),
            cpu_us=max(total.cpu_us, cpu_us or 0),
            peak_bytes=max(peaks, default=None),
        )
        header = HEADER if self._samples is None else ""
        self._append(header + encode_total(total))

    def _begin(self) -> None:
        """Begin the file, or continue that of a supervisor that died."""
        try:
            self._samples = read_resources(os.path.dirname(self._path)).samples
        except OSError:
            self._samples = []
        while len(self._samples) >= MOST_SAMPLES:
            self._samples = thinned(self._samples)
        self._interval_s = _interval_s(self._samples)
        self._rewrite()

    def _add(self, sample: Sample) -> None:
        samples = self._samples
        assert samples is not None  # noqa: S101  # `_begin` was called
        samples.append(sample)
        if len(samples) >= MOST_SAMPLES:
            self._samples = thinned(samples)
            self._interval_s *= 2
            self._rewrite()
        else:
            self._append(encode_sample(sample))

    def _not_less(self, usage: Usage) -> Usage:
        """Return the usage with times and bytes that are no less than before.

        They would be if a process ended for which nobody waited.
        """
        if not self._samples:
            return usage
        before = self._samples[-1].usage
        return usage._replace(
            cpu_us=max(usage.cpu_us, before.cpu_us),
            read_bytes=_larger(usage.read_bytes, before.read_bytes),
            written_bytes=_larger(usage.written_bytes, before.written_bytes),
        )

    def _append(self, text: str) -> None:
        try:
            append(self._path, text.encode())
        except OSError:
            pass  # never lose a run over its resources

    def _rewrite(self) -> None:
        lines = [HEADER, *map(encode_sample, self._samples or ())]
        try:
            replace(self._path, "".join(lines).encode())
        except OSError:
            pass  # as above


def _interval_s(samples: list[Sample]) -> float:
    """Return the interval that samples were taken with, as far as they tell."""
    if len(samples) < MOST_SAMPLES // 4:
        return _INTERVAL_S
    taken_s = (samples[-1].time_us - samples[0].time_us) / 1e6 / (len(samples) - 1)
    interval_s = _INTERVAL_S
    while interval_s * 1.5 < taken_s:
        interval_s *= 2
    return interval_s


def _larger(value: int | None, before: int | None) -> int | None:
    return value if value is None or before is None else max(value, before)
