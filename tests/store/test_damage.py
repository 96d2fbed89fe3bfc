"""Side-cars that were damaged in every way: listing never raises, hangs, or blames another run.

Each case takes one file of a real run, or of a batch, and does one thing to it. Every reader is
asked: the store, the index, the rows of every report, the comparison with a run that is whole, the
frames, what `gage show` prints, the panel. By hand, `python -m tests.store.test_damage` goes on
with random cases until it is interrupted, or for so many seconds: `… test_damage 600`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import random
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch, batch_listing, list_batches
from gage._internal.batch.state import BatchReader
from gage._internal.batch.state_text import batch_text
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
from gage_nb.views.batch_panel import batch_html
from gage_nb.views.run_panel import static_html
from gage_nb.views.run_state import read_state
from gage_nb.views.run_text import static_text
from tests.making import ended

PROGRAM = (
    "import gage, sys\n"
    "print('loss: 0.5')\n"
    "sys.stderr.write('warning\\n')\n"
    "gage.log(acc=0.9, step=1)\n"
    "gage.progress(1, 2)\n"
    "open('made.txt', 'w').write('x')\n"
)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(target: str) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return act


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _with(data: bytes) -> Callable[[Path], None]:
    return lambda path: _write(path, data)


def _write(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def _cut(path: Path) -> None:
    _write(path, path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), 7):
        data[place] ^= 0x55
    _write(path, bytes(data))


def _huge(path: Path) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(200_000_000)  # sparse


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "empty": _with(b""),
    "cut": _cut,
    "flipped": _flip,
    "binary": _with(bytes(range(256)) * 8),
    "deep": _with(b"[" * 200_000),
    "deep object": _with(b'{"a":' * 200_000),
    "digits": _with(b"9" * 30 + b"\n"),
    "other json": _with(b'[1, {"x": null}]\n'),
    "long line": _with(b"x" * 2_000_000),
    "lines": _with(b"\n" * 100_000),
    "huge": _huge,
    "pipe": _pipe,
    "endless": _link("/dev/zero"),
    "loop": _link("loop"),
    "directory": _directory,
}


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


def assert_inert(text: str) -> None:
    """Nothing in a text is obeyed by a terminal, or cannot be encoded."""
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@contextlib.contextmanager
def damaged_file(path: Path, act: Callable[[Path], None]) -> Iterator[None]:
    """Do something to a file, and have it back as it was."""
    kept = path.with_name(f"{path.name}.tmp")
    shutil.copy2(path, kept)
    act(path)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        kept.rename(path)


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
        _write(path, bytes(data))

    return name, change


# Batches


@pytest.fixture(scope="module")
def batch_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two batches; the first is going to be damaged."""
    directory = tmp_path_factory.mktemp("batches")
    (directory / "train.py").write_text("lr = 0.0\nprint('loss:', lr)\n")
    for values in ([0.1, 0.2], [1.5, 2.5]):
        gage.run("train.py", {"lr": values[0]}, directory=str(directory), runs_home=str(directory))
        rows = [{"lr": value} for value in values]
        run_batch("train.py", rows=rows, directory=str(directory), runs_home=str(directory))
    return directory


def ask_about_batches(home: Path, damaged_id: str) -> None:
    """Ask every reader of batches; nothing but an error of ours may come."""
    rows = {row["id"]: row for row in batch_listing(str(home))}
    assert len(rows) == 2
    assert all(row["trials"] == "2 completed" for key, row in rows.items() if key != damaged_id)
    for row in rows.values():
        str(row).encode()
    list_batches(str(home))
    with contextlib.suppress(GageError):
        batch = Batch(str(home), damaged_id)
        for ask in BATCH_QUESTIONS:
            with contextlib.suppress(GageError):
                ask(batch)
        state = BatchReader(batch=batch).read()
        for text in (batch_html(state), batch_text(state)):
            assert_inert(text)
    assert len(list_runs(str(home))) == 6


BATCH_QUESTIONS: tuple[Callable[[Batch], object], ...] = (
    lambda batch: batch.rows(),
    lambda batch: batch.counts(),
    lambda batch: batch.objective and batch.best(),
    lambda batch: batch.notes,
    lambda batch: batch.trials,
    lambda batch: batch.running,
    lambda batch: batch.check(),
    repr,
)


def batch_files(home: Path) -> tuple[str, list[str]]:
    """Return the id of the older batch and its files."""
    batch = list_batches(str(home))[-1]
    directory = home / ".batches" / batch.id
    names = [path.relative_to(directory) for path in directory.rglob("*") if path.is_file()]
    return batch.id, sorted(map(str, names))


@pytest.mark.parametrize("act", list(DAMAGES))
def test_no_damage_of_a_batch_costs_more_than_the_batch(batch_home: Path, act: str) -> None:
    batch_id, names = batch_files(batch_home)
    assert {"plan.json", "trials", "start.json"} <= {*names}

    for name in names:
        with damaged_file(batch_home / ".batches" / batch_id / name, DAMAGES[act]):
            ask_about_batches(batch_home, batch_id)


def test_a_batch_without_its_plan_is_listed_as_damaged(batch_home: Path) -> None:
    batch_id, _ = batch_files(batch_home)

    with damaged_file(batch_home / ".batches" / batch_id / "plan.json", DAMAGES["empty"]):
        (row,) = [row for row in batch_listing(str(batch_home)) if row["id"] == batch_id]

    assert row["trials"].startswith("damaged: ")
    assert "plan.json" in row["trials"]


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
