"""A disk that is full is said; no run is lost for it, and no other is touched."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.errors import GageError, StoreError
from gage._internal.record.status import live_processes
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import list_runs
from tests.disks import small_disk
from tests.making import ended, wait_until


@pytest.fixture
def options() -> str:
    """The options of the small file system."""
    return "size=4m"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str) -> Iterator[Path]:
    """A store on a file system of 4 MB, with a completed run in it."""
    with small_disk(tmp_path / "disk", options) as disk:
        monkeypatch.setenv("GAGE_RUNS", str(disk / "runs"))
        ended(disk / "runs", "echo before; echo made > made")
        yield disk / "runs"
        runs = list_runs(str(disk / "runs"))
        wait_until(lambda: not any(live_processes(run) for run in runs))


def fill(store: Path, leave_bytes: int = 0) -> Path:
    """Take all room of the disk but so much; return the file that has it."""
    filler = store.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            file.truncate(file.tell() - leave_bytes)
    return filler


def check_store(store: Path, count: int) -> list[RecordedRun]:
    """The run from before is as it was; return the others."""
    *others, first = list_runs(str(store))
    assert len(others) == count
    assert (first.status, first.last_lines(), first.verify()) == ("completed", "before", [])
    return others


@pytest.mark.parametrize(
    "big", [[5_000_000], [900_000] * 6, [2000] * 3000], ids=["one-file", "files", "small-files"]
)
def test_source_code_that_has_no_room_ends_staging(
    project: Path, store: Path, big: list[int]
) -> None:
    (project / "gage.toml").write_text('[op]\nexec = "true"\nsourcecode = "*.bin"\n')
    for number, size in enumerate(big):
        (project / f"{number}.bin").write_bytes(b"x" * size)

    with pytest.raises(StoreError, match=r"No space left on device.*Free some room"):
        gage.run("op")

    (run,) = check_store(store, 1)
    assert run.status == "error"
    assert "No space left on device" in run.full_status.reason
    assert run.timestamp("stopped") is not None
    assert not list(Path(run.run_dir).iterdir())
    assert gage.run("op", directory=str(other_project(project))).status == "completed"


def test_what_a_staging_command_left_on_a_full_disk_is_removed(project: Path, store: Path) -> None:
    command = "cat /dev/zero > big"
    (project / "gage.toml").write_text(
        f'[op]\nexec = {{ run = "true", stage-runtime = "{command}" }}\n'
    )

    with pytest.raises(GageError):
        gage.run("op")

    (run,) = check_store(store, 1)
    assert not list(Path(run.run_dir).iterdir())
    assert "Removed what was staged" in (Path(run.meta_dir) / "log" / "runner").read_text()
    assert gage.run("op", directory=str(other_project(project))).status == "completed"


def other_project(project: Path) -> Path:
    """Return a project whose operation has room."""
    other = project.parent / "other"
    other.mkdir()
    (other / "gage.toml").write_text('[op]\nexec = "true"\n')
    return other


@pytest.mark.parametrize("leave_bytes", [0, 4096, 16_384, 40_960, 65_536, 131_072], ids=str)
def test_any_step_may_find_the_disk_full(project: Path, store: Path, leave_bytes: int) -> None:
    """From no room at all to room for everything but the reserve of the supervisor."""
    (project / "train.py").write_text("print('hi')\n")
    filler = fill(store, leave_bytes)

    with pytest.raises(GageError, match="No space left on device"):
        gage.run("train.py")

    before = list_runs(str(store))
    assert {run.status for run in before} <= {"completed", "pending", "staged", "error"}
    filler.unlink()
    check_store(store, len(before) - 1)
    new = gage.run("train.py")
    assert (new.status, new.last_lines(), new.verify()) == ("completed", "hi", [])


def test_a_run_that_had_no_room_to_start_can_be_started_later(project: Path, store: Path) -> None:
    (project / "train.py").write_text("print('hi')\n")
    run = gage.run("train.py", stage=True)
    filler = fill(store)
    with pytest.raises(gage.RunStateError, match=r"No space left on device: /.*/proc/supervisor"):
        run.start()
    assert run.status == "staged"
    filler.unlink()

    run.start()

    assert run.wait().name == "completed"


def test_output_that_has_no_room_ends_the_run_and_says_so(project: Path, store: Path) -> None:
    (project / "flood.py").write_text("while True: print('x' * 99)\n")

    run = gage.run("flood.py")

    status = run.full_status
    assert status.name == "terminated"
    assert "its output could not be written (No space left on device)" in status.reason
    assert run.timestamp("stopped") is not None
    assert run.output().size_bytes > 1_000_000
    others = check_store(store, 1)
    assert others == [run]


def test_output_of_a_staging_command_that_has_no_room_ends_staging(
    project: Path, store: Path
) -> None:
    (project / "gage.toml").write_text('[op]\nexec = { run = "true", init-runtime = "yes" }\n')

    with pytest.raises(StoreError, match=r"cannot stage run .*No space left on device"):
        gage.run("op")

    (run,) = check_store(store, 1)
    assert run.status == "error"
    assert "No space left on device" in run.full_status.reason


def test_the_command_line_says_it_in_one_line(project: Path, store: Path) -> None:
    (project / "train.py").write_text("print('hi')\n")
    fill(store)

    done = subprocess.run(
        [sys.executable, "-m", "gage", "run", "train.py"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 125
    assert done.stdout == ""
    assert done.stderr.startswith("gage: ")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_that_a_run_makes_may_fill_the_disk(project: Path, store: Path) -> None:
    (project / "big.py").write_text(
        "with open('big', 'wb') as f:\n    while f.write(b'x' * 4096): pass"
    )

    run = gage.run("big.py")

    assert run.status in {"error", "terminated"}
    assert run.timestamp("stopped") is not None
    others = check_store(store, 1)
    assert others == [run]
    (Path(run.run_dir) / "big").unlink()
    assert gage.run("big.py", stage=True).status == "staged"


# A file system that has room, and no room for one more file

MAKE_FILES = """
import sys
try:
    for number in range(1000):
        open(f"made-{number}", "x").close()
