"""The reserve: its room is there for what has to be written when the disk is full."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.process.command import supervisor_command
from gage._internal.record.reading import read_text
from gage._internal.record.status import live_processes, read_status
from gage._internal.running.reserve import Reserve
from gage._internal.running.runner import start_run
from gage._internal.types import Run
from tests.disks import small_disk
from tests.running.runs import PYTHON, by_stream, ended, log_of, output, text_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reserve"


@pytest.fixture
def reserve(path: Path) -> Reserve:
    reserve = Reserve(str(path), 64 << 10)
    reserve.write()
    return reserve


def failing(times: int, code: int) -> Callable[[], None]:
    """Return a write to a disk that fails so often."""
    left = [None] * times

    def write() -> None:
        if left:
            left.pop()
            raise OSError(code, os.strerror(code))

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_write_that_finds_no_room_gets_a_part_of_it(
    path: Path, reserve: Reserve, code: int
) -> None:
    reserve.with_room(failing(1, code))

    assert path.stat().st_size == 56 << 10


def test_a_write_that_fails_for_another_reason_costs_nothing(path: Path, reserve: Reserve) -> None:
    with pytest.raises(PermissionError):
        reserve.with_room(failing(1, errno.EACCES))

    assert path.stat().st_size == 64 << 10


def test_a_write_that_finds_no_room_twice_fails(reserve: Reserve) -> None:
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room(failing(2, errno.ENOSPC))


def test_what_was_freed_is_taken_again(path: Path, reserve: Reserve) -> None:
    reserve.free(1 << 20)
    emptied = path.stat().st_size

    reserve.refill()

    assert emptied == 0
    assert path.stat().st_size == 64 << 10


def test_a_reserve_that_was_not_needed_is_not_written_again(path: Path, reserve: Reserve) -> None:
    before = path.read_bytes()

    reserve.refill()

    assert path.read_bytes() == before


def test_without_its_file_nothing_goes_wrong(path: Path, reserve: Reserve) -> None:
    reserve.release()
    reserve.release()
    reserve.free(1)

    reserve.with_room(failing(1, errno.ENOSPC))

    assert not path.exists()


def spares(path: Path) -> int:
    return len(list(path.parent.glob("reserve.*")))


def test_each_write_that_finds_no_room_gets_a_file_too(path: Path, reserve: Reserve) -> None:
    for left in range(7, -1, -1):
        reserve.with_room(failing(1, errno.ENOSPC))
        assert spares(path) == left

    reserve.with_room(failing(1, errno.ENOSPC))
    reserve.refill()
    assert spares(path) == 8


def test_nothing_is_left_of_it(path: Path, reserve: Reserve) -> None:
    reserve.release()

    assert list(path.parent.iterdir()) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    with small_disk(tmp_path / "disk", "size=2m") as path:
        yield path


def test_a_full_disk_ends_a_run_with_its_reason(staged: Callable[..., Run], disk: Path) -> None:
    text = "while True: print('x' * 99, flush=True)"
    run = staged([PYTHON, "-c", text], home=disk)
    start_run(run)
    ended(run)
    status = read_status(run)
    assert status.name in {"error", "terminated"}
    assert read_text(run, "stopped") is not None
    assert "No space left on device" in (read_text(run, "proc", "reason") or "")
    assert "No space left on device" in log_of(run)
    data = text_of(run)
    printed, _ = by_stream(run)  # what the command said as it was stopped may have had room
    assert len(printed) > 1_000_000
    assert printed == ((b"x" * 99 + b"\n") * 30_000)[: len(printed)]
    assert b"".join(line.data for line in output(run).lines()) == data
    assert output(run).line_count == data.count(b"\n") + (not data.endswith(b"\n"))


def test_a_run_that_fills_the_disk_with_files_is_recorded(
    staged: Callable[..., Run], disk: Path
) -> None:
    text = "import sys\nwith open('big', 'wb') as file:\n    while True: file.write(b'x' * 4096)"
    run = staged([PYTHON, "-c", text], home=disk)
    start_run(run)
    # It fails by itself or, when it comes to printing that, is stopped.
    assert ended(run) in {("error", 1), ("terminated", -2)}
    assert b"No space left on device" in text_of(run)
    assert not live_processes(run)


def test_a_full_disk_refuses_a_start_and_leaves_the_run_staged(
    staged: Callable[..., Run], disk: Path
) -> None:
    run = staged("echo hi", home=disk)
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * 4_000_000)
    done = subprocess.run(
        supervisor_command(run.meta_dir), stdout=subprocess.PIPE, check=False, text=True
    )
    assert done.stdout.startswith("refused ")
    assert "No space left" in done.stdout
    assert read_status(run).name == "staged"
    filler.unlink()
    start_run(run)
    assert ended(run) == ("completed", 0)
