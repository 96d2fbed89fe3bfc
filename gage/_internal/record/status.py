"""The status of a run, from its side-car and the machine's processes."""

from __future__ import annotations

import os

from gage._internal.errors import MetaError
from gage._internal.process.identity import Identity, decode_identity, is_alive, is_local
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.place import is_command_of, is_keeper_in
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import (
    check_schema,
    meta_config,
    meta_opcmd,
    meta_opdef,
    meta_opref,
    read_timestamp,
    run_for_meta_dir,
)
from gage._internal.record.stop_request import read_stop_request
from gage._internal.types import Run, Status

__all__ = [
    "is_left_over",
    "live_command",
    "live_processes",
    "live_supervisors",
    "read_exit_code",
    "read_status",
    "run_status",
    "signal_name",
]


def run_status(run: Run) -> str:
    """Return the run's status, one of `types.STATUSES`."""
    return read_status(run).name


def read_status(run: Run) -> Status:
    """Return the run's status with its reason; never raises.

    A run is `running` only if one of its processes is alive: the one with the recorded pid, start
    time and boot. A run without a recorded end whose processes are gone is `terminated`.
    """
    try:
        return _read_status(run)
    except (MetaError, OSError, ValueError) as error:
        return Status("damaged", str(error))


def live_processes(run: Run) -> list[Identity]:
    """Return the run's supervisor, keeper and command, those that are alive."""
    command = live_command(run)
    return live_supervisors(run) + ([] if command is None else [command])


def live_supervisors(run: Run) -> list[Identity]:
    """Return the run's supervisor and keeper, those that are alive."""
    home = os.path.dirname(run.meta_dir)
    return [
        identity
        for identity in _identities(run, "supervisor")
        if is_alive(identity) and is_keeper_in(identity, home)
    ]


def live_command(run: Run) -> Identity | None:
    """Return the process of the run's command, if it is alive."""
    for identity in _identities(run, "command"):
        if is_alive(identity) and is_command_of(identity, run.run_dir):
            return identity
    return None


def is_left_over(run: Run) -> bool:
    """Return whether a run was started on this machine, by processes that are gone.

    It is not the copy of a run that is running elsewhere, nor one that nobody has started.
    """
    found = _processes(run)
    return bool(found) and all(is_local(each) and not is_alive(each) for each in found)


def read_exit_code(run: Run) -> int | None:
    """Return the recorded exit code (below 0 for a signal), or None if none is recorded."""
    text = read_text(run, "proc", "exit")
    if text is None or not text.endswith("\n"):
        return None
    digits = text.strip()
    if not (digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 11):
        path = run_meta_path(run, "proc", "exit")
        raise MetaError(f"{path}: expected an exit code, found {text[:40]!r}")
    return int(digits)


def _read_status(run: Run) -> Status:
    if not os.path.isdir(run.meta_dir):
        return Status("damaged", f"{run.meta_dir}: the side-car is missing")
    _check_side_car(run)
    if not (read_text(run, "initialized") or "").strip():  # a crash leaves it empty
        check_schema(run.meta_dir)
        if os.path.exists(run_meta_path(run, "staged")):
            path = run_meta_path(run, "initialized")
            return Status("damaged", f"{path}: missing, but the run was staged")
        return Status("pending", "not initialised: it is being made, or that was interrupted")
    run_for_meta_dir(run.meta_dir)  # raises for another version or a damaged id
    read_timestamp(run, "initialized")
    meta_opref(run)
    if read_timestamp(run, "stopped") is not None:
        return _ended_well_recorded(run)
    # In this order: a run records its processes before it is started.
    started = read_timestamp(run, "started")
    processes = _processes(run)
    if live_processes(run):
        if started is None:
            return Status("staged", "starting")
        return Status("running")
    _check_run_dir(run)
    # The processes may have written `stopped` and ended since it was read.
    if read_timestamp(run, "stopped") is not None:
        return _ended_well_recorded(run)
    if any(not is_local(identity) for identity in processes):
        return Status("damaged", "no end is recorded, and it was started on another machine")
    if read_exit_code(run) is not None:
        ended = _ended(run)
        reason = ", ".join(filter(None, [ended.reason, "not finalised"]))
        return Status(ended.name, reason, ended.exit_code)
    if started is not None and any(map(is_alive, processes)):
        return Status("terminated", "a copy, made while it was running: the original has its end")
    if started is not None:
        return Status("terminated", "its processes are gone and left no exit code")
    if processes and os.path.exists(run_meta_path(run, "output", RUN_OUTPUT)):
        return Status("terminated", "its supervisor was killed while it started the command")
    # A file that is there and empty is being written, or a crash has left it so.
    if (read_text(run, "staged") or "").strip() and read_timestamp(run, "staged") is not None:
        _check_definition(run)
        return Status("staged")
    return Status("pending", "not staged: it is being staged, or that was interrupted")