except OSError as error:
    print(error.strerror)
sys.exit(3)
"""


@pytest.mark.parametrize("options", ["size=4m,nr_inodes=200"])
def test_a_run_that_makes_all_files_there_can_be_keeps_its_exit_code(
    project: Path, store: Path
) -> None:
    (project / "make.py").write_text(MAKE_FILES)

    run = gage.run("make.py")

    assert (run.status, run.full_status.exit_code) == ("error", 3)
    assert run.last_lines() == "No space left on device"
    assert run.timestamp("stopped") is not None
    made = len(list(Path(run.run_dir).glob("made-*")))
    assert made > 20
    assert len(run.manifest) == made + 1
    check_store(store, 1)


@pytest.mark.parametrize("options", ["size=4m,nr_inodes=100"])
def test_staging_that_finds_no_room_for_a_file_makes_some(project: Path, store: Path) -> None:
    (project / "gage.toml").write_text('[op]\nexec = "true"\nsourcecode = "*.txt"\n')
    for number in range(100):
        (project / f"{number}.txt").write_text("x")

    with pytest.raises(StoreError, match="no more files can be made"):
        gage.run("op")

    (run,) = check_store(store, 1)
    assert run.status == "error"
    assert not list(Path(run.run_dir).iterdir())
    assert gage.run("op", directory=str(other_project(project))).status == "completed"


# A run whose end found no room

# Their names take more room in the record than the reserve has.
LEAVES_NO_ROOM = """
import sys
for number in range(1500):
    open(f"{number:0200}", "x").close()
try:
    with open("big", "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
except OSError:
    sys.exit(3)
"""


@pytest.fixture
def unfinished(project: Path, store: Path) -> RecordedRun:
    """A run that has ended and found no room for its record."""
    (project / "full.py").write_text(LEAVES_NO_ROOM)
    (project / "gage.toml").write_text(
        '[full]\nexec = { run = "python full.py", finalize-run = "touch $RUN_DIR/finalized" }\n'
    )
    run = gage.run("full")
    assert run.timestamp("stopped") is None
    assert run.full_status == ("error", "exit code 3, not finalised", 3)
    return run


def make_room(run: RecordedRun) -> None:
    (Path(run.run_dir) / "big").unlink()
    (Path(run.run_dir) / "finalized").unlink(missing_ok=True)


def test_a_run_whose_end_found_no_room_is_finalised_by_the_next_command(
    unfinished: RecordedRun, store: Path
) -> None:
    make_room(unfinished)
    ended_us = (Path(unfinished.meta_dir) / "proc" / "exit").stat().st_mtime_ns // 1000

    run = gage.find(unfinished.name)

    assert run.full_status == ("error", "exit code 3", 3)
    assert sum(entry.type == "g" for entry in run.manifest) == 1500
    assert run.verify() == []
    assert run.timestamp("stopped") == ended_us
    # A look at a run runs nothing.
    assert not (Path(run.run_dir) / "finalized").exists()


def test_a_run_whose_end_found_no_room_stays_so_while_there_is_none(
    unfinished: RecordedRun, store: Path
) -> None:
    run = gage.find(unfinished.name)

    assert run.full_status == ("error", "exit code 3, not finalised", 3)
    check_store(store, 1)


def test_a_run_that_is_being_finalised_elsewhere_is_left_alone(
    unfinished: RecordedRun, store: Path
) -> None:
    make_room(unfinished)
    with (Path(unfinished.meta_dir) / "__schema__").open("rb") as schema:
        fcntl.flock(schema, fcntl.LOCK_EX)

        run = gage.find(unfinished.name)

    assert run.timestamp("stopped") is None
    assert gage.find(unfinished.name).timestamp("stopped") is not None


def test_the_unfinished_run_of_another_machine_is_left_alone(
    unfinished: RecordedRun, store: Path
) -> None:
    make_room(unfinished)
    for name in ("supervisor", "command"):
        (Path(unfinished.meta_dir) / "proc" / name).write_text("1 2 another-boot another-host\n")

    run = gage.find(unfinished.name)

    assert run.timestamp("stopped") is None
