"""The use of a command and its descendants, against loads that are known."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.resources.tree import ProcessTree, Usage
from tests.process.conftest import Started

MIB = 1 << 20
FILL = "block = bytearray({mib} << 20)\nfor i in range(0, len(block), 4096): block[i] = 1\n"
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
WAIT = "print('here', flush=True)\nimport signal; signal.pause()\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def python(*program: str) -> list[str]:
    return [sys.executable, "-c", "".join(program)]


def usage(command: Started) -> Usage:
    """Return the usage of a command that has said that it is there."""
    assert command.line() == b"here\n"
    found = ProcessTree(command.pid, None, ()).usage()
    assert found is not None
    return found


def test_memory_is_that_of_the_load(start: Callable[..., Started]) -> None:
    empty = usage(start(python(WAIT)))

    loaded = usage(start(python(FILL.format(mib=200), WAIT)))

    used_bytes = loaded.rss_bytes - empty.rss_bytes
    assert used_bytes == pytest.approx(200 * MIB, rel=0.05)
    assert (loaded.processes, loaded.threads) == (1, 1)


def test_memory_that_processes_share_is_also_counted_once(start: Callable[..., Started]) -> None:
    fork = "import os\nfor _ in range(3):\n    if os.fork() == 0: time.sleep(1000)\n"

    found = usage(start(python("import time\n", FILL.format(mib=100), fork, WAIT)))

    assert found.processes == 4
    assert found.rss_bytes > 400 * MIB
    assert found.pss_bytes is not None
    assert 100 * MIB < found.pss_bytes < 140 * MIB


def test_time_of_children_that_have_ended_is_counted(start: Callable[..., Started]) -> None:
    children = (
        "import subprocess, sys\n"
        f"for _ in range(3): subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.2)!r}])\n"
    )

    found = usage(start(python(children, WAIT)))

    assert found.processes == 1
    assert 0.6e6 * 0.97 <= found.cpu_us < 2e6


def test_threads_are_counted(start: Callable[..., Started]) -> None:
    threads = (
        "import threading\n"
        "for _ in range(4): threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )

    assert usage(start(python(threads, WAIT))).threads == 5


def test_children_of_other_threads_are_found(start: Callable[..., Started]) -> None:
    child = (
        "import subprocess, threading\n"
        "def work():\n"
        "    child.append(subprocess.Popen(['sleep', '1000'])); begun.set(); held.wait()\n"
        "child, begun, held = [], threading.Event(), threading.Event()\n"
        "threading.Thread(target=work, daemon=True).start(); begun.wait()\n"
    )

    assert usage(start(python(child, WAIT))).processes == 2


def test_orphans_are_those_of_the_process_that_inherits_them(
    start: Callable[..., Started],
) -> None:
    # This process stands for a keeper; it has other children, which are no part of the command.
    other = start(["sleep", "1000"])
    orphan = start(["sleep", "1000"])
    command = start(["sleep", "1000"])
    mine = {int(pid) for pid in children_of(os.getpid())} - {orphan.pid, command.pid}
    assert other.pid in mine

    found = ProcessTree(command.pid, os.getpid(), mine).usage()

    assert found is not None
    assert found.processes == 2


def children_of(pid: int) -> list[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [child for thread in threads for child in (thread / "children").read_text().split()]


def test_bytes_written_to_storage_are_counted(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    write = (
        "import os\n"
        "with open('block', 'wb') as file:\n"
        "    file.write(bytes(3 << 20)); file.flush(); os.fsync(file.fileno())\n"
    )

    found = usage(start(python(write, WAIT)))

    assert found.written_bytes is not None
    is_in_memory = os.major(tmp_path.stat().st_dev) == 0
    assert found.written_bytes >= (0 if is_in_memory else 3 * MIB)


def test_a_process_that_is_gone_uses_nothing(start: Callable[..., Started]) -> None:
    command = start(["true"])
    command.end()

    assert ProcessTree(command.pid, None, ()).usage() is None
