"""The public functions for runs: run something, list runs, find one, list operations."""

from __future__ import annotations

from gage._internal.api.driver import Asked, run_one
from gage._internal.api.observer import Observer
from gage._internal.api.place import home_of
from gage._internal.errors import OptionError, RunNotFound
from gage._internal.operations.options import RunOptions
from gage._internal.operations.targets import known_operations
from gage._internal.record.layout import run_at
from gage._internal.running.late_end import record_late_end
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import find_run, list_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gage._internal.types import OpDef, Run

__all__ = [
    "find",
    "find_to_stop",
    "nothing_found",
    "operations",
    "run",
    "run_listing",
    "runs",
]


def run(
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    label: str | None = None,
    tags: Sequence[str] = (),
    with_files: Sequence[str] = (),
    find: bool = True,
    metrics: Sequence[str] = (),
    no_metrics: bool = False,
    strict: bool = True,
    needed: bool = False,
    stage: bool = False,
    background: bool = False,
    directory: str | None = None,
    runs_home: str | None = None,
    check: bool = False,
    on_event: Callable[[str, Run], None] | None = None,
) -> RecordedRun:
    """Run a script, a module, a notebook or an operation as a recorded run.

    Parameters
    ----------
    target
        The name of an operation of the Gage file, a `.py` or `.ipynb` file, `-m MODULE`, or None
        for the default operation.
    config
        Values by key; they are written into the run's copy of the code, never into yours.
    args
        Further arguments of the command.
    label, tags
        A label and tags for the run.
    with_files
        Files that the run gets besides its source code, as dependencies; a directory means all its
        files.
    find
        Find the files that the program is going to read, by the paths in its code, and add them
        to the run.
    metrics
        Regular expressions that find metrics in printed lines, instead of the default ones: with
        groups for name and value, with groups named like metrics, or without a group, for a name
        that a number follows.
    no_metrics
        Find no metrics in printed lines.
    strict
        Treat a value whose type differs from its default's as an error, not a note.
    needed
        Return a completed run that did the same work, if there is one, instead of a new run; its
        `found` is True.
    stage
        Only stage the run; start it later with its `start`.
    background
        Return as soon as the run has started.
    directory
        Where the target is looked for; default: the current directory.
    runs_home
        The directory of runs to use; default: the project's.
    check
        Raise `RunFailed` if the run does not complete.
    on_event
        A function that is called with the name of each step and the run: `made`, the phases of
        staging, `started`; with `needed` also `found`.

    Raises
    ------
    OptionError
        If options mean nothing together.
    TargetError, ConfigError, PatternError, DependencyError, PhaseError, StoreError
        If the run cannot be staged; a run that was begun stays listed with status `error`.
    RunFailed
        With `check`, if the run ends with anything but `completed`.
    """
    options = RunOptions(
        label=label,
        tags=tags,
        with_files=with_files,
        find=find,
        metrics=metrics,
        no_metrics=no_metrics,
        strict=strict,
        needed=needed,
        stage=stage,
        background=background,
        directory=directory,
        runs_home=runs_home,
        check=check,
    )
    return run_one(Asked(target, config or {}, args, options), _Events(on_event))


class _Events(Observer):
    """Passes each step to a function."""

    def __init__(self, on_event: Callable[[str, Run], None] | None) -> None:
        self._on_event = on_event

    def event(self, name: str, run: Run) -> None:
        if self._on_event is not None:
            self._on_event(name, run)


def runs(
    where: str | Sequence[str] = (),
    *more: str,
    limit: int | None = None,
    directory: str | None = None,
    runs_home: str | None = None,
) -> list[RecordedRun]:
    """Return the runs recorded for work in a directory, the newest first.

    Parameters
    ----------
    where, more
        Filters, all of which must hold: `gage.runs("lr > 0.1 and status = completed")`.
    limit
        At most this many runs, the newest.
    directory
        Default: the current directory.
    runs_home
        The directory of runs; default: the project's.

    Raises
    ------
    OptionError
        If the filter is not valid, or names something that no run has.
    """
    home = home_of(directory, runs_home)
    filters = [*([where] if isinstance(where, str) else where), *more]
    if not filters:
        return list_runs(home)[:limit]
    for text in filters:
        if text.strip() and not any(char in text for char in " =<>"):
            raise OptionError(
                f"expected a filter, such as status=error, found {text!r}. "
                f"A directory is named: gage.runs(directory={text!r})"
            )
    rows = run_listing(home, filters, limit=limit)
    return [RecordedRun.of(run_at(home, row["id"])) for row in rows]


def run_listing(
    home: str, where: Sequence[str] = (), *, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return a row for each run in a directory of runs: `index.listing`."""
    from gage._internal.index.listing import listing

    return listing(home, where, limit)


def nothing_found(home: str, where: Sequence[str] = ()) -> str:
    """Return the message for a listing without any run: what the filter may have meant."""
    if not where:
        return f"No runs yet in {home}"
    from gage._internal.index.near_values import meant_instead

    return " ".join(filter(None, ["No such runs.", meant_instead(home, where)]))


def find(
    reference: str | int | None = None,
    directory: str | None = None,
    *,
    runs_home: str | None = None,
) -> RecordedRun:
    """Return the run with that name, id, prefix or position; default: the newest.

    If its end could not be recorded when it ended, it is recorded now.

    Raises
    ------
    RunNotFound
        If there is no such run, or more than one.
    """
    found = find_run(home_of(directory, runs_home), reference)
    record_late_end(found)
    return found


def find_to_stop(home: str, reference: str | int | None = None) -> RecordedRun:
    """Return the run with that name in a directory of runs; default: the newest that is running.

    Raises
    ------
    RunNotFound
        If there is no such run, or more than one.
    """
    if reference is not None:
        return find_run(home, reference)
    # The newest run may have ended already: a user who stops something means a running one.
    for run in list_runs(home):
        if run.status == "running":
            return run
    raise RunNotFound("no run is running: there is nothing to stop")


def operations(directory: str | None = None) -> list[OpDef]:
    """Return the operations that the Gage file of a directory (or a parent) defines."""
    return known_operations(directory)
