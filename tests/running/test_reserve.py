"""The reserve: its room is there for what has to be written when the disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.running.reserve import Reserve


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
