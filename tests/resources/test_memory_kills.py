"""Whether memory ran out, as the kernel's counters say it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gage._internal.resources.memory_kills import MemoryKills, kill_counters

EVENTS = "low 0\nhigh 12\nmax 3\noom 1\noom_kill {count}\noom_group_kill 0\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill {count}\n"


@pytest.mark.parametrize("content", [EVENTS, CONTROL], ids=["version 2", "version 1"])
def test_a_kill_is_seen_from_then_on(tmp_path: Path, content: str) -> None:
    path = tmp_path / "counter"
    path.write_text(content.format(count=2))
    kills = MemoryKills([str(tmp_path / "none"), str(path)])
    assert not kills.any_since()

    path.write_text(content.format(count=3))

    assert kills.any_since()


def test_nothing_is_said_without_a_counter(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_text("anon 5\noom_kill many\n")

    assert not MemoryKills([str(path)]).any_since()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these counters")
def test_this_machine_has_a_counter() -> None:
    assert any(Path(path).exists() for path in kill_counters(os.getpid()))


def test_a_process_that_is_gone_has_the_counter_of_the_machine() -> None:
    assert [*kill_counters(2**22 + 1)] == ["/proc/vmstat"]
