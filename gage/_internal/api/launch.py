"""From an operation to a running run: made, staged, started. `run_util` lists the whole life."""

from __future__ import annotations

from gage._internal.errors import RunStateError
from gage._internal.record.run_meta import write_attr
from gage._internal.record.runner_log import log_runner
from gage._internal.run_util import init_run_meta, make_run, stage_run, start_run, stop_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.store.own_runs import mark_own
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.system.environment import start_recording
from gage._internal.system.recording import cancel_all, collect_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gage._internal.api.observer import Observer
    from gage._internal.system.recording import Recording
    from gage._internal.types import Operation, Run

__all__ = ["launch"]


def launch(
    operation: Operation,
    runs_home: str,
    observer: Observer,
    *,
    user_attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    stage_only: bool = False,
    needed: bool = False,
) -> RecordedRun:
    """Stage and start a run of an operation; return it without waiting for its end.

    Python, platform, packages and git are recorded; the observer's recordings add to that. All
    recordings work while the run is staged and started, and get 200 ms after that.

    Parameters
    ----------
    user_attrs, system_attrs
        Attributes of the run that are already known, by name.
    needed
        Whether to return a completed run that did the same work instead of a new one. Its `found`
        is True, and the run that was staged to find it is removed. It gets the label
        and the tags.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt; the run has been stopped, unless the interrupt means something else.
    """
    supervisor = None if stage_only else observer.supervisor() or WaitingSupervisor()
    recordings: list[Recording] = []
    try:
        recordings += [start_recording(operation.project_dir), *observer.recordings()]
        run = _make(operation, runs_home, user_attrs or {}, system_attrs or {})
        observer.event("made", run)
        stage_run(
            operation.project_dir,
            run,
            operation=operation,
            on_phase=lambda phase: observer.event(phase, run),
        )
        found = _find_same(run, observer, user_attrs or {}) if needed else None
        if found is not None:
            observer.event("found", found)
            return RecordedRun.of(found, found=True)
        if supervisor is not None:
            started, supervisor = supervisor, None
            _start(run, started, recordings, observer)
        else:
            _record(run, recordings)
    finally:
        if supervisor is not None:
            supervisor.dismiss()
        cancel_all(recordings)  # does nothing to those that were collected
    return RecordedRun.of(run)


def _make(
    operation: Operation,
    runs_home: str,
    user_attrs: Mapping[str, Any],
    system_attrs: Mapping[str, Any],
) -> Run:
    run = make_run(runs_home)
    init_run_meta(
        run,
        operation.opref,
        operation.opdef,
        operation.config,
        operation.cmd,
        user_attrs,
        {"project": operation.project_dir, **system_attrs},
    )
    mark_own(run.id)
    return run


def _start(
    run: Run, supervisor: WaitingSupervisor, recordings: Sequence[Recording], observer: Observer
) -> None:
    try:
        start_run(run, supervisor)
        observer.event("started", run)
        _record(run, recordings)
    except KeyboardInterrupt:
        if observer.interrupt_means_stop():
            try:
                stop_run(run, by="interrupt")
            except RunStateError:
                pass  # interrupted before there was anything to stop
        raise


def _find_same(run: Run, observer: Observer, user_attrs: Mapping[str, Any]) -> RecordedRun | None:
    """Return a completed run that did the work of a staged run, which is then removed."""
    from gage._internal.store.same_work import describe, find_same, remove_run

    found, why = find_same(run)
    if found is None:
        log_runner(run, f"Needed: {why}")
        observer.needed(run, why)
    else:
        remove_run(run)
        describe(found, user_attrs)
    return found


def _record(run: Run, recordings: Sequence[Recording]) -> None:
    for name, value in collect_all(recordings):
        try:
            write_attr(run, "sys", name, value)
        except OSError as error:
            # The run continues without it: what it uses and makes is recorded elsewhere.
            _log_if_possible(run, f"Cannot record {name}: {error.strerror}")


def _log_if_possible(run: Run, message: str) -> None:
    try:
        log_runner(run, message)
    except OSError:
        return  # there is no room on the disk for this line either
