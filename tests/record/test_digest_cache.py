"""Digests of big files are kept, and used as long as the file is the same."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gage._internal.record.digest_cache import DigestCache
from gage._internal.record.manifest import hash_file

DATA = b"some data\n"
OTHER = b"other one\n"


@pytest.fixture
def cache(home: Path) -> Path:
    """The file of the cache, which does not exist yet."""
    return home / ".cache" / "gage" / "digests"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "odd\nname \udcff"
    path.write_bytes(DATA)
    return path


def digest_of(path: Path) -> str:
    with DigestCache() as cache:
        return cache.digest(str(path), path.stat())


def test_a_digest_is_kept_with_the_state_of_its_file(cache: Path, file: Path) -> None:
    found = digest_of(file)

    assert found == hashlib.sha256(DATA).hexdigest() == hash_file(str(file))
    (line,) = cache.read_bytes().splitlines()
    info = file.stat()
    expected = f"{found} {info.st_size} {info.st_mtime_ns} {info.st_ino} "
    assert line.startswith(expected.encode())


def test_a_file_that_is_the_same_is_not_read_again(cache: Path, file: Path) -> None:
    first, before = digest_of(file), file.stat()
    with file.open("r+b") as opened:  # what nobody can see from outside
        opened.write(OTHER)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert digest_of(file) == first


def test_a_file_that_has_changed_is_read_again(cache: Path, file: Path) -> None:
    digest_of(file)
    file.write_bytes(OTHER)
    os.utime(file, ns=(0, 5_000_000_000))

    assert digest_of(file) == hashlib.sha256(OTHER).hexdigest()
    assert digest_of(file) == hashlib.sha256(OTHER).hexdigest()
    assert len(cache.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    "damage", [b"", b"\n\n", b"x" * 64 + b" 1 2\n", b"\xff" * 100 + b"\n", b"0" * 64 + b" 1 2 3 \\"]
)
def test_a_damaged_cache_costs_reading_only(cache: Path, file: Path, damage: bytes) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(damage)

    assert digest_of(file) == hashlib.sha256(DATA).hexdigest()


def test_a_cache_that_cannot_be_written_is_done_without(cache: Path, file: Path) -> None:
    cache.parent.parent.mkdir(parents=True)
    cache.parent.write_text("a file in the place of the directory")

    assert digest_of(file) == hashlib.sha256(DATA).hexdigest()


def test_a_missing_file_is_an_error(cache: Path, file: Path) -> None:
    info = file.stat()
    file.unlink()

    with DigestCache() as digests, pytest.raises(FileNotFoundError):
        digests.digest(str(file), info)

    assert not cache.exists()
