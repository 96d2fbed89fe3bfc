"""The manifest: one line for each file, and checking the files against it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import MetaError, RunStateError
from gage._internal.record.manifest import (
    Difference,
    HashWatch,
    append_manifest,
    encode,
    hash_file,
    hash_files,
    read_manifest,
    verify,
    write_manifest,
)
from gage._internal.types import ManifestEntry, Run

DIGEST = hashlib.sha256(b"").hexdigest()
PATHS = st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name).map(os.fsdecode)


def make_run(tmp_path: Path, files: dict[str, bytes]) -> Run:
    """A run with these files in its manifest."""
    run = Run("id", "name", str(tmp_path / "run"), str(tmp_path / "run.meta"))
    Path(run.meta_dir).mkdir()
    for name, data in files.items():
        path = Path(run.run_dir, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    entries = [
        ManifestEntry("s", hashlib.sha256(data).hexdigest(), name) for name, data in files.items()
    ]
    write_manifest(str(Path(run.meta_dir, "manifest")), entries)
    return run


def test_line_of_an_ordinary_name_is_plain() -> None:
    data = encode([ManifestEntry("s", DIGEST, "src/my train.py")])

    assert data == f"s {DIGEST} src/my train.py\n".encode()


@given(st.lists(PATHS, max_size=5))
def test_any_name_round_trips(tmp_path_factory: pytest.TempPathFactory, paths: list[str]) -> None:
    manifest = str(tmp_path_factory.mktemp("manifest") / "manifest")
    entries = [ManifestEntry("g", DIGEST, path) for path in paths]

    write_manifest(manifest, entries)

    assert read_manifest(manifest) == entries


def test_torn_last_line_is_dropped_and_replaced_by_the_next_append(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    first = ManifestEntry("s", DIGEST, "a")
    second = ManifestEntry("g", DIGEST, "b")
    manifest.write_bytes(encode([first]) + encode([second])[:-1])

    assert read_manifest(str(manifest)) == [first]
    append_manifest(str(manifest), [second])

    assert read_manifest(str(manifest)) == [first, second]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("s", id="one-word"),
        pytest.param(f"s {DIGEST}", id="no-path"),
        pytest.param(f"source {DIGEST} a", id="long-type"),
        pytest.param(f"s {DIGEST[1:]} a", id="short-digest"),
        pytest.param(f's {DIGEST} "a', id="open-quote"),
        pytest.param(f"s {DIGEST} a\0b", id="null"),
        pytest.param(f's {DIGEST} "a\\000b"', id="quoted-null"),
    ],
)
def test_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "manifest"
    manifest.write_text(f"s {DIGEST} ok\n{line}\n")

    with pytest.raises(MetaError, match=r"manifest:2: expected 'TYPE SHA256 PATH'"):
        read_manifest(str(manifest))


def test_no_manifest_has_no_entries(tmp_path: Path) -> None:
    assert read_manifest(str(tmp_path / "manifest")) == []


@pytest.mark.parametrize("size", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3_000_000])
def test_file_is_hashed(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)

    assert hash_file(str(tmp_path / "file")) == hashlib.sha256(data).hexdigest()


MB = 1 << 20


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ({}, 3 * MB),
        ({0: b"begin"}, 5 * MB),
        ({2 * MB: b"middle"}, 5 * MB + 17),
        ({5 * MB: b"end"}, 5 * MB + 3),
        ({0: b"x" * MB, 3 * MB + 5: b"y" * MB, 9 * MB - 1: b"z"}, 12 * MB),
        ({1: b"\1" * 300_000}, 300_001),
    ],
    ids=["nothing", "begin", "middle", "end", "several", "no hole"],
)
def test_a_file_with_holes_has_the_digest_of_its_bytes(
    tmp_path: Path, written: dict[int, bytes], size: int
) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        for place, data in written.items():
            file.seek(place)
            file.write(data)
        file.truncate(size)

    assert hash_file(str(path)) == hashlib.sha256(path.read_bytes()).hexdigest()


class Ending(HashWatch):
    """Ends hashing after so many questions; counts what it is told."""

    def __init__(self, questions: int) -> None:
        self.left = questions
        self.size_bytes = self.files = 0

    def is_stopped(self) -> bool:
        self.left -= 1
        return self.left < 0

    def hashed(self, size_bytes: int, files: int = 0) -> None:
        self.size_bytes += size_bytes
        self.files += files


def test_a_watch_is_told_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * 10)
    (tmp_path / "big").write_bytes(b"x" * 2 * MB)
    os.truncate(tmp_path / "big", 7 * MB)
    watch = Ending(1_000_000)

    hash_files(str(tmp_path), ["small", "big"], watch)

    assert (watch.files, watch.size_bytes) == (2, 7 * MB + 10)


@pytest.mark.parametrize("questions", [0, 1, 3, 4])
def test_what_was_not_hashed_completely_has_no_digest(tmp_path: Path, questions: int) -> None:
    names = ["one", "two", "big"]
    for name in names[:2]:
        (tmp_path / name).write_bytes(b"x" * 10)
    (tmp_path / "big").write_bytes(b"x" * 2 * MB)

    digests = hash_files(str(tmp_path), names, Ending(questions))

    assert list(digests) == names[: min(questions, 2)]


def test_files_are_hashed_and_absent_ones_left_out(tmp_path: Path) -> None:
    contents = {f"{number}": bytes([number]) * number * 200_000 for number in range(8)}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)

    digests = hash_files(str(tmp_path), [*contents, "absent"])

    assert digests == {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a regular file"):
        hash_file(str(tmp_path / "pipe"))


def test_unchanged_run_has_no_differences(tmp_path: Path) -> None:
    run = make_run(tmp_path, {"a.py": b"1", "data/big": bytes(2_000_000)})

    assert verify(run) == []


def test_differences_are_found(tmp_path: Path) -> None:
    run = make_run(tmp_path, {"changed": b"1", "gone": b"2", "same": b"3"})
    Path(run.run_dir, "changed").write_bytes(b"x")
    Path(run.run_dir, "gone").unlink()
    Path(run.run_dir, "new\n").write_bytes(b"y")

    differences = verify(run)

    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    assert differences == [
        Difference("changed", "changed", digest(b"1"), digest(b"x")),
        Difference("missing", "gone", digest(b"2"), None),
        Difference("added", "new\n", None, digest(b"y")),
    ]


def test_every_file_is_missing_where_the_run_directory_is_gone(tmp_path: Path) -> None:
    run = make_run(tmp_path, {"a": b""})
    Path(run.run_dir, "a").unlink()
    Path(run.run_dir).rmdir()

    assert verify(run) == [Difference("missing", "a", DIGEST, None)]


def test_file_that_became_a_pipe_is_changed(tmp_path: Path) -> None:
    run = make_run(tmp_path, {"a": b""})
    Path(run.run_dir, "a").unlink()
    os.mkfifo(Path(run.run_dir, "a"))

    assert verify(run) == [Difference("changed", "a", DIGEST, None)]


def test_run_that_is_not_staged_cannot_be_verified(tmp_path: Path) -> None:
    run = Run("id", "kafom-fikud", str(tmp_path / "run"), str(tmp_path / "run.meta"))

    with pytest.raises(RunStateError, match="kafom-fikud is not staged"):
        verify(run)
