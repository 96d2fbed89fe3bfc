"""What users ask of gage, as functions: run something, list runs, find one, list operations."""

from __future__ import annotations

from gage._internal.errors import RunNotFound
from gage._internal.operations.targets import known_operations, resolve_target, with_given_files
from gage._internal.staging.launch import launch
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import find_run, list_runs, runs_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gage._internal.types import OpDef, Run

__all__ = ["find", "find_to_stop", "operations", "run", "runs", "user_attrs"]


def run(
    target: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = (),
    label: str | None = None,
    tags: Sequence[str] = (),
    with_files: Sequence[str] = (),
    directory: str | None = None,
    stage: bool = False,
    background: bool = False,
    check: bool = False,
    strict: bool = False,
    needed: bool = False,
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
        What the run is to be remembered by.
    with_files
        Files that the run gets beside its source code, as dependencies.
    directory
        Where the target is looked for; the current directory when None.
    stage
        Only stage the run; start it later with its `start`.
    background
        Return as soon as the run has started.
    check
        Raise `RunFailed` if the run does not complete.
    strict
        A value of another type than its default is an error, not a note.
    needed
        Return a completed run that has done the same, if there is one, instead of a new one.
    on_event
        Called with the name of each step and the run: `made`, the phases of staging, `started`.

    Raises
    ------
    TargetError, ConfigError, PatternError, DependencyError, PhaseError, StoreError
        If the run cannot be staged; what was staged stays listed with status `error`.
    RunFailed
        With `check`, if the run ends with anything but `completed`.
    """
    operation = resolve_target(target, config, args, directory, strict=strict)
    operation = with_given_files(operation, with_files, directory)
    recorded = RecordedRun.of(
        launch(
            operation,
            runs_home(operation.project_dir),
            attrs=user_attrs(label, tags),
            on_event=on_event,
            stage_only=stage,
            background=background,
            needed=needed,
        )
    )
    if check:
        recorded.check()
    return recorded


def runs(directory: str | None = None) -> list[RecordedRun]:
    """Return every run recorded for work in a directory, the newest first."""
    return list_runs(runs_home(directory))


def find(reference: str | int | None = None, directory: str | None = None) -> RecordedRun:
    """Return the run with that name, id, prefix or position; the newest for None.

    Raises
    ------
    RunNotFound
        If there is no such run, or more than one.
    """
    return find_run(runs_home(directory), reference)


def find_to_stop(reference: str | int | None = None, directory: str | None = None) -> RecordedRun:
    """Return the run that is called so; for None the newest that goes on.

    Raises
    ------
    RunNotFound
        If there is no such run, or more than one.
    """
    if reference is not None:
        return find(reference, directory)
    # The newest run may be over already: who stops something means what goes on.
    for run in runs(directory):
        if run.status == "running":
            return run
    raise RunNotFound("no run goes on: there is nothing to stop")


def operations(directory: str | None = None) -> list[OpDef]:
    """Return the operations that the Gage file of a directory (or a parent) defines."""
    return known_operations(directory)


def user_attrs(label: str | None, tags: Sequence[str]) -> dict[str, Any]:
    """Return the attributes that a label and tags are stored as."""
    attrs: dict[str, Any] = {}
    if label is not None:
        attrs["label"] = label
    if tags:
        attrs["tags"] = list(dict.fromkeys(tags))
    return attrs
