"""What runs take on the disk: files with several names once, and what would become free."""

from __future__ import annotations

import os
from pathlib import Path

import gage
from gage._internal.store.space import Usage, disk_usage
from gage._internal.store.trash import delete_run
from tests.making import ended

MB = 1 << 20


def filled(path: Path) -> int:
    """Write a megabyte that takes its room; return that room."""
    with path.open("wb") as file:
        file.write(os.urandom(MB))
        os.fsync(file.fileno())  # some file systems give room only then
    return path.stat().st_blocks * 512


def by_name(found: list[Usage]) -> dict[str, Usage]:
    return {usage.name: usage for usage in found}


def test_nothing_takes_nothing(tmp_path: Path) -> None:
    assert disk_usage(str(tmp_path / "none")) == [Usage("total", "", "", 0, 0, 0)]


def test_the_largest_comes_first_and_the_total_last(tmp_path: Path) -> None:
    small, large = ended(tmp_path), ended(tmp_path)
    room = filled(Path(large.run_dir, "big"))
    (tmp_path / "notes.txt").write_text("mine")

    *found, total = disk_usage(str(tmp_path))

    assert [usage.name for usage in found] == [large.name, small.name, "notes.txt"]
    assert [usage.kind for usage in found] == ["run", "run", "other"]
    assert found[0].operation == "op"
    assert found[0].size_bytes > MB > found[1].size_bytes
    assert found[0].disk_bytes == found[0].freed_bytes >= room
    assert total.kind == "total"
    assert total.size_bytes == sum(usage.size_bytes for usage in found)
    assert total.disk_bytes == sum(usage.disk_bytes for usage in found)


def test_a_file_with_several_names_takes_its_room_once(tmp_path: Path) -> None:
    first, second = ended(tmp_path), ended(tmp_path)
    room = filled(Path(first.run_dir, "big"))
    os.link(Path(first.run_dir, "big"), Path(first.run_dir, "again"))
    os.link(Path(first.run_dir, "big"), Path(second.run_dir, "big"))

    *found, total = disk_usage(str(tmp_path))
    one, other = by_name(found)[first.name], by_name(found)[second.name]

    assert one.size_bytes > 2 * MB
    assert room <= one.disk_bytes < 2 * room
    assert other.disk_bytes >= room
    assert one.freed_bytes < room  # the other run still uses it
    assert one.disk_bytes + other.disk_bytes - room == total.disk_bytes == total.freed_bytes


def test_a_sparse_file_takes_little(tmp_path: Path) -> None:
    run = ended(tmp_path)
    with Path(run.run_dir, "sparse").open("wb") as file:
        file.truncate(1 << 30)

    usage = disk_usage(str(tmp_path))[0]

    assert usage.size_bytes > 1 << 30
    assert usage.disk_bytes < 1 << 29


def test_deleted_runs_batches_and_links_count(
    project: Path, runs_home: Path, tmp_path: Path
) -> None:
    (project / "train.py").write_text("lr = 0.1\n")
    batch = gage.run_batch("train.py", {"lr": [0.1, 0.2]})
    deleted = delete_run(gage.runs()[0])
    outside = tmp_path / "outside"
    outside.mkdir()
    filled(outside / "big")
    Path(gage.runs()[0].run_dir, "link").symlink_to(outside)

    found = by_name(disk_usage(str(runs_home)))

    assert (found[batch.name].kind, found[deleted.name].kind) == ("batch", "trash")
    assert found[gage.runs()[0].name].size_bytes < MB
    assert [usage.row for usage in gage.du()] == [usage.row for usage in disk_usage(str(runs_home))]
