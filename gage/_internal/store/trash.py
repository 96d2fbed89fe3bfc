"""Deleted runs: they stay in the trash of their directory of runs until they are purged.

    RUNS/.trash/ID          the run directory
    RUNS/.trash/ID.meta     its side-car; the file `deleted` in it: epoch microseconds (UTC)

A run is moved by renaming its two directories. The side-car is moved last on its way out and first
on its way back: if the move is cut short, the run is still listed in one of the two places and can
be moved again.
"""

from __future__ import annotations

import os

from gage._internal.clock import now_us
from gage._internal.errors import MetaError, RunNotFound, RunStateError
from gage._internal.record.layout import META_SUFFIX, home_of, run_at
from gage._internal.record.run_meta import read_timestamp, write_timestamp
from gage._internal.record.status import live_processes, read_status
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.same_work import remove_directory
from gage._internal.store.store import is_run_id
from gage._internal.types import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["TRASH", "delete_run", "deleted_runs", "find_deleted", "purge_run", "restore_run"]

TRASH = ".trash"
_DELETED = "deleted"


def delete_run(run: Run) -> RecordedRun:
    """Move a run to the trash; return the run in its new place.

    Raises
    ------
    RunStateError
        If the run is running.
    """
    status = read_status(run).name
    # The supervisor of an ended run may still exist, which does no harm.
    if status == "running" or (status not in ENDED and live_processes(run)):
        raise RunStateError(
            f"run {run.name} is running: stop it before it is deleted (gage stop {run.name})"
        )
    trash = os.path.join(home_of(run.run_dir), TRASH)
    os.makedirs(trash, exist_ok=True)
    deleted = run_at(trash, run.id)
    if os.path.isdir(run.meta_dir):
        write_timestamp(run, _DELETED, now_us())
    _move(run.run_dir, deleted.run_dir)
    _move(run.meta_dir, deleted.meta_dir)
    return RecordedRun.of(deleted)


def restore_run(run: Run) -> RecordedRun:
    """Move a deleted run back to where it was; return it."""
    home = os.path.dirname(os.path.dirname(run.run_dir))
    restored = run_at(home, run.id)
    _move(run.meta_dir, restored.meta_dir)
    _move(run.run_dir, restored.run_dir)
    try:
        os.unlink(os.path.join(restored.meta_dir, _DELETED))
    except FileNotFoundError:
        pass
    return RecordedRun.of(restored)


def purge_run(run: Run) -> None:
    """Remove a deleted run for good, with all its files.

    Raises
    ------
    RunStateError
        If the run is not in the trash.
    """
    if os.path.basename(os.path.dirname(run.run_dir)) != TRASH:
        raise RunStateError(f"run {run.name} is not in the trash: delete it first")
    remove_directory(run.run_dir)
    remove_directory(run.run_dir + META_SUFFIX)


def deleted_runs(home: str) -> list[RecordedRun]:
    """Return the runs in the trash of a directory of runs, the last deleted first."""
    trash = os.path.join(home, TRASH)
    try:
        names = os.listdir(trash)
    except FileNotFoundError:
        return []
    ids = {name.removesuffix(META_SUFFIX) for name in names}
    runs = [RecordedRun.of(run_at(trash, run_id)) for run_id in ids if is_run_id(run_id)]
    return sorted(runs, key=lambda run: (_deleted_us(run), run.id), reverse=True)


def find_deleted(home: str, reference: str | None = None) -> RecordedRun:
    """Return the deleted run with that name or id, or prefix of either; the last for None.

    Raises
    ------
    RunNotFound
        If there is no such run in the trash, or more than one.
    """
    runs = deleted_runs(home)
    if not runs:
        raise RunNotFound("the trash is empty: no run was deleted")
    if reference is None:
        return runs[0]
    found = [run for run in runs if reference in {run.name, run.id}] or [
        run for run in runs if run.name.startswith(reference) or run.id.startswith(reference)
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(run.name for run in found or runs[:8])
    if found:
        raise RunNotFound(f"{len(found)} deleted runs are named {reference!r}: {listed}")
    raise RunNotFound(f"no deleted run is named {reference!r}. In the trash: {listed}")


def _deleted_us(run: Run) -> int:
    try:
        return read_timestamp(run, _DELETED) or 0
    except MetaError:
        return 0


def _move(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        return  # it was moved before, or never existed
