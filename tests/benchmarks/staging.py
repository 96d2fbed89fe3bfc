"""Staging: from a project to a run that can start without it, beside copying alone."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from gage._internal.staging.staging import init_run_meta, make_run, stage_run
from gage._internal.types import OpCmd, OpDef, OpRef
from tests.benchmarks.case import Case, Side, timed

_MIB = 1 << 20


def cases(workspace: Path) -> list[Case]:
    """Return the cases; their projects are made below the workspace."""
    return [_small_files(workspace / "small"), _big_files(workspace / "big")]


def _small_files(workspace: Path) -> Case:
    project = workspace / "project"
    _make_sources(project)
    numbers = itertools.count()

    def copy() -> None:
        _cp(project, workspace / f"copy-{next(numbers)}")

    return Case(
        name="stage 10,000 small files",
        bare_name="cp -r",
        bare=_settled(copy),
        ours=_settled(lambda: _stage(project, workspace, 10_000)),
        limit=1.8,
    )


def _big_files(workspace: Path) -> Case:
    project = workspace / "project"
    project.mkdir(parents=True)
    for number in range(20):
        data = random.Random(number).randbytes(_MIB)
        (project / f"data-{number:02}.bin").write_bytes(data * 51 + data[: _MIB // 5])
    numbers = itertools.count()

    def copy_and_hash() -> None:
        copy = workspace / "copies" / f"{next(numbers)}"
        _cp(project, copy)
        for path in sorted(copy.iterdir()):
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256").hexdigest()

    return Case(
        name="stage 1 GB in 20 files",
        bare_name="cp -r, then hashlib.file_digest, one thread",
        bare=_settled(copy_and_hash, emptied=workspace / "copies"),
        ours=_settled(lambda: _stage(project, workspace, 20), emptied=workspace / "runs"),
        limit=0.8,
        rounds=5,
    )


def _settled(work: Callable[[], object], *, emptied: Path | None = None) -> Side:
    """Return a side that begins when the disk has written all of what went before.

    Else the kernel makes whoever comes next wait for it, and by chance: a few rounds write more
    than it lets stand unwritten. For the same reason a case of few and big files empties the
    directory that it writes into: finding room in a memory full of copies takes longer than
    copying does.
    """
    side = timed(work)

    def settled() -> float:
        if emptied is not None:
            shutil.rmtree(emptied, ignore_errors=True)
            emptied.mkdir()
        os.sync()
        return side()

    return settled


def _make_sources(project: Path) -> None:
    """Make 10,000 files of 1 to 8 kB in 100 directories, which read like source code."""
    chance = random.Random(1)
    words = [b"import", b"def", b"train", b"model", b"return", b"for", b"in", b"range", b"\n   "]
    for directory in range(100):
        path = project / f"package_{directory:02}"
        path.mkdir(parents=True)
        for number in range(100):
            size = chance.randint(1000, 8000)
            text = b" ".join(chance.choices(words, k=size // 3))[:size]
            (path / f"module_{number:02}.py").write_bytes(text.ljust(size, b"#"))


def _cp(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)


def _stage(project: Path, workspace: Path, count: int) -> None:
    run = make_run(str(workspace / "runs"))
    opdef = OpDef("train", {"sourcecode": ["**/*"]})
    init_run_meta(run, OpRef("bench", "train"), opdef, {}, OpCmd(["true"], {}))
    stage_run(str(project), run)
    if os.path.getsize(os.path.join(run.meta_dir, "manifest")) < 70 * count:
        raise RuntimeError(f"{run.meta_dir}: not all files were staged")
