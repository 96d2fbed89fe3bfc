"""Side-cars that were damaged in every way: listing never raises, hangs, or blames another run.

Each case takes one file of a real run and does one thing to it. Every reader is asked: the store,
the index, the rows of every report, and the comparison with a run that is whole. By hand:
`python -m tests.store.test_damage SECONDS` goes on with random cases.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


def ask_everything(home: Path, damaged_id: str, whole_id: str) -> None:
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
        with contextlib.suppress(GageError):
            ask(damaged)
        ask(whole)


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
            ask_everything(home, damaged_id, whole_id)


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


def main(seconds: float) -> None:
    """Damage files at random for so long; print what a failure needs to be seen again."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as directory:
        original = Path(directory, "original")
        for _ in range(2):
            ended(original, [sys.executable, "-c", PROGRAM])
        damaged_id, whole_id = ids(original)
        names = files_of(original, damaged_id)
        count = 0
        while time.monotonic() < end:
            seed = random.randrange(2**32)
            chosen = random.Random(seed)
            name, data = chosen.choice(names), bytearray(chosen.randbytes(chosen.randrange(200)))
            try:
                with damaged_file(original / f"{damaged_id}.meta" / name, _with(bytes(data))):
                    ask_everything(original, damaged_id, whole_id)
            except BaseException:
                print(f"seed {seed}: {name} holds {bytes(data)!r}", flush=True)
                raise
            count += 1
    print(f"{count} cases")


if __name__ == "__main__":
    main(float(sys.argv[1]))
