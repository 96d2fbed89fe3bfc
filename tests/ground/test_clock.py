"""Timestamps grow strictly, ids are UUIDs, names can be read aloud."""

from __future__ import annotations

import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from gage._internal.clock import iso_time, make_id, name_for_id, now_us


def test_the_time_is_now() -> None:
    before = time.time_ns() // 1000

    found = now_us()

    assert before <= found <= time.time_ns() // 1000 + 1000


def test_no_two_times_are_the_same() -> None:
    times = [now_us() for _ in range(5000)]

    assert times == sorted(set(times))


def test_threads_share_no_time() -> None:
    with ThreadPoolExecutor(8) as pool:
        times = [
            time
            for part in pool.map(lambda _: [now_us() for _ in range(3000)], range(8))
            for time in part
        ]

    assert len(set(times)) == len(times)


def test_a_clock_that_is_set_back_does_not_set_the_time_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = now_us()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000)

    assert [now_us(), now_us()] == [last + 1, last + 2]


def test_the_local_time_has_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()

    text = iso_time()

    monkeypatch.undo()
    time.tzset()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0530", text)
    assert abs(datetime.fromisoformat(text).timestamp() - time.time()) < 60


def test_an_id_is_a_random_uuid() -> None:
    ids = {make_id() for _ in range(100)}

    assert len(ids) == 100
    for text in ids:
        found = uuid.UUID(text)
        assert (found.version, found.variant, str(found)) == (4, uuid.RFC_4122, text)


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("60a825b1-0000-4000-8000-000000000000", "kafom-fikud"),
        # From the proposal: 127.0.0.1 and 63.84.220.193.
        ("7f000001", "lusab-babad"),
        ("3f54dcc1", "gutih-tugad"),
        ("00000000", "babab-babab"),
        ("ffffffff", "zuzuz-zuzuz"),
    ],
)
def test_a_name_is_the_proquint_of_an_id(run_id: str, name: str) -> None:
    assert name_for_id(run_id) == name