def _check_side_car(run: Run) -> None:
    """Raise an error if the side-car, or a part of it that a running run writes to, is a link."""
    for path in (run.meta_dir, *(run_meta_path(run, name) for name in ("proc", "log", "output"))):
        if os.path.islink(path):
            raise MetaError(f"{path}: a link has taken the place of a directory of the side-car")


def _check_run_dir(run: Run) -> None:
    """Raise an error if the run directory is missing or is another one."""
    if not os.path.isdir(run.run_dir):
        raise MetaError(f"{run.run_dir}: the run directory is missing")
    if os.path.islink(run.run_dir):
        raise MetaError(f"{run.run_dir}: a link has taken the place of the run directory")


def _ended_well_recorded(run: Run) -> Status:
    """Return the status of a finalised run, whose record has to be complete."""
    _check_run_dir(run)
    if not any(os.path.exists(run_meta_path(run, name)) for name in ("staged", "started")):
        return _ended(run)  # its staging failed, so its record is not complete
    if not os.path.exists(run_meta_path(run, "manifest")):
        raise MetaError(f"{run_meta_path(run, 'manifest')}: missing, but the run has ended")
    if read_timestamp(run, "staged") is None:
        raise MetaError(f"{run_meta_path(run, 'staged')}: missing, but the run has ended")
    read_timestamp(run, "started")
    _check_definition(run)
    return _ended(run)


def _check_definition(run: Run) -> None:
    """Raise an error if what the run is cannot be read: its operation, configuration, command."""
    meta_opdef(run)
    meta_config(run)
    meta_opcmd(run)


def _ended(run: Run) -> Status:
    exit_code = read_exit_code(run)
    asked_by = _asked_by(run)
    reasons = [f"stopped by {asked_by}"] if asked_by else []
    reasons += filter(None, [(read_text(run, "proc", "reason") or "").strip()])
    if exit_code is None:
        return Status("terminated", ", ".join(reasons) or "exit code not known", None)
    if exit_code < 0:
        reasons.append(f"ended by signal {signal_name(-exit_code)}")
        return Status("terminated", ", ".join(reasons), exit_code)
    if asked_by is not None:
        reasons.append(f"exit code {exit_code}")
        return Status("terminated", ", ".join(reasons), exit_code)
    if exit_code == 0:
        return Status("completed", ", ".join(reasons), 0)
    return Status("error", ", ".join(reasons) or f"exit code {exit_code}", exit_code)


def _asked_by(run: Run) -> str | None:
    request = read_stop_request(run_meta_path(run, "proc", "stop"), strict=True)
    return None if request is None else request.by


def signal_name(number: int) -> str:
    """Return the name of a signal, `SIGKILL` for 9, or its number if it has no name."""
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _processes(run: Run) -> list[Identity]:
    return _identities(run, "supervisor") + _identities(run, "command")


def _identities(run: Run, name: str) -> list[Identity]:
    text = read_text(run, "proc", name) or ""
    return [decode_identity(line) for line in text.split("\n")[:-1]]
