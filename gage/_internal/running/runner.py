"""From an initialised run to an ended one: staging, starting, waiting, stopping."""

from __future__ import annotations

import os
import time

from gage._internal.errors import MetaError, RunFailed, RunStateError
from gage._internal.output.own_paths import shorten_paths_in
from gage._internal.output.reader import OutputReader
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.stopping import GRACE_S, stop_group
from gage._internal.record.layout import OUTPUTS, run_meta_path
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.status import live_command, live_processes, live_supervisors, read_status
from gage._internal.record.stop_request import make_stop_request, write_stop_request
from gage._internal.running.finalize import finalize_run
from gage._internal.running.waiting_supervisor import WaitingSupervisor, reap
from gage._internal.types import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.process.identity import Identity
    from gage._internal.types import Run, Status

__all__ = [
    "check_run",
    "last_lines",
    "start_run",
    "stop_run",
    "wait_for_run",
]

_SIGTERM = 15
_STEP_S = 1.0
_TAIL_BYTES = 8192


def start_run(run: Run, supervisor: WaitingSupervisor | None = None) -> None:
    """Start a staged run under its own supervisor; return when its command is running.

    From then on, the run does not need this process. A command that cannot be started ends the run
    with status `error`; that raises no error here.

    Raises
    ------
    RunStateError
        If the run is not staged, was started before, or its supervisor could not start.
    """
    if supervisor is None:  # one that waits says itself that a run is not staged
        status = read_status(run)
        if status.name != "staged" or live_processes(run):
            raise RunStateError(
                f"run {run.name} is {status.name}: only a staged run can be started"
            )
    answer = (supervisor or WaitingSupervisor()).start(run)
    if not answer and supervisor is not None and _is_untouched(run):
        # The supervisor was killed while it waited, which may have been long.
        answer = WaitingSupervisor().start(run)
    if answer.startswith("refused") or (not answer and read_status(run).name not in ENDED):
        raise RunStateError(
            f"the supervisor of run {run.name} could not start: {answer or 'it died'}"
        )


def wait_for_run(run: Run, timeout_s: float | None = None) -> Status:
    """Wait until the run has ended and is finalised; return its status.

    After `timeout_s` seconds, return the run's present status. Any number of processes can wait for
    a run. An interrupt (`KeyboardInterrupt`) ends the waiting, not the run.

    Raises
    ------
    RunStateError
        If the run is neither running nor ended: the waiting would never end.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        status = read_status(run)
        # A damaged run may still be running.
        may_live = status.name not in ENDED or status.name == "damaged"
        processes = _processes(run) if may_live else []
        if status.name not in {*ENDED, "running"} and not processes:
            status = read_status(run)  # it may have begun and ended between the two looks
        if status.name in ENDED and not processes:
            reap()
            return status
        if status.name != "running" and not processes:
            raise RunStateError(f"run {run.name} is {status.name}: nothing to wait for")
        left_s = _STEP_S if deadline is None else min(_STEP_S, deadline - time.monotonic())
        if left_s <= 0:
            return status
        if processes:
            wait_for_exit(processes[0], left_s)


def stop_run(run: Run, by: str = "user", grace_s: float = GRACE_S) -> Status:
    """Stop a running run and wait until it is finalised; return its status.

    Its process group gets SIGINT, after `grace_s` seconds SIGTERM, and after another `grace_s`
    seconds SIGKILL. `by` is recorded as the source of the request. An ended run keeps its status.

    Raises
    ------
    RunStateError
        If the run was never started.
    """
    processes = _processes(run)
    status = read_status(run)
    if status.name in ENDED and not (status.name == "damaged" and processes):
        return status
    if not processes:
        raise RunStateError(f"run {run.name} is {status.name}: there is nothing to stop")
    path = run_meta_path(run, "proc", "stop")
    write_stop_request(path, make_stop_request(by, grace_s))
    if read_timestamp(run, "stopped") is not None:
        _remove(path)  # the run had ended by itself: the request did not end it
        return wait_for_run(run)
    supervisors = live_supervisors(run)
    for supervisor in supervisors[:1]:
        kill(supervisor, _SIGTERM)
    if supervisors:
        return wait_for_run(run)
    # Both the supervisor and its keeper were killed: the run's other processes are stopped here.
    command = live_command(run)
    if command is not None:
        stop_group(command, grace_s)
    finalize_run(run, None)
    return read_status(run)


def _processes(run: Run) -> list[Identity]:
    """Return the live processes of a run, none if what names them is damaged."""
    try:
        return live_processes(run)
    except (MetaError, OSError, ValueError):
        return []


def _is_untouched(run: Run) -> bool:
    return read_status(run).name == "staged" and not live_processes(run)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass  # the run's supervisor has removed it already


def check_run(run: Run, hint: str = "") -> None:
    """Raise an error that says how the run failed, if it did.

    Raises
    ------
    RunFailed
        If the run ended with any status but `completed`.
    """
    status = read_status(run)
    if status.name in ENDED and status.name != "completed":
        tail = shorten_paths_in(last_lines(run), run.run_dir)
        raise RunFailed(run.name, status.name, status.exit_code, status.reason, tail, hint)


def last_lines(run: Run, count: int = 20) -> str:
    """Return the last lines that the run printed, at most 8 kB.

    If the run never started, they are from the last phase of staging that printed anything.
    """
    for output in reversed(list(OUTPUTS.values())[:-1]):
        reader = OutputReader(run_meta_path(run, "output", output))
        if reader.size_bytes:
            return reader.last_lines(count, _TAIL_BYTES)
    return ""
