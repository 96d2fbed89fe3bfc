"""The log of files says once what happened to each, whatever it is called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import MetaError
from gage._internal.record.file_log import (
    FileEvent,
    FoundFile,
    append_events,
    current_files,
    log_changes,
    read_events,
    scan_files,
)
from gage._internal.staging.staging import make_run
from gage._internal.types import Run
from tests.making import meta


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(str(tmp_path))


def write(run: Run, path: str, modified_us: int = 1_000_000) -> None:
    full_path = Path(run.run_dir, path)
    full_path.parent.mkdir(parents=True, exist_ok=True)
    full_path.write_text("x")
    os.utime(full_path, ns=(0, modified_us * 1000))


def changes(run: Run, type_: str = "g") -> list[tuple[str, str, str]]:
    """Log the changes; return event, type and path of each."""
    events = log_changes(run, type_, scan_files(run.run_dir))
    return [(event.event, event.type, event.path) for event in events]


# Lines


def test_events_are_written_as_documented(run: Run) -> None:
    append_events(run, [FileEvent("a", "s", 17, "a b.py"), FileEvent("d", "g", None, "x\ny")])

    assert meta(run, "log", "files").read_text() == 'a s 17 a b.py\nd g - "x\\ny"\n'


_PATHS = st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode)
_EVENTS = st.builds(
    FileEvent,
    st.sampled_from("am"),
    st.sampled_from("sdrg"),
    st.integers(min_value=-(2**62), max_value=2**62),
    _PATHS,
)


@given(events=st.lists(_EVENTS | _PATHS.map(lambda path: FileEvent("d", "g", None, path))))
def test_every_event_comes_back(
    events: list[FileEvent], tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = make_run(str(tmp_path_factory.mktemp("runs")))

    append_events(run, events)

    assert read_events(run) == events


def test_no_log_has_no_events(run: Run) -> None:
    append_events(run, [])

    assert read_events(run) == []
    assert not meta(run, "log", "files").exists()


@pytest.mark.parametrize("torn", ["a", "a s", "a s 12", "a s 12 b.p", 'a s 12 "b'], ids=repr)
def test_a_torn_last_line_is_not_read_and_does_not_spoil_the_next(run: Run, torn: str) -> None:
    log = meta(run, "log", "files")
    first, second = FileEvent("a", "s", 1, "a.py"), FileEvent("a", "g", 2, "b.txt")
    append_events(run, [first])
    with log.open("a") as file:
        file.write(torn)

    before = read_events(run)
    append_events(run, [second])

    assert before == [first]
    assert read_events(run) == [first, second]


@pytest.mark.parametrize(
    "line",
    ["x s 1 a", "a ss 1 a", "a s one a", "a s 1", "", 'a s 1 "a', "a s 1 a\0", 'a s 1 "\\000"'],
    ids=["event", "type", "time", "no-path", "empty", "quote", "null", "quoted-null"],
)
def test_a_damaged_line_is_named_with_its_number(run: Run, line: str) -> None:
    append_events(run, [FileEvent("a", "s", 1, "a.py")])
    with meta(run, "log", "files").open("a") as file:
        file.write(f"{line}\na s 1 b.py\n")

    with pytest.raises(MetaError, match=r"files:2: expected 'EVENT TYPE MODIFIED PATH'"):
        read_events(run)


def test_replaying_gives_the_files_that_are_there() -> None:
    events = [
        FileEvent("a", "s", 1, "kept"),
        FileEvent("a", "s", 1, "gone"),
        FileEvent("m", "s", 2, "kept"),
        FileEvent("d", "s", None, "gone"),
        FileEvent("d", "s", None, "never-there"),
        FileEvent("a", "g", 3, "back"),
        FileEvent("d", "g", None, "back"),
        FileEvent("a", "g", 4, "back"),
    ]

    assert current_files(events) == {"kept": events[2], "back": events[-1]}


# Changes


def test_a_change_is_logged_once_with_the_type_that_the_file_has(run: Run) -> None:
    write(run, "b/c.txt")
    write(run, "a.txt")
    assert changes(run, "s") == [("a", "s", "a.txt"), ("a", "s", "b/c.txt")]
    assert changes(run) == []

    write(run, "a.txt", modified_us=2_000_000)
    Path(run.run_dir, "b", "c.txt").unlink()
    write(run, "new.txt")
    assert changes(run) == [
        ("m", "s", "a.txt"),
        ("d", "s", "b/c.txt"),
        ("a", "g", "new.txt"),
    ]
    assert changes(run) == []


def test_a_file_that_comes_back_is_added_again(run: Run) -> None:
    write(run, "a.txt")
    changes(run, "s")
    Path(run.run_dir, "a.txt").unlink()
    changes(run)
    write(run, "a.txt")

    assert changes(run) == [("a", "g", "a.txt")]


# Scanning


def test_every_file_is_found_by_its_path_with_time_size_and_mode(run: Run) -> None:
    write(run, "a/b/c.txt", modified_us=1_234_567)
    Path(run.run_dir, "a/b/c.txt").chmod(0o750)
    Path(run.run_dir, "empty").mkdir()

    found = scan_files(run.run_dir)

    assert list(found) == ["a/b/c.txt"]
    file = found["a/b/c.txt"]
    assert (file.modified_us, file.size_bytes) == (1_234_567, 1)
    assert stat.S_IMODE(file.mode) == 0o750


def test_a_link_to_a_file_is_the_file_and_other_links_are_links(run: Run) -> None:
    write(run, "dir/file")
    for name, target in (("to-file", "dir/file"), ("to-dir", "dir"), ("to-nothing", "none")):
        Path(run.run_dir, name).symlink_to(target)
    Path(run.run_dir, "loop").symlink_to("loop")

    found = scan_files(run.run_dir)

    assert set(found) == {"dir/file", "to-file", "to-dir", "to-nothing", "loop"}
    assert stat.S_ISREG(found["to-file"].mode)
    assert all(stat.S_ISLNK(found[name].mode) for name in ("to-dir", "to-nothing", "loop"))


def test_pipes_are_found_and_not_opened(run: Run) -> None:
    os.mkfifo(Path(run.run_dir, "pipe"))

    assert stat.S_ISFIFO(scan_files(run.run_dir)["pipe"].mode)


def test_a_directory_that_is_not_there_cannot_be_scanned(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan_files(str(tmp_path / "none"))


def test_files_whose_state_is_known_are_looked_for_but_not_at(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("as it was")
    (tmp_path / "new").write_text("x")
    (tmp_path / "replaced").mkdir()
    (tmp_path / "replaced" / "inner").write_text("x")
    state = FoundFile(5, 6, stat.S_IFREG | 0o444)

    found = scan_files(str(tmp_path), dict.fromkeys(("known", "replaced", "gone"), state))

    assert sorted(found) == ["known", "new", "replaced/inner"]
    assert found["known"] == state
    assert found["new"].size_bytes == 1
