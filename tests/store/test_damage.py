"""Side-cars that were damaged in every way: listing never raises, hangs, or blames another run.

Each case takes one file of a real run and does one thing to it. Every reader is
asked: the store, the index, the rows of every report, the comparison with a run that is whole, the
frames, what `gage show` prints, the panel. By hand, `python -m tests.store.test_damage` goes on
with random cases until it is interrupted, or for so many seconds: `… test_damage 600`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.compare.difference import diff_runs
from gage._internal.errors import GageError
from gage._internal.index.runs import RunIndex
from gage._internal.metrics.series import metric_rows
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.reports import (
    difference_rows,
    file_rows,
    manifest_rows,
    meta_rows,
    output_rows,
    run_rows,
)
from gage._internal.store.store import list_runs
from gage._internal.types import STATUSES
from gage.cli.tables import print_run
from gage_nb import frames
from gage_nb.views.run_panel import static_html
from gage_nb.views.run_state import read_state
from gage_nb.views.run_text import static_text
from tests.making import ended
from tests.store.damages import DAMAGES, _with, assert_inert, damaged_file, overwrite

PROGRAM = (
    "import gage, sys\n"
    "print('loss: 0.5')\n"
    "sys.stderr.write('warning\\n')\n"
    "gage.log(acc=0.9, step=1)\n"
    "gage.progress(1, 2)\n"
    "open('made.txt', 'w').write('x')\n"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that is going to be damaged and one that stays whole."""
    home = tmp_path_factory.mktemp("original")
    for label in ("damaged", "whole"):
        run = ended(home, [sys.executable, "-c", PROGRAM])
        Path(run.meta_dir, "user").mkdir(exist_ok=True)
        Path(run.meta_dir, "user", "label").write_text(f'"{label}"\n')
    return home


def ids(home: Path) -> tuple[str, str]:
    """Return the ids of the run that is damaged and of the one that is whole."""
    whole, damaged = sorted(
        list_runs(str(home)), key=lambda run: run.timestamp("initialized") or 0, reverse=True
    )
    return damaged.id, whole.id


def files_of(home: Path, run_id: str) -> list[str]:
    meta_dir = home / f"{run_id}.meta"
    return sorted(str(path.relative_to(meta_dir)) for path in meta_dir.rglob("*") if path.is_file())


def ask_everything(home: Path, damaged_id: str, whole_id: str, *, in_frames: bool = True) -> None:
    """Ask every reader; nothing but an error of ours, for the damaged run, may come."""
    listed = {run.id: run for run in list_runs(str(home))}
    assert listed.keys() == {damaged_id, whole_id}
    rows = {row["id"]: row for row in run_rows(list(listed.values()))}
    indexed = {run.id: run for run in RunIndex(str(home)).select()}
    assert indexed.keys() == rows.keys() == listed.keys()
    assert rows[whole_id]["status"] == indexed[whole_id].status == "completed"
    assert rows[damaged_id]["status"] in STATUSES
    assert indexed[damaged_id].status == rows[damaged_id]["status"]
    assert rows[damaged_id]["status"] != "damaged" or rows[damaged_id]["reason"]
    damaged, whole = listed[damaged_id], listed[whole_id]
    diff_runs(damaged, whole)
    for ask in QUESTIONS:
        ask(whole)
    for ask in QUESTIONS + (FRAMES if in_frames else ()):
        # A frame warns of what it leaves out.
        with contextlib.suppress(GageError), warnings.catch_warnings(action="ignore"):
            ask(damaged)
    for view in VIEWS:
        assert_inert(view(damaged))


QUESTIONS: tuple[Callable[[RecordedRun], object], ...] = (
    lambda run: list(meta_rows(run)),
    lambda run: list(file_rows(run)),
    lambda run: list(manifest_rows(run)),
    lambda run: list(output_rows(run)),
    lambda run: list(difference_rows(run)),
    lambda run: list(metric_rows(run, lambda _: None)),
    lambda run: run.config,
    lambda run: run.label,
    lambda run: run.tags,
    lambda run: run.notes,
    lambda run: run.attrs,
    lambda run: run.last_lines(),
)

