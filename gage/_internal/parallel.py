"""Work on several items at once, for work that releases Python's lock: reading and hashing."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["for_each"]

# More threads do not help one disk, and a notebook's machine has other things to do.
_MOST_THREADS = 4


def for_each(work: Callable[[T, Callable[[], bool]], None], items: Sequence[T]) -> None:
    """Call `work(item, stopped)` for each item, in threads; the items start in their order.

    The first failure, or an interrupt, ends all work: no further item is started, and `stopped()`
    returns True, which long work checks now and then. The failure is raised when every thread has
    ended.
    """
    count = min(_MOST_THREADS, _cpu_count(), len(items))
    waiting = list(reversed(items))
    failures: list[BaseException] = []

    def stopped() -> bool:
        return bool(failures)

    def take_turns() -> None:
        while not failures:
            try:
                item = waiting.pop()
            except IndexError:
                return
            try:
                work(item, stopped)
            except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
                failures.append(error)

    threads = []
    if count > 1:
        from threading import Thread

        threads = [Thread(target=take_turns, name="gage-copy") for _ in range(count - 1)]
    for thread in threads:
        thread.start()
    try:
        take_turns()
        for thread in threads:
            thread.join()
    except BaseException as error:  # noqa: BLE001 - an interrupt; raised below
        failures.append(error)
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def _cpu_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
