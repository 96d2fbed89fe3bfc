"""The story of a batch: planned, its sources staged once, started under one supervisor.

plan_batch    plans which runs there will be; writes nothing
launch_batch  starts the batch; the supervisor makes its trials (`batch.supervisor`)
"""

from __future__ import annotations

import os
import sys

from gage._internal.atomic import replace
from gage._internal.batch.batch import Batch
from gage._internal.batch.record import (
    MADE,
    SCHEMA,
    TrialLog,
    batch_directory,
    batch_ids,
    live_keepers,
    read_plan,
    write_json,
)
from gage._internal.batch.rows import Rows
from gage._internal.batch.template import stage_template
from gage._internal.clock import make_id, now_us
from gage._internal.errors import ConfigError, MetaError, RunStateError, StoreError
from gage._internal.named import NamedTuple
from gage._internal.operations.configuring import read_configuration
from gage._internal.record.layout import run_meta_path
from gage._internal.record.status import live_processes
from gage._internal.running.runner import stop_run
from gage._internal.running.waiting_supervisor import ask_supervisor
from gage._internal.store.own_runs import mark_own_batch
from gage._internal.store.same_work import remove_directory, remove_run
from gage._internal.store.store import make_home
from gage._internal.system.environment import start_recording
from gage._internal.system.recording import cancel_all, collect_all
from gage._internal.types import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gage._internal.batch.plan import Plan, Request
    from gage._internal.config import Config
    from gage._internal.operations.options import RunOptions
    from gage._internal.system.recording import Recording
    from gage._internal.types import Operation


__all__ = ["PlannedBatch", "launch_batch", "plan_batch"]


class PlannedBatch(NamedTuple):
    """A plan of runs, with the request that it comes from."""

    operation: Operation
    request: Request
    plan: Plan
    config: Config


# Unlike a run's supervisor it is not isolated: it may need the user's packages (Optuna, formats).
_SUPERVISOR = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gage._internal.batch.supervisor import main; main(sys.argv[2])"
)


def plan_batch(
    operation: Operation,
    request: Request,
    source_dir: str | None = None,
    *,
    strict: bool = True,
) -> PlannedBatch:
    """Return the plan of a request for an operation; nothing is written.

    Parameters
    ----------
    operation
        An operation of `resolve_target`, without values.
    source_dir
        The directory of the files with the defaults, if that is not the project.

    Raises
    ------
    ConfigError
        If anything is wrong with the request; the error names all faults.
    GageError
        If Optuna is needed and not installed.
    """
    from gage._internal.batch.plan import make_plan

    if request.objective is not None:
        from gage._internal.batch.search import require_optuna

        require_optuna()
    directory = source_dir or operation.project_dir
    keys = dict.fromkeys(key for row in (request.given, *(request.rows or ())) for key in row)
    if not operation.opdef.config and not keys:
        raise ConfigError(
            f"expected values for {operation.opref.op_name} that vary, found none: k=[a, b]"
        )
    operation, config = read_configuration(operation, directory, keys)
    return PlannedBatch(operation, request, make_plan(config, request, strict=strict), config)


def launch_batch(
    planned: PlannedBatch,
    home: str,
    options: RunOptions,
    *,
    user_attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    recordings: Sequence[Recording] = (),
    on_phase: Callable[[str], None] | None = None,
) -> Batch:
    """Start a batch; return it when its supervisor is working. It does not need this process.

    Parameters
    ----------
    user_attrs, system_attrs
        The attributes of every run that are already known.
    recordings
        As in `launch`.
    on_phase
        A function that is called with the name of each phase of staging when it begins.

    Raises
    ------
    GageError
        If the sources cannot be staged or there is no room on the disk; nothing is left behind.
    RunStateError
        If the batch to be resumed is running, or its supervisor could not start.
    """
    if options.several.jobs < 1:
        raise ConfigError(f"expected at least 1 job, found {options.several.jobs}")
    recordings = [start_recording(planned.operation.project_dir), *recordings]
    batch_id = make_id()
    directory = batch_directory(home, batch_id)
    try:
        template = _stage(planned.operation, directory, on_phase)
        key = _key(planned, template)
        found = _same_batch(home, key) if options.several.resume else None
        if found is None:
            sys_attrs = {**(system_attrs or {}), **dict(collect_all(recordings))}
            plan = _plan_data(planned, batch_id, key, dict(user_attrs or {}), sys_attrs)
            _write(directory, "plan.json", plan)
        else:
            before = os.path.join(batch_directory(home, found), found)
            if not os.path.isdir(before):  # all trials had completed, and a run was deleted since
                os.rename(template.run_dir, before)
            _remove(directory, template)
            batch_id, directory = found, batch_directory(home, found)
    except BaseException:
        _remove(directory, Run(batch_id, "", os.path.join(directory, batch_id), ""))
        raise
    finally:
        cancel_all(recordings)  # those that were not collected
    batch = Batch(home, batch_id)
    if batch.counts().get("completed") == batch.count:
        _remove_template(batch)
    else:
        _start(batch, options)
    return batch


