"""Files are copied as they are, hashed on the way, and as a whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gage._internal.errors import GageError, StoreError
from gage._internal.sources.copying import Copied, copy_candidates, copy_files
from tests.disks import small_disk

MIB = 1 << 20
NAMES = (
    st.binary(min_size=1, max_size=255)
    .filter(lambda name: b"/" not in name and b"\0" not in name and name not in {b".", b".."})
    .map(os.fsdecode)
)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """The directory that is copied from."""
    path = tmp_path / "src"
    path.mkdir()
    return path


@pytest.fixture
def dst(tmp_path: Path) -> Path:
    """The directory that is copied to."""
    path = tmp_path / "dst"
    path.mkdir()
    return path


@pytest.mark.parametrize("size", [0, 1, 5000, MIB, MIB + 1, 3 * MIB + 7])
def test_copy_has_content_time_and_digest(src: Path, dst: Path, size: int) -> None:
    data = os.urandom(size)
    (src / "file").write_bytes(data)
    os.utime(src / "file", ns=(1, 1_600_000_000_123_456_789))

    copied = copy_files(str(src), str(dst), ["file"])

    digest = hashlib.sha256(data).hexdigest()
    assert copied == [Copied("file", size, 1_600_000_000_123_456, digest)]
    assert (dst / "file").read_bytes() == data
    assert (dst / "file").stat().st_mtime_ns // 1000 == 1_600_000_000_123_456


@pytest.mark.parametrize("size", [10, 2 * MIB], ids=["small", "big"])
@pytest.mark.parametrize(
    ("mode", "read_only", "expected"),
    [
        (0o644, False, 0o644),
        (0o755, False, 0o755),
        (0o600, True, 0o444),
        (0o755, True, 0o555),
    ],
)
def test_executable_bits_are_kept(
    src: Path, dst: Path, size: int, mode: int, read_only: bool, expected: int
) -> None:
    (src / "file").write_bytes(bytes(size))
    (src / "file").chmod(mode)
    before = os.umask(0o022)

    try:
        copy_files(str(src), str(dst), ["file"], read_only=read_only)
    finally:
        os.umask(before)

    assert stat.S_IMODE((dst / "file").stat().st_mode) == expected


@settings(max_examples=50)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_any_name_is_copied(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    src, dst = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("dst")
    paths = [f"below/{name}" for name in names]
    (src / "below").mkdir()
    for path in paths:
        (src / path).write_bytes(os.fsencode(path))

    copied = copy_files(str(src), str(dst), paths)

    assert [file.path for file in copied] == sorted(paths)
    assert names_in(dst / "below") == sorted(names)


def test_link_is_copied_as_what_it_points_to(src: Path, dst: Path) -> None:
    (src / "target").write_bytes(b"x")
    (src / "link").symlink_to("target")

    copy_files(str(src), str(dst), ["link"])

    assert not (dst / "link").is_symlink()
    assert (dst / "link").read_bytes() == b"x"


def test_all_faults_are_collected_and_the_rest_copied(src: Path, dst: Path) -> None:
    (src / "good").write_bytes(b"x")
    (src / "directory").mkdir()
    os.mkfifo(src / "pipe")
    (dst / "there").write_bytes(b"old")
    (src / "there").write_bytes(b"new")

    with pytest.raises(GageError) as caught:
        copy_files(str(src), str(dst), ["absent", "directory", "good", "pipe", "there"])

    text = str(caught.value)
    assert "cannot copy 4 files of" in text
    assert "absent: No such file" in text
    assert "directory: Is a directory" in text
    assert "pipe: not a regular file" in text
    assert "there: File exists" in text
    assert (dst / "good").read_bytes() == b"x"
    assert (dst / "there").read_bytes() == b"old"
    assert names_in(dst) == ["good", "there"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices")
def test_device_is_not_copied(dst: Path) -> None:
    with pytest.raises(GageError, match="not a regular file"):
        copy_files("/dev", str(dst), ["zero"])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_file_that_claims_no_size_is_read_to_its_end(dst: Path) -> None:
    copied = copy_files("/proc/self", str(dst), ["cmdline"])

    data = (dst / "cmdline").read_bytes()
    assert len(data) == copied[0].size_bytes > 0
    assert copied[0].digest == hashlib.sha256(data).hexdigest()


def test_only_what_is_accepted_is_copied(src: Path, dst: Path) -> None:
    (src / "a").write_bytes(b"yes")
    (src / "b").write_bytes(b"no")
    (src / "c").write_bytes(b"yes" * MIB)
    (src / "d").write_bytes(b"no" * MIB)

    def candidates() -> Iterator[tuple[str, object]]:
        for name in "abcd":
            yield name, lambda head: head.startswith(b"yes")

    copied, faults = copy_candidates(str(src), str(dst), candidates())  # type: ignore[arg-type]

    assert [file.path for file in copied] == ["a", "c"]
    assert not faults
    assert names_in(dst) == ["a", "c"]


@pytest.mark.parametrize("size", [400_000, 3 * MIB], ids=["small", "big"])
def test_digest_is_of_what_was_written_when_the_source_changes(
    src: Path, dst: Path, size: int
) -> None:
    names = [f"{number}" for number in range(8)]
    for name in names:
        (src / name).write_bytes(bytes(size))
    program = (
        "import os, sys\n"
        "files = [open(path, 'r+b') for path in sys.argv[1:]]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for file in files:\n"
        "        file.seek(0)\n"
        "        file.write(os.urandom(1000) * 400)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, *(str(src / name) for name in names)],
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()

        copied = copy_files(str(src), str(dst), names)

        writer.kill()
    assert [file.digest for file in copied] == [
        hashlib.sha256((dst / name).read_bytes()).hexdigest() for name in names
    ]


@pytest.mark.parametrize("size", [500_000, 3 * MIB], ids=["small", "big"])
def test_full_disk_names_file_and_room_and_leaves_no_part(
    src: Path, full_disk: Path, size: int
) -> None:
    names = [f"{number}" for number in range(10)]
    for name in names:
        (src / name).write_bytes(os.urandom(size))

    with pytest.raises(StoreError, match=r"bytes, \d+ are free") as caught:
        copy_files(str(src), str(full_disk), names)

    assert f"expected {size} bytes" in str(caught.value)
    assert "GAGE_RUNS" in str(caught.value)
    assert all(path.stat().st_size == size for path in full_disk.iterdir())


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    with small_disk(tmp_path / "disk", "size=4m") as path:
        yield path


def test_interrupt_while_copying_leaves_no_part(
    src: Path, dst: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (src / "big").write_bytes(bytes(3 * MIB))
    write = os.write

    def interrupted(fd: int, data: bytes) -> int:
        write(fd, data[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copy_files(str(src), str(dst), ["big"])

    assert names_in(dst) == []


def test_error_of_the_disk_keeps_its_number(
    src: Path, dst: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (src / "file").write_bytes(b"x")

    def broken(fd: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(GageError, match="file: Input/output error") as caught:
        copy_files(str(src), str(dst), ["file"])

    assert isinstance(caught.value.__cause__, OSError)
    assert names_in(dst) == []
