"""Work in threads: each item once, and nothing more is begun after a failure."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from gage._internal.parallel import for_each


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_each_item_is_worked_on_once(count: int) -> None:
    done: list[int] = []

    for_each(lambda item, _: done.append(item), range(count))

    assert sorted(done) == list(range(count))


def test_a_failure_is_raised_and_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def work(item: int, _: Callable[[], bool]) -> None:
        begun.append(item)
        raise OSError(f"item {item}")

    with pytest.raises(OSError, match="item"):
        for_each(work, range(1000))

    assert len(begun) <= 4  # each thread that had an item when the first one failed


def test_long_work_is_told_that_another_item_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    both = threading.Barrier(2)
    told: list[int] = []

    def work(item: int, stopped: Callable[[], bool]) -> None:
        both.wait(60)
        if item == 0:
            raise KeyboardInterrupt
        while not stopped():
            pass
        told.append(item)

    with pytest.raises(KeyboardInterrupt):
        for_each(work, [0, 1])

    assert told == [1]


def test_every_thread_has_ended_when_it_returns() -> None:
    before = threading.active_count()

    for_each(lambda item, _: None, range(100))

    assert threading.active_count() == before
