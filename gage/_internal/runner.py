"""From a staged run to an ended one: start it, wait for it, stop it."""

from __future__ import annotations

import os
import time

from gage._internal.atomic import replace
from gage._internal.capture import OutputReader
from gage._internal.clock import now_us
from gage._internal.errors import RunFailed, RunStateError
from gage._internal.process import (
    is_alive,
    send_signal,
    spawn_supervisor,
    stop_group,
    wait_for_exit,
)
from gage._internal.run_meta import encode_json, run_meta_path
from gage._internal.status import live_processes, read_status
from gage._internal.types import Run, Status

__all__ = ["DEFAULT_GRACE_S", "check_run", "last_lines", "start_run", "stop_run", "wait_for_run"]

DEFAULT_GRACE_S = 5.0
_ENDED = ("completed", "error", "terminated", "damaged")


def start_run(run: Run) -> None:
    """Start a staged run under a supervisor of its own; return when its command runs.

    The run does not need this process any more. A command that cannot be started ends the run
    with status `error`; that is not an error here.

    Raises
    ------
    RunStateError
        If the run is not staged, or was started before.
    """


def wait_for_run(run: Run, timeout_s: float | None = None) -> Status:
    """Wait until the run has ended and is finalised; return its status.

    After `timeout_s` seconds returns the status that the run has then. Any number of processes
    can wait for a run. An interrupt (`KeyboardInterrupt`) ends the waiting, not the run.
    """
