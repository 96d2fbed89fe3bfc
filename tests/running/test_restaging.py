"""A staged run is started as it was staged, or as it is now for those who say so."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
from gage._internal.store.recorded_run import RecordedRun


@pytest.fixture
def run(project: Path, runs_home: Path) -> RecordedRun:
    (project / "train.py").write_text("print('as staged')\n")
    (project / "other.py").write_text("x = 1\n")
    return gage.run("train.py", stage=True)


def change(run: RecordedRun) -> None:
    """Change one file, remove another, add a third."""
    path = Path(run.run_dir, "train.py")
    path.chmod(0o644)
    path.write_text("print('changed')\n")
    Path(run.run_dir, "other.py").unlink()
    Path(run.run_dir, "more.py").write_text("y = 2\n")


def test_a_run_that_was_changed_is_not_started(run: RecordedRun) -> None:
    change(run)

    with pytest.raises(gage.RunStateError) as refused:
        run.start()

    assert "more.py was added, other.py is gone and train.py was changed" in str(refused.value)
    assert "--force" in str(refused.value)
    assert run.status == "staged"


def test_a_run_that_was_changed_is_started_as_it_is_by_force(run: RecordedRun) -> None:
    change(run)

    run.start(force=True)
    status = run.wait()

    assert status.name == "completed"
    assert run.last_lines() == "changed"
    assert run.verify() == []
    assert {entry.path: entry.type for entry in run.manifest} == {"more.py": "s", "train.py": "s"}
    assert run.notes == [
        "Changed between staging and start: more.py was added",
        "Changed between staging and start: other.py is gone",
        "Changed between staging and start: train.py was changed",
    ]
    assert Path(run.run_dir, "train.py").stat().st_mode & 0o222 == 0


def test_what_is_as_it_was_staged_is_started(run: RecordedRun) -> None:
    caches = Path(run.run_dir, "__pycache__")
    caches.mkdir()
    Path(caches, "other.pyc").write_bytes(b"x")

    run.start()

    assert run.wait().name == "completed"
    assert run.notes == []


def test_force_without_a_change_changes_nothing(run: RecordedRun) -> None:
    manifest = run.manifest

    run.start(force=True)
    run.wait()

    assert run.manifest == manifest
    assert run.notes == []


def test_force_does_not_start_a_run_again(run: RecordedRun) -> None:
    run.start()
    run.wait()

    with pytest.raises(gage.RunStateError, match="only a staged run can be started"):
        run.start(force=True)
