"""The end of a run is complete, also when it takes two attempts."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gage._internal.errors import StoreError
from gage._internal.process.identity import decode_identity, is_alive
from gage._internal.record.file_log import FileEvent, append_events, read_events, scan_files
from gage._internal.record.manifest import hash_file, read_manifest, verify
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import read_status
from gage._internal.running.finalize import finalize_run, make_read_only
from gage._internal.running.runner import start_run
from gage._internal.store.trash import delete_run, purge_run
from gage._internal.types import Run
from tests.making import ended, meta, staged, wait_until


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return staged(tmp_path)


def write(run: Run, path: str, text: str = "x") -> Path:
    full_path = Path(run.run_dir, path)
    full_path.parent.mkdir(parents=True, exist_ok=True)
    full_path.write_text(text)
    return full_path


def unread(path: Path) -> tuple[int, ...]:
    """Return what is known of a file but for the time of its last reading."""
    info = path.stat()
    return info.st_ino, info.st_mode, info.st_size, info.st_mtime_ns


def paths(run: Run) -> list[tuple[str, str]]:
    return [(entry.type, entry.path) for entry in read_manifest(str(meta(run, "manifest")))]


def test_what_the_run_made_is_logged_hashed_and_closed(run: Run) -> None:
    made = write(run, "out/model.bin", "weights")

    finalize_run(run, 0)

    assert [(event.event, event.type, event.path) for event in read_events(run)] == [
        ("a", "g", "out/model.bin")
    ]
    entries = read_manifest(str(meta(run, "manifest")))
    assert [(entry.type, entry.path) for entry in entries] == [("g", "out/model.bin")]
    assert entries[0].digest == hash_file(str(made))
    assert stat.S_IMODE(made.stat().st_mode) & 0o222 == 0
    assert verify(run) == []


@pytest.mark.parametrize(
    ("exit_code", "reason", "name", "told"),
    [
        (0, "", "completed", ""),
        (1, "", "error", "exit code 1"),
        (-15, "", "terminated", "ended by signal SIGTERM"),
        (None, "", "terminated", "exit code not known"),
        (1, "no room\nat all", "error", "no room\nat all"),
    ],
    ids=["completed", "error", "terminated", "unknown", "reason"],
)
def test_the_end_is_recorded(
    run: Run, exit_code: int | None, reason: str, name: str, told: str
) -> None:
    finalize_run(run, exit_code, reason)

    status = read_status(run)
    assert (status.name, status.reason, status.exit_code) == (name, told, exit_code)
    assert read_timestamp(run, "stopped") is not None


def test_a_second_call_changes_nothing(run: Run) -> None:
    finalize_run(run, 0)
    before = {path: path.read_bytes() for path in Path(run.meta_dir).rglob("*") if path.is_file()}

    finalize_run(run, 1, "other")

    after = {path: path.read_bytes() for path in Path(run.meta_dir).rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("torn", ["", "g 01234", "g"], ids=["whole", "torn", "torn-early"])
def test_a_second_attempt_adds_what_the_first_one_logged(run: Run, torn: str) -> None:
    """Whoever finalised was killed between the log and the end of the manifest."""
    for name in ("a", "b", "c"):
        write(run, name)
    found = scan_files(run.run_dir)
    append_events(run, [FileEvent("a", "g", found[name].modified_us, name) for name in ("a", "b")])
    first = f"g {hash_file(str(Path(run.run_dir, 'a')))} a\n"
    meta(run, "manifest").write_text(first + torn)

    finalize_run(run, 0)

    assert paths(run) == [("g", "a"), ("g", "b"), ("g", "c")]
    assert len(read_events(run)) == 3
    assert verify(run) == []


def test_a_file_that_changed_between_two_attempts_has_its_last_digest(run: Run) -> None:
    write(run, "a", "old")
    append_events(run, [FileEvent("a", "g", 1, "a")])
    meta(run, "manifest").write_text(f"g {'0' * 64} a\n")

    finalize_run(run, 0)

    assert verify(run) == []


def test_what_the_manifest_cannot_hold_is_noted(run: Run) -> None:
    os.mkfifo(Path(run.run_dir, "a\npipe"))
    Path(run.run_dir, "link").symlink_to("nowhere")

    finalize_run(run, 0)

    assert paths(run) == []
    assert read_notes(run) == [
        'Not in the manifest, not a regular file: "a\\npipe"',
        "Not in the manifest, not a regular file: link",
    ]


def test_changed_and_deleted_staged_files_are_noted(project: Path, tmp_path: Path) -> None:
    (project / "a").write_text("x")
    (project / "b c").write_text("x")
    run = staged(tmp_path / "runs", data={}, project=project)
    for name in ("a", "b c"):
        Path(run.run_dir, name).unlink()
    write(run, "a", "changed")

    finalize_run(run, 0)

    assert read_notes(run) == [
        "The run changed a staged file: a",
        "The run deleted a staged file: b c",
    ]
    assert [(entry.type, entry.path) for entry in read_manifest(str(meta(run, "manifest")))] == [
        ("s", "a"),
        ("s", "b c"),
        ("g", "a"),
    ]
    assert verify(run) == []


def test_what_happens_to_staged_files_after_the_run_is_found(project: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (project / name).write_text("x")
    run = staged(tmp_path / "runs", data={}, project=project)
    Path(run.run_dir, "a").unlink()
    write(run, "a", "changed by the run")
    finalize_run(run, 0)

    Path(run.run_dir, "a").unlink()
    write(run, "a", "changed afterwards")
    Path(run.run_dir, "b").unlink()

    assert [(item.kind, item.path) for item in verify(run)] == [
        ("changed", "a"),
        ("missing", "b"),
    ]


def test_a_finalize_command_that_is_not_there_fails_the_run_and_nothing_else(
    tmp_path: Path,
) -> None:
    run = staged(tmp_path, data={"exec": {"finalize-run": ["no-such"]}})
    write(run, "made")

    finalize_run(run, 0)

    status = read_status(run)
    assert (status.name, status.exit_code) == ("error", 127)
    assert "finalize-run failed with exit code 127" in status.reason
    assert paths(run) == [("g", "made")]


def test_a_failed_run_keeps_its_own_exit_code(tmp_path: Path) -> None:
    run = staged(tmp_path, data={"exec": {"finalize-run": "exit 5"}})

    finalize_run(run, 3)

    assert read_status(run).exit_code == 3
    assert "Exit code for finalize-run: 5" in (read_text(run, "log", "runner") or "")


def test_what_a_link_points_to_outside_stays_writable(run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    Path(run.run_dir, "link").symlink_to(outside)

    finalize_run(run, 0)

    assert os.access(outside, os.W_OK)
    assert stat.S_IMODE(outside.stat().st_mode) & 0o200


def test_a_file_with_another_name_outside_stays_writable(run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    Path(run.run_dir, "link").hardlink_to(outside)

    finalize_run(run, 0)

    assert stat.S_IMODE(outside.stat().st_mode) & 0o200
    assert read_notes(run) == ["Not made read-only (it has hard links): link"]


def test_a_file_that_is_gone_by_then_is_noted(run: Run) -> None:
    path = write(run, "gone")
    found = scan_files(run.run_dir)
    path.unlink()

    make_read_only(run, found)

    assert read_notes(run) == ["Not made read-only (No such file or directory): gone"]


# A run that puts a link in the place of its directory


def test_a_run_that_replaces_its_directory_by_a_link_changes_nothing_elsewhere(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("x")
    before = unread(elsewhere / "mine")
    command = f"echo made > made; rm -r $RUN_DIR && ln -s {elsewhere} $RUN_DIR; exit 3"

    run = ended(tmp_path / "runs", command)

    assert Path(run.run_dir).is_symlink()
    assert read_timestamp(run, "stopped") is not None
    status = read_status(run)
    assert status.name == "damaged"
    assert "a link has taken the place of the run directory" in status.reason
    assert read_text(run, "proc", "exit") == "3\n"
    assert not [entry for entry in read_manifest(str(meta(run, "manifest"))) if entry.type == "g"]
    purge_run(delete_run(run))
    assert (elsewhere / "mine").read_text() == "x"
    assert unread(elsewhere / "mine") == before
    assert not Path(run.run_dir).is_symlink()


@pytest.mark.parametrize("part", ["", "/proc", "/log", "/output"], ids=["all", "p", "l", "o"])
def test_a_run_that_replaces_a_part_of_its_side_car_by_a_link_changes_nothing_elsewhere(
    tmp_path: Path, part: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    files = ("reserve", "stop", "exit", "runner", "notes", "files", "stopped", "manifest")
    for name in ("", "proc", "log", "output", "sys"):
        (elsewhere / name).mkdir(parents=True)
        for file in files:
            (elsewhere / name / file).write_text("mine")
    before = sorted(elsewhere.rglob("*"))
    place = f"$RUN_DIR.meta{part}"
    begun = "until [ -e $RUN_DIR.meta/started ]; do sleep 0.01; done"
    change = f"mv {place} {tmp_path}/moved && ln -s {elsewhere} {place}"
    run = staged(tmp_path / "runs", f"{begun}; {change}; echo; exit 3")

    start_run(run)
    wait_until(lambda: Path(f"{run.meta_dir}{part}").is_symlink() and not live(run, tmp_path))

    assert sorted(elsewhere.rglob("*")) == before
    assert {path.read_text() for path in before if path.is_file()} == {"mine"}
    status = read_status(run)
    assert status.name == "damaged"
    assert "a link has taken the place" in status.reason


def live(run: Run, tmp_path: Path) -> bool:
    """Return whether a process of the run is alive, wherever its side-car is by now."""
    for path in (Path(run.meta_dir, "proc"), tmp_path / "moved", tmp_path / "moved" / "proc"):
        for name in ("supervisor", "command"):
            if (path / name).is_file():
                lines = (path / name).read_text().splitlines()
                if any(is_alive(decode_identity(line)) for line in lines if line != "mine"):
                    return True
    return False


def test_a_link_below_the_run_directory_changes_nothing_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("x")
    before = unread(elsewhere / "mine")

    run = ended(tmp_path / "runs", f"ln -s {elsewhere} out")

    assert read_status(run).name == "completed"
    assert unread(elsewhere / "mine") == before
    assert verify(run) == []
    purge_run(delete_run(run))
    assert unread(elsewhere / "mine") == before


def test_a_staging_command_that_replaces_the_directory_by_a_link_ends_staging(
    project: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("x")
    before = unread(elsewhere / "mine")
    (project / "train.py").write_text("x = 1")
    command = f"rm -r $RUN_DIR && ln -s {elsewhere} $RUN_DIR"

    with pytest.raises(StoreError, match="a link has taken the place of the directory"):
        staged(tmp_path / "runs", "true", {"exec": {"init-runtime": command}}, project)

    assert unread(elsewhere / "mine") == before
