"""How far the end of a run is recorded is seen, and recording can be ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.record.file_log import scan_files
from gage._internal.record.finalizing import FinalizeProgress, FinalizeWatch, read_finalizing
from gage._internal.record.manifest import read_manifest
from gage._internal.running.finalize import finalize_run
from tests.making import ended, meta, staged, wait_until

ROOT = Path(__file__).parents[2]

# Hashing this takes a quarter of an hour, and no room.
ENDLESS = "with open('big', 'wb') as file:\n    file.truncate(10**12)\nprint('made')\n"


def test_how_far_it_is_can_be_read(tmp_path: Path) -> None:
    run = staged(tmp_path)
    path = meta(run, "proc", "finalizing")
    path.write_text("3 10 2500000 10000000\n")

    progress = read_finalizing(run)

    assert progress == FinalizeProgress(3, 10, 2_500_000, 10_000_000)
    assert progress is not None
    assert progress.fraction == pytest.approx(0.25)
    assert progress.words == "hashing its files: 3 of 10, 2.5 MB of 10.0 MB"


@pytest.mark.parametrize(
    "text", ["", "1 2 3\n", "a b c d\n", "-1 2 3 4\n", f"1 2 3 {'9' * 30}\n", "1 2 3 ²\n", "1\x1b"]
)
def test_what_is_damaged_says_nothing(tmp_path: Path, text: str) -> None:
    run = staged(tmp_path)
    meta(run, "proc", "finalizing").write_text(text)

    assert read_finalizing(run) is None


def test_a_run_that_is_not_being_finalised_has_no_such_file(tmp_path: Path) -> None:
    assert read_finalizing(ended(tmp_path, "echo made > made")) is None


def test_the_file_is_gone_at_the_end(tmp_path: Path) -> None:
    run = staged(tmp_path)
    watch = FinalizeWatch(run, lambda: False)
    watch.expect(1, 10)

    def is_seen() -> bool:
        watch.hashed(1)
        return read_finalizing(run) is not None

    wait_until(is_seen)

    watch.close()

    assert read_finalizing(run) is None


def test_a_stop_leaves_what_is_hashed_by_then(tmp_path: Path) -> None:
    run = staged(tmp_path)
    for name in ("one", "two", "three"):
        Path(run.run_dir, name).write_text(name)
    answers = iter([False, False])

    finalize_run(run, 0, asked_to_stop=lambda: next(answers, True))

    assert len(read_manifest(str(meta(run, "manifest")))) == 2
    recorded = gage.RecordedRun.of(run)
    assert recorded.status == "completed"
    assert recorded.notes == ["Hashing was stopped: a file without a digest in the manifest"]
    assert len(scan_files(run.run_dir)) == 3


@pytest.fixture
def endless(project: Path) -> Path:
    (project / "endless.py").write_text(ENDLESS)
    return project


def test_ctrl_c_ends_the_hashing_and_not_the_run(endless: Path, runs_home: Path) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-m", "gage", "run", "endless.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: gage.runs() and read_finalizing(gage.find()))
    run = gage.find()
    assert run.status == "running"

    caller.send_signal(signal.SIGINT)
    said, told = caller.communicate()

    assert (caller.returncode, said) == (130, b"made\n")
    assert b"Traceback" not in told
    assert (run.status, run.full_status.exit_code) == ("completed", 0)
    assert run.notes == ["Hashing was stopped: a file without a digest in the manifest"]


def test_a_stop_ends_the_hashing_too(endless: Path, runs_home: Path) -> None:
    run = gage.run("endless.py", background=True)
    wait_until(lambda: read_finalizing(run))

    run.stop()

    assert (run.status, run.full_status.reason) == ("completed", "")
    assert read_finalizing(run) is None