def _start(batch: Batch, options: RunOptions) -> None:
    """Start the supervisor of a batch; return when it is working."""
    directory = batch.directory
    if live_keepers(directory):
        raise RunStateError(
            f"batch {batch.name} is running: watch it with gage attach {batch.name}"
        )
    for run in batch.runs:
        if live_processes(run):  # left by supervisors that were killed
            stop_run(run, by="resume")
    mark_own_batch(_runs_made_from_now_on(directory))
    for name in ("stop", "supervisor"):
        try:
            os.unlink(os.path.join(directory, name))
        except FileNotFoundError:
            pass
    several = options.several
    how = {
        "jobs": several.jobs,
        "fail_fast": several.fail_fast,
        "resume": several.resume,
        "needed": options.needed,
    }
    write_json(directory, "start.json", how)
    package_home = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]
    answer = ask_supervisor([sys.executable, "-P", "-c", _SUPERVISOR, package_home, directory])
    if answer != "started":
        raise RunStateError(
            f"the supervisor of batch {batch.name} could not start: {answer or 'it died'}"
        )


def _runs_made_from_now_on(directory: str) -> Callable[[], set[str]]:
    """Return a function that returns the ids of the runs that a batch has made since now."""
    log = TrialLog(directory)
    log.update()  # what an earlier session made, of a batch that is resumed
    made: set[str] = set()

    def runs_made() -> set[str]:
        made.update(event.run_id for event in log.update() if event.event == MADE)
        return made

    return runs_made


def _stage(operation: Operation, directory: str, on_phase: Callable[[str], None] | None) -> Run:
    try:
        make_home(os.path.dirname(os.path.dirname(directory)))
        os.makedirs(directory)
    except OSError as error:
        raise StoreError(
            f"cannot make a batch in {directory}: {error.strerror}. Make it writable or name "
            "another directory of runs with GAGE_RUNS"
        ) from error
    return stage_template(operation, directory, on_phase)


def _key(planned: PlannedBatch, template: Run) -> str:
    """Return the digest of a request and its sources."""
    import json
    from hashlib import sha256

    operation = planned.operation
    data = [
        operation.opref.op_ns,
        operation.opref.op_name,
        operation.opdef.data,
        operation.cmd.args,
        operation.cmd.env,
        planned.request.identity(),
    ]
    digest = sha256(json.dumps(data, sort_keys=True).encode())
    with open(run_meta_path(template, "manifest"), "rb") as file:
        digest.update(file.read())
    return digest.hexdigest()


def _same_batch(home: str, key: str) -> str | None:
    """Return the newest batch with a key."""
    for batch_id in batch_ids(home):
        try:
            if read_plan(batch_directory(home, batch_id)).get("key") == key:
                return batch_id
        except MetaError:
            continue
    return None


def _plan_data(
    planned: PlannedBatch,
    batch_id: str,
    key: str,
    attrs: dict[str, Any],
    sys_attrs: dict[str, Any],
) -> dict[str, Any]:
    operation, plan = planned.operation, planned.plan
    defaults = {name: entry.value for name, entry in planned.config.items()}
    for trial in plan.trials:
        # What a trial does not have: arguments of unknown default, parts of what it replaces.
        defaults = {name: value for name, value in defaults.items() if name in trial.values}
    trials = []
    for trial in plan.trials:
        values = {
            name: value
            for name, value in trial.values.items()
            if name not in defaults or not _same(value, defaults[name])
        }
        data: dict[str, Any] = {"asked": trial.asked, "values": values}
        command = _command(planned, trial.values)
        if command != operation.cmd.args:
            data["command"] = command
        trials.append(data)
    return {
        "schema": SCHEMA,
        "id": batch_id,
        "key": key,
        "operation": operation.opref.op_name,
        "text": plan.text,
        "count": plan.count,
        "columns": list(plan.columns),
        "frame": rows.frame if isinstance(rows := planned.request.rows, Rows) else None,
        "seed": plan.seed,
        "objective": None if plan.objective is None else str(plan.objective),
        "space": {name: list(dist) for name, dist in plan.space.items()},
        "fixed": _plain(planned, plan.fixed),
        "defaults": defaults,
        "trials": trials,
        "attrs": attrs,
        "sys_attrs": sys_attrs,
        "project_dir": operation.project_dir,
        "created_us": now_us(),
    }


def _plain(planned: PlannedBatch, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values that every run of a search gets; other plans have them per trial."""
    if planned.plan.objective is None or not fixed:
        return {}
    from gage._internal.config import resolve_values

    values, _ = resolve_values(planned.config, fixed)
    before, _ = resolve_values(planned.config, {})
    return {
        name: value
        for name, value in values.items()
        if name not in before or not _same(value, before[name])
    }


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _command(planned: PlannedBatch, values: Mapping[str, Any]) -> list[str] | str:
    from gage._internal.config import with_values

    return with_values(planned.config, values, planned.operation.cmd.args)


def _write(directory: str, name: str, value: Any) -> None:
    import json

    data = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    try:
        replace(os.path.join(directory, name), data)
    except OSError as error:
        raise StoreError(f"cannot write {name} of a batch: {error.strerror}") from error


def _remove_template(batch: Batch) -> None:
    """Remove the sources of a batch of which nothing is missing."""
    try:
        remove_directory(os.path.join(batch.directory, batch.id))
    except OSError:
        return


def _remove(directory: str, template: Run) -> None:
    """Remove the files of a batch that could not be started."""
    try:
        remove_run(template)
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except OSError:
        return  # without a plan it is no batch: the remaining files do no harm
