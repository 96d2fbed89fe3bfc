"""The story of a run: from what was asked for to a recorded result.

`launch` makes the run, stages it, starts it and waits for it; the phases are in `staging`, the
process in `runner`. What a caller wants to see of it on the way comes as events, by a parameter.
"""

from __future__ import annotations

from gage._internal.environment import start_recording
from gage._internal.run_meta import write_attr
from gage._internal.runner import start_run, stop_run, wait_for_run
from gage._internal.staging import init_run_meta, make_run, stage_run
from gage._internal.types import Operation, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["launch", "prepare"]

_ENVIRONMENT_DEADLINE_S = 0.2


def launch(
    operation: Operation,
    runs_home: str,
    *,
    attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    on_event: Callable[[str, Run], None] | None = None,
    stage_only: bool = False,
    background: bool = False,
) -> Run:
    """Run an operation; return its run, ended unless `stage_only` or `background`.

    `on_event` is called with `made`, the name of each phase as it begins, and `started`, each
    with the run. An interrupt while the run is waited for stops it and goes on to the caller.
    """
    run = prepare(operation, runs_home, attrs=attrs, system_attrs=system_attrs, on_event=on_event)
    if stage_only:
        return run
    start_run(run)
    if on_event is not None:
        on_event("started", run)
    if not background:
        try:
            wait_for_run(run)
        except KeyboardInterrupt:
            stop_run(run, by="interrupt")
            raise
    return run


def prepare(
    operation: Operation,
    runs_home: str,
    *,
    attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    on_event: Callable[[str, Run], None] | None = None,
) -> Run:
    """Make and stage a run of an operation, with the user's and the system's attributes."""
    recording = start_recording(operation.project_dir)
    run = make_run(runs_home)
    init_run_meta(run, operation.opref, operation.opdef, operation.config, operation.cmd)
    for name, value in (attrs or {}).items():
        write_attr(run, "user", name, value)
    if on_event is not None:
        on_event("made", run)
    try:
        for name, value in (system_attrs or {}).items():
            write_attr(run, "sys", name, value)
        stage_run(
            operation.project_dir,
            run,
            given=operation.given,
            on_phase=None if on_event is None else lambda phase: on_event(phase, run),
        )
    except BaseException:
        recording.cancel()
        raise
    for name, value in recording.collect(_ENVIRONMENT_DEADLINE_S).items():
        write_attr(run, "sys", name, value)
    return run