FRAMES: tuple[Callable[[RecordedRun], object], ...] = (
    frames.meta,
    frames.files,
    frames.manifest,
    frames.output,
    frames.metrics,
)


def printed(run: RecordedRun) -> str:
    """Return what `gage show` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_run(run)
    return out.getvalue()


# What shows a run, whatever is in its files.
VIEWS: tuple[Callable[[RecordedRun], str], ...] = (
    printed,
    lambda run: static_html(read_state(run)),
    lambda run: static_text(read_state(run)),
)


@pytest.mark.parametrize("act", list(DAMAGES))
def test_no_damage_of_a_file_costs_more_than_its_run(
    original: Path, tmp_path: Path, act: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(original, home)
    damaged_id, whole_id = ids(home)
    names = files_of(home, damaged_id)
    assert {"started", "config.json", "manifest", "output/40_run.index", "proc/exit"} <= {*names}

    for name in names:
        with damaged_file(home / f"{damaged_id}.meta" / name, DAMAGES[act]):
            ask_everything(home, damaged_id, whole_id, in_frames=False)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("config.json", "cut"),
        ("opdef.json", "other json"),
        ("started", "binary"),
        ("started", "digits"),
        ("proc/exit", "digits"),
        ("manifest", "missing"),
        ("proc/cmd", "pipe"),
    ],
)
def test_a_run_whose_record_is_not_whole_is_damaged(
    original: Path, tmp_path: Path, name: str, act: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(original, home)
    damaged_id, _ = ids(home)
    DAMAGES[act](home / f"{damaged_id}.meta" / name)

    (run,) = [run for run in list_runs(str(home)) if run.id == damaged_id]

    assert run.status == "damaged"
    assert name in run.full_status.reason


# Random damage, the same each time


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_costs_no_more_than_its_run(
    original: Path, tmp_path: Path, seed: int
) -> None:
    home = tmp_path / "home"
    shutil.copytree(original, home)
    damaged_id, whole_id = ids(home)
    name, act = random_case(files_of(home, damaged_id), seed)

    with damaged_file(home / f"{damaged_id}.meta" / name, act):
        ask_everything(home, damaged_id, whole_id)


def random_case(names: list[str], seed: int) -> tuple[str, Callable[[Path], None]]:
    """Return a file, and a function that changes some of its bytes or gives it others."""
    chosen = random.Random(seed)
    name = chosen.choice(names)
    if chosen.random() < 0.3:
        return name, _with(chosen.randbytes(chosen.randrange(300)))

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        for _ in range(chosen.randint(1, 4)):
            place = chosen.randrange(len(data) + 1)
            length = chosen.randrange(6)
            # Bytes that mean something in one of the formats.
            new = bytes(chosen.choices(b'{}[]",:\\ \n\0\x1b-1e9.#\xff\x9b', k=chosen.randrange(6)))
            data[place : place + length] = new
        overwrite(path, bytes(data))

    return name, change


def main(seconds: float) -> None:
    """Damage files at random for so long; print what a failure needs to be seen again."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as directory:
        original = Path(directory, "original")
        for _ in range(2):
            ended(original, [sys.executable, "-c", PROGRAM])
        damaged_id, whole_id = ids(original)
        names = files_of(original, damaged_id)
        for count in itertools.count():
            if time.monotonic() > end:
                print(f"{count} cases")
                return
            seed = random.randrange(2**32)
            name, act = random_case(names, seed)
            path = original / f"{damaged_id}.meta" / name
            with damaged_file(path, act):
                content = path.read_bytes()
                try:
                    ask_everything(original, damaged_id, whole_id)
                except BaseException:
                    print(f"seed {seed}: {name} holds {content!r}", flush=True)
                    raise


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else float("inf"))
