"""Recordings: facts about the system, found out while a run is staged and started."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol

    class Recording(Protocol):
        """Facts that are being found out; `collect` waits until the deadline for attributes."""

        def collect(self, deadline_s: float) -> dict[str, Any]: ...

        def cancel(self) -> None: ...


__all__ = ["DEADLINE_S", "cancel_all", "collect_all"]

DEADLINE_S = 0.2


def collect_all(recordings: Sequence[Recording]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of recordings, each as soon as it is known; wait 200 ms at most."""
    end = time.monotonic() + DEADLINE_S
    for recording in recordings:
        yield from recording.collect(max(0.0, end - time.monotonic())).items()


def cancel_all(recordings: Sequence[Recording]) -> None:
    """End recordings that are not collected."""
    for recording in recordings:
        recording.cancel()
