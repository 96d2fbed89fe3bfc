"""From an operation to a running run: made, staged, started. `run_util` lists the whole life."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # see `process.spawn`
import os
import sys

from gage._internal.clock import make_id
from gage._internal.record.layout import run_at, run_meta_path
from gage._internal.record.run_meta import write_attr
from gage._internal.record.runner_log import log_runner
from gage._internal.record.status import live_processes
from gage._internal.run_util import init_run_meta, make_run, stage_run, start_run, stop_run
from gage._internal.running.held_command import can_be_held
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.store.own_runs import mark_own
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.system.environment import start_recording
from gage._internal.system.recording import cancel_all, collect_all
from gage._internal.types import PHASES

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
    # Its id is known before it exists: wherever an interrupt comes, it finds what to close.
    run = run_at(os.path.abspath(runs_home), make_id())
    try:
        recordings += [start_recording(operation.project_dir), *observer.recordings()]
        make_run(os.path.abspath(runs_home), run.id)
        if supervisor is not None and not needed and _may_be_held(operation):
            supervisor.prepare(run, list(operation.cmd.args))
        _define(run, operation, user_attrs or {}, system_attrs or {})
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
            start_run(run, started)
            observer.event("started", run)
        _record(run, recordings)
        return RecordedRun.of(run)
    except BaseException as error:
        _close_unstarted(run, error)
        if isinstance(error, KeyboardInterrupt):
            _stop_started(run, observer)
        raise
    finally:
        if supervisor is not None:
            supervisor.dismiss()
        cancel_all(recordings)  # does nothing to those that were collected


def _may_be_held(operation: Operation) -> bool:
    """Return whether the command can be started before the run is staged, and held back.

    Not if staging runs commands, which may change what the start of Python depends on. And only if
    Python heeds its environment here, as it then does for the same program without options.
    """
    flags = sys.flags
    return (
        can_be_held(operation.cmd)
        and not operation.below
        and not (flags.ignore_environment or flags.no_site)
        and not any(operation.opdef.command(phase.name) for phase in PHASES[:3])
    )


def _define(
    run: Run,
    operation: Operation,
    user_attrs: Mapping[str, Any],
    system_attrs: Mapping[str, Any],
) -> None:
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


def _close_unstarted(run: Run, error: BaseException) -> None:
    """Leave no run behind that seems to be still in the making, or to wait for its start.

    A run that has nothing recorded yet is removed. A run that was not staged, or was to be started
    and never will be, is recorded as failed. Any other run says itself what happened to it.
    """
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGINT})
    try:
        if not os.path.exists(run_meta_path(run, "initialized")):
            _remove(run)
        elif not _says_what_happened(run, error):
            from gage._internal.staging.failure import record_failure

            record_failure(run, error)
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _stop_started(run: Run, observer: Observer) -> None:
    if os.path.exists(run_meta_path(run, "started")) and observer.interrupt_means_stop():
        stop_run(run, by="interrupt")


def _says_what_happened(run: Run, error: BaseException) -> bool:
    if any(os.path.exists(run_meta_path(run, name)) for name in ("stopped", "started")):
        return True
    if isinstance(error, Exception) and os.path.exists(run_meta_path(run, "staged")):
        return True  # its start was refused: it can be started later
    return bool(live_processes(run))


def _remove(run: Run) -> None:
    from gage._internal.store.same_work import remove_run

    try:
        remove_run(run)
    except OSError:
        return  # `status` says that its making was interrupted


def _find_same(run: Run, observer: Observer, user_attrs: Mapping[str, Any]) -> RecordedRun | None:
    """Return a completed run that did the work of a staged run, which is then removed."""
    from gage._internal.store.same_work import describe, find_same, remove_run

    found, why = find_same(run)
    if found is None:
        log_runner(run, f"Needed: {why}")
        observer.needed(run, why)
        return None
    try:
        remove_run(run)
    except KeyboardInterrupt:
        remove_run(run)  # half of it would be a damaged run
        raise
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
