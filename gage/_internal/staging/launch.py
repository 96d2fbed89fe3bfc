"""The story of a run: from an operation to a recorded result.

`launch` makes the run, stages it, starts it and waits for it; the phases are in `staging`, the
process in `runner`. What a caller wants to see of it on the way comes as events, by a parameter.
"""

from __future__ import annotations

import time

from gage._internal.errors import RunStateError, StoreError
from gage._internal.record.run_meta import log_note, log_runner, write_attr
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor
from gage._internal.staging.staging import init_run_meta, make_run, stage_run
from gage._internal.system.environment import start_recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from gage._internal.types import Operation, Run

    class Recording(Protocol):
        """Something that is being found out; `collect` gives attributes and waits no longer."""

        def collect(self, deadline_s: float) -> dict[str, Any]: ...

        def cancel(self) -> None: ...


__all__ = ["launch"]

_RECORDING_DEADLINE_S = 0.2


def launch(  # noqa: PLR0913  # one story, and what may differ in it
    operation: Operation,
    runs_home: str,
    *,
    attrs: Mapping[str, Any] | None = None,
    recordings: Sequence[Recording] = (),
    on_event: Callable[[str, Run], None] | None = None,
    stage_only: bool = False,
    background: bool = False,
    supervisor: WaitingSupervisor | None = None,
    needed: bool = False,
) -> Run:
    """Run an operation; return its run, ended unless `stage_only` or `background`.

    Parameters
    ----------
    attrs
        The user's attributes of the run, by name.
    recordings
        What else is recorded about the system, beside Python, platform, packages and git. They
        go on while the run is staged and started, and are given 200 ms after that.
    supervisor
        One that the caller has started already; it is told the run, or dismissed.
    on_event
        Called with `made`, the name of each phase of staging as it begins, and `started`, each
        with the run; with `found` and the run that is returned instead (`needed`).
    needed
        Whether a completed run that has done the same is returned instead of a new one; what was
        staged to find that out is removed.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt; the run was stopped then.
    """
    if supervisor is None and not stage_only:
        supervisor = WaitingSupervisor()
    recordings = [start_recording(operation.project_dir), *recordings]
    tell = on_event or (lambda _event, _run: None)
    try:
        run = _make(operation, runs_home, attrs or {})
        tell("made", run)
        stage_run(
            operation.project_dir,
            run,
            given=operation.given,
            on_phase=lambda phase: tell(phase, run),
        )
        found = _find_same(run) if needed else None
    except BaseException:
        if supervisor is not None:
            supervisor.dismiss()
        for recording in recordings:
            recording.cancel()
        raise
    if found is not None:
        if supervisor is not None:
            supervisor.dismiss()
        for recording in recordings:
            recording.cancel()
        tell("found", found)
        return found
    if stage_only:
        _record(run, recordings)
        return run
    try:
        start_run(run, supervisor)
        tell("started", run)
        _record(run, recordings)
        if not background:
            wait_for_run(run)
    except KeyboardInterrupt:
        try:
            stop_run(run, by="interrupt")
        except RunStateError:
            pass  # interrupted before there was anything to stop
        raise
    finally:
        for recording in recordings:
            recording.cancel()  # those that nobody collected
    return run


def _make(operation: Operation, runs_home: str, attrs: Mapping[str, Any]) -> Run:
    run = make_run(runs_home)
    init_run_meta(run, operation.opref, operation.opdef, operation.config, operation.cmd)
    try:
        for name, value in attrs.items():
            write_attr(run, "user", name, value)
        for note in operation.notes:
            log_note(run, note)
    except OSError as error:
        raise StoreError(f"cannot write {error.filename}: {error.strerror}") from error
    return run


def _find_same(run: Run) -> Run | None:
    """Return a completed run that has done what a staged one is going to do, which is removed."""
    from gage._internal.store.same_work import find_same, remove_run

    found = find_same(run)
    if found is not None:
        remove_run(run)
    return found


def _record(run: Run, recordings: Sequence[Recording]) -> None:
    end = time.monotonic() + _RECORDING_DEADLINE_S
    for recording in recordings:
        for name, value in recording.collect(max(0.0, end - time.monotonic())).items():
            try:
                write_attr(run, "sys", name, value)
            except OSError as error:
                # The run goes on without it: what it uses and makes is recorded elsewhere.
                _log_if_possible(run, f"Cannot record {name}: {error.strerror}")


def _log_if_possible(run: Run, message: str) -> None:
    try:
        log_runner(run, message)
    except OSError:
        return  # there is no room for this line either
