"""What staging knows goes from phase to phase as values; its log is written in pieces."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.record.runner_log import read_notes
from gage._internal.staging.knowledge import Staging
from gage._internal.types import OpCmd, OpDef, Operation, OpRef
from tests.making import initialized, meta

ROOT = Path(__file__).parents[2]

COUNTING = """\
import collections, json, os, sys
opened = collections.Counter()
def count(event, args):
    if event == "open" and isinstance(args[0], str) and ".meta" in args[0]:
        reads = not args[2] & (os.O_WRONLY | os.O_RDWR)
        opened[args[0].partition(".meta/")[2], "read" if reads else "written"] += 1
sys.addaudithook(count)
import gage
run = gage.run("train.py", {"lr": 0.5}, label="x", stage=True)
print(json.dumps([[*key, number] for key, number in opened.items()]))
"""


def test_the_definition_is_not_read_again_while_a_run_is_staged(
    project: Path, runs_home: Path
) -> None:
    (project / "train.py").write_text("lr = 0.1\n")

    done = subprocess.run(
        [sys.executable, "-c", COUNTING],
        env={"PYTHONPATH": str(ROOT), "GAGE_RUNS": str(runs_home)},
        cwd=project,
        capture_output=True,
        check=True,
    )

    opened = {(name, how): number for name, how, number in json.loads(done.stdout)}
    definition = ("opref", "opdef.json", "config.json", "proc/cmd", "proc/env")
    assert not [name for name in definition if (name, "read") in opened]
    assert all((name, "written") in opened for name in (*definition, "user/label"))
    # What staging has logged itself is not read back.
    assert ("log/files", "read") not in opened
    # The definition (twice: `log` has to be made), and the three phases that say something.
    assert opened["log/runner", "written"] == 5


def test_what_is_not_handed_on_is_read(tmp_path: Path) -> None:
    run = initialized(tmp_path, ["echo", "a"], {"description": "d"}, A="1")

    staging = Staging(run)

    assert staging.opdef.description == "d"
    assert staging.cmd == OpCmd(["echo", "a"], {"A": "1"})
    assert staging.config == {}


def test_what_is_handed_on_is_not_read(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    for name in ("opdef.json", "config.json"):
        meta(run, name).unlink()
    opdef, cmd = OpDef("op", {}), OpCmd(["true"], {})

    staging = Staging(run, Operation(OpRef("test", "op"), opdef, cmd, {"x": 1}, "/"))

    assert (staging.opdef, staging.cmd, staging.config) == (opdef, cmd, {"x": 1})


def test_messages_and_notes_keep_their_order_whatever_happens(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    log = meta(run, "log", "runner")
    before = log.read_text()

    def fail() -> None:
        with Staging(run) as staging:
            staging.log("one")
            staging.note("two\nlines")
            staging.log("three")
            assert log.read_text() == before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    said = meta(run, "log", "runner").read_text().removeprefix(before)
    assert [line.partition(" ")[2] for line in said.splitlines()] == [
        "one",
        "Note: two",
        " lines",
        "three",
    ]
    assert read_notes(run) == ["two\nlines"]
