"""Directories of thousands of ended runs, made fast in the format of every run.

One run is recorded for real. Each of the others has a definition, times, a summary and facts of
its own, written by the functions that write those of every run, and hard links to the files of the
first run that are the same in all: its output, its log, what is recorded of the machine. By hand:

    python -m tests.many_runs DIRECTORY 10000
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import write_definition, write_timestamp
from gage._internal.running.facts import write_facts
from gage._internal.staging.staging import make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from tests.making import ended

__all__ = ["Values", "make_runs", "swept"]

# File systems allow so many names of a file: 65,000 on ext4.
_MOST_LINKS = 50_000
_SHARED = ("log", "output", "sys")
_PROGRAM = "print('loss: 0.5')\n"
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Values:
    """What one run has of its own.

    Attributes
    ----------
    config, metrics, attributes
        The configuration; the values of the summary.
    user
        The attributes of the user: `label`, `tags` and others.
    exit_code
        Above 0 for an error, below for a signal.
    age_us
        How long ago the run was made.
    duration_us
        From its start to its end.
    """

    config: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    operation: str = "train"
    exit_code: int = 0
    age_us: int = 0
    duration_us: int = 2 * _SECOND_US


def swept(number: int) -> Values:
    """Return the values of one run of a sweep: 10 of configuration, 10 metrics."""
    chosen = random.Random(number)
    config = {
        "lr": 10 ** chosen.uniform(-5, -1),
        "batch_size": 2 ** chosen.randint(4, 9),
        "dropout": chosen.randint(0, 5) / 10,
        "model.depth": chosen.randint(2, 12),
        "model.width": 2 ** chosen.randint(5, 10),
        "optimizer": chosen.choice(["adam", "sgd", "rmsprop"]),
        "augment": chosen.random() < 0.5,
        "seed": number % 5,
        "epochs": 90,
        "data": "imagenet",
    }
    metrics = {f"{name}_{part}": chosen.random() for name in _METRICS for part in ("train", "val")}
    user = {"label": chosen.choice(["base", "tuned"])} if number % 10 == 0 else {}
    exit_code = 1 if number % 50 == 7 else 0
    return Values(config, metrics, user=user, exit_code=exit_code, age_us=number * 60 * _SECOND_US)


_METRICS = ("loss", "accuracy", "precision", "recall", "f1")


def make_runs(
    home: Path | str, count: int, values: Callable[[int], Values] = swept, *, first: int = 0
) -> list[Run]:
    """Make ended runs, and return them; the first one is the newest.

    Parameters
    ----------
    values
        A function that returns the values of a run by its number, from `first`.
    """
    Path(home).mkdir(parents=True, exist_ok=True)
    shared: list[tuple[str, str]] = []
    now_us = time.time_ns() // 1000
    runs: list[Run] = []
    for number in range(first, first + count):
        if len(runs) % _MOST_LINKS == 0:
            shared = _shared_files(Path(home, ".shared", f"{number}-{os.getpid()}"))
        runs.append(_run(home, values(number), now_us, shared))
    return runs


def _shared_files(home: Path) -> list[tuple[str, str]]:
    """Record a run; return the files of it that others share, each with its path in a side-car."""
    run = ended(home, [sys.executable, "-c", _PROGRAM])
    return [
        (str(path), str(path.relative_to(run.meta_dir)))
        for name in _SHARED
        for path in sorted(Path(run.meta_dir, name).rglob("*"))
        if path.is_file() and path.name != "runner"
    ]


def _run(home: Path | str, values: Values, now_us: int, shared: list[tuple[str, str]]) -> Run:
    run = make_run(str(home))
    began_us = now_us - values.age_us
    opref = OpRef("test", values.operation)
    opdef, cmd = OpDef(values.operation, {}), OpCmd([sys.executable, "train.py"], {})
    write_definition(run, opref, opdef, values.config, cmd, lambda: began_us, {"user": values.user})
    for directory in {Path(run_meta_path(run, path)).parent for _, path in shared}:
        directory.mkdir(parents=True, exist_ok=True)
    for source, path in shared:
        os.link(source, run_meta_path(run, path))
    Path(run_meta_path(run, "manifest")).touch()
    summary = {"metrics": values.metrics, "attributes": values.attributes}
    Path(run_meta_path(run, "summary.json")).write_text(json.dumps(summary))
    Path(run_meta_path(run, "proc", "exit")).write_text(f"{values.exit_code}\n")
    write_timestamp(run, "staged", began_us)
    write_timestamp(run, "started", began_us)
    write_timestamp(run, "stopped", began_us + values.duration_us)
    write_facts(run, values.config, {})
    return run


if __name__ == "__main__":
    make_runs(sys.argv[1], int(sys.argv[2]))
