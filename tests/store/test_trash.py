"""Deleted runs: in the trash, back again, or gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import RunNotFound, RunStateError
from gage._internal.record.manifest import verify
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.store.store import list_runs
from gage._internal.store.trash import (
    delete_run,
    deleted_runs,
    find_deleted,
    purge_run,
    restore_run,
)
from tests.making import ended, staged


def test_a_deleted_run_is_not_listed_and_comes_back_whole(tmp_path: Path) -> None:
    run = ended(tmp_path, ["python", "-c", "open('made', 'w').write('x')"])

    deleted = delete_run(run)
    assert list_runs(str(tmp_path)) == []
    assert deleted_runs(str(tmp_path)) == [deleted]
    assert deleted.status == "completed"

    restored = restore_run(deleted)
    assert list_runs(str(tmp_path)) == [run]
    assert restored == run
    assert restored.status == "completed"
    assert verify(restored) == []
    assert deleted_runs(str(tmp_path)) == []


def test_a_purged_run_is_gone(tmp_path: Path) -> None:
    run = ended(tmp_path)

    with pytest.raises(RunStateError, match="not in the trash"):
        purge_run(run)
    purge_run(delete_run(run))

    assert list(tmp_path.glob(f"{run.id}*")) == []
    assert deleted_runs(str(tmp_path)) == []


def test_a_running_run_is_not_deleted(tmp_path: Path) -> None:
    run = staged(tmp_path, ["sleep", "1000"])
    start_run(run)

    with pytest.raises(RunStateError, match=f"run {run.name} is running: stop it"):
        delete_run(run)

    stop_run(run)
    wait_for_run(run)
    assert delete_run(run).status == "terminated"


def test_the_last_deleted_comes_first(tmp_path: Path) -> None:
    first, second = ended(tmp_path), ended(tmp_path)

    delete_run(second)
    delete_run(first)

    assert [run.id for run in deleted_runs(str(tmp_path))] == [first.id, second.id]
    assert find_deleted(str(tmp_path)).id == first.id
    assert find_deleted(str(tmp_path), second.name).id == second.id


@pytest.mark.parametrize("reference", ["nobody", None], ids=str)
def test_what_is_not_in_the_trash_is_said(tmp_path: Path, reference: str | None) -> None:
    with pytest.raises(RunNotFound, match="the trash is empty"):
        find_deleted(str(tmp_path), reference)

    run = delete_run(ended(tmp_path))
    with pytest.raises(RunNotFound, match=f"In the trash: {run.name}"):
        find_deleted(str(tmp_path), "nobody")


@pytest.mark.parametrize("half", ["deleted", "restored"])
def test_a_move_that_was_cut_short_is_finished(tmp_path: Path, half: str) -> None:
    run = ended(tmp_path)
    if half == "deleted":
        (tmp_path / ".trash").mkdir()
        Path(run.run_dir).rename(tmp_path / ".trash" / run.id)
        (listed,) = list_runs(str(tmp_path))
        assert listed.status == "damaged"
        delete_run(run)
    else:
        deleted = delete_run(run)
        Path(deleted.meta_dir).rename(run.meta_dir)
        (deleted,) = deleted_runs(str(tmp_path))

    (deleted,) = deleted_runs(str(tmp_path))
    assert restore_run(deleted).status == "completed"
