"""Keeping the store in order: choosing runs by name or filter, the trash, the doctor, the room."""

from __future__ import annotations

from gage._internal.api.place import home_of
from gage._internal.api.runs import find, runs
from gage._internal.errors import OptionError
from gage._internal.store.trash import deleted_runs, find_deleted, purge_run, restore_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.doctor.finding import Finding
    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.store.space import Usage

__all__ = ["deleted", "doctor", "du", "find_many", "purge", "restore"]


def find_many(
    references: Sequence[str],
    where: str | None = None,
    directory: str | None = None,
    *,
    runs_home: str | None = None,
) -> list[RecordedRun]:
    """Return the runs with these names, or those that match a filter.

    Raises
    ------
    OptionError
        If neither names nor a filter are given, or both.
    RunNotFound
        If there is no run with one of the names.
    """
    if bool(references) == bool(where):
        raise OptionError("expected the names of runs, or a filter (--where), and not both")
    if where:
        return runs(where, directory=directory, runs_home=runs_home)
    # All runs are found before anything is done to the first.
    return [find(name, directory, runs_home=runs_home) for name in dict.fromkeys(references)]


def deleted(
    *references: str, directory: str | None = None, runs_home: str | None = None
) -> list[RecordedRun]:
    """Return the runs in the trash with these names, or all of them, the last deleted first.

    Raises
    ------
    RunNotFound
        If there is no deleted run with one of the names.
    """
    home = home_of(directory, runs_home)
    if not references:
        return deleted_runs(home)
    return [find_deleted(home, name) for name in dict.fromkeys(references)]


def restore(
    *references: str, directory: str | None = None, runs_home: str | None = None
) -> list[RecordedRun]:
    """Bring runs back from the trash; without a name, the one deleted last; return them.

    Raises
    ------
    RunNotFound
        If there is no such run in the trash.
    """
    home = home_of(directory, runs_home)
    chosen = [find_deleted(home, name) for name in dict.fromkeys(references or (None,))]
    return [restore_run(run) for run in chosen]


def purge(chosen: Iterable[RecordedRun]) -> None:
    """Remove runs from the trash for good."""
    for run in chosen:
        purge_run(run)


def doctor(
    *, repair: bool = False, directory: str | None = None, runs_home: str | None = None
) -> list[Finding]:
    """Return what is wrong in the directory of runs: damaged and left-over files, lost runs.

    Each has `run`, `path`, `problem`, `remedy`, `done` and `is_mended`.

    Parameters
    ----------
    repair
        Repair what can be repaired. What cannot is moved to `.damaged` in the directory of runs;
        nothing that holds information is deleted.
    directory
        Default: the current directory.
    runs_home
        The directory of runs; default: the project's.

    Raises
    ------
    StoreError
        If the directory of runs cannot be read.
    """
    from gage._internal.doctor import examination

    home = home_of(directory, runs_home)
    return examination.repair(home) if repair else examination.examine(home)


def du(*, directory: str | None = None, runs_home: str | None = None) -> list[Usage]:
    """Return the room that each run, batch and deleted run takes, the largest first, and the total.

    Each has `kind`, `name`, `operation`, `size_bytes`, `disk_bytes` and `freed_bytes`.

    Raises
    ------
    StoreError
        If the directory of runs cannot be read.
    """
    from gage._internal.store.space import disk_usage

    return disk_usage(home_of(directory, runs_home))
