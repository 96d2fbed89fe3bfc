"""The command line of a process as other programs see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from gage._internal.process.title import set_title
print(set_title(sys.argv[2].split(" ")))
print(open("/proc/self/cmdline", "rb").read().rstrip(b"\\0").replace(b"\\0", b" ").decode())
print(open("/proc/self/comm").read().strip())
print(sys.argv[2], __import__("os").environ["AFTER"])
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lets a process rename itself"
)


def shown(words: str) -> list[str]:
    """Return what a process that takes these words says of itself."""
    argv = [sys.executable, "-c", PROGRAM, str(ROOT), words]
    env = {"AFTER": "environment"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("words", ["python -m module", "größe", "a"])
def test_other_words_take_the_place_of_the_first(words: str) -> None:
    name = words.split(maxsplit=1)[0]

    assert shown(words) == ["True", words, name, f"{words} environment"]


def test_words_without_room_are_cut_and_leave_the_environment_alone() -> None:
    words = "python " + "x" * 3000

    taken, line, name, kept = shown(words)

    assert (taken, name) == ("True", "python")
    assert line == words[: len(line)]
    assert kept == f"{words} environment"


def test_a_path_gives_the_last_part_of_its_name() -> None:
    assert shown("/usr/bin/python -m x")[1:3] == ["/usr/bin/python -m x", "python"]
