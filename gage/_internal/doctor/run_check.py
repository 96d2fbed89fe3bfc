"""Everything that can be wrong with one run, and its repair.

A run that is running is left alone. What concerns the run as a whole comes first; only if there is
nothing of that kind are its files looked at one by one.
"""

from __future__ import annotations

import json
import os
from functools import partial

from gage._internal.atomic import replace
from gage._internal.doctor.age import is_abandoned, is_settled
from gage._internal.doctor.finding import Finding
from gage._internal.doctor.log_check import log_findings
from gage._internal.doctor.manifest_check import manifest_findings
from gage._internal.doctor.output_check import output_findings
from gage._internal.doctor.quarantine import log_repair, set_aside
from gage._internal.errors import MetaError, RunStateError
from gage._internal.record.layout import run_at, run_meta_path
from gage._internal.record.run_meta import SCHEMA, check_schema, meta_opdef
from gage._internal.record.status import is_left_over, live_processes, read_status
from gage._internal.running.facts import FACTS, kept_facts, latest_change_ns, write_facts
from gage._internal.running.late_end import is_lost, record_late_end, record_lost_end
from gage._internal.running.summarize import has_packages_for_config
from gage._internal.staging.failure import record_failure
from gage._internal.store.trash import TRASH
from gage._internal.types import ENDED, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gage._internal.types import Status

__all__ = ["run_findings", "temporary_files"]

_SET_ASIDE = "it is moved to .damaged"
_ELSEWHERE = "started on another machine"


def run_findings(run: Run, home: str) -> list[Finding]:
    """Return what is wrong with a run."""
    try:
        if live_processes(run):
            return []
    except (MetaError, OSError, ValueError):
        pass  # it is damaged, which is found below
    if not (os.path.lexists(run.meta_dir) and os.path.lexists(run.run_dir)):
        return list(_of_half_a_run(run, home))
    status = read_status(run)
    whole = list(_of_unfinished_run(run, home, status))
    if whole:
        return whole
    found = [*_derived(run, home), *manifest_findings(run, home)]
    if status.name == "damaged" and not found:
        return [_of_damaged_run(run, home, status)]
    if status.name not in ENDED:
        return found
    found += [*output_findings(run, home), *log_findings(run, home), *_of_leftovers(run, home)]
    if status.name != "damaged":
        found += _of_facts(run, home)
    return found


def _of_half_a_run(run: Run, home: str) -> Iterator[Finding]:
    """Yield that a run lacks one of its directories, unless it may just be moved or made."""
    if is_settled(run.run_dir):
        problem = "a run directory without a side-car"
        yield _finding(run, home, run.run_dir, problem, _SET_ASIDE, _move_away)
    elif is_settled(run.meta_dir):
        yield _of_side_car_alone(run, home)


def _of_unfinished_run(run: Run, home: str, status: Status) -> Iterator[Finding]:
    if status.name == "pending" and is_abandoned(run.run_dir, run.meta_dir):
        if os.path.exists(run_meta_path(run, "initialized")):
            problem = "staging was interrupted: nothing has changed for an hour"
            remedy = "it is recorded as failed"
            yield _finding(run, home, run.meta_dir, problem, remedy, _fail)
        else:
            problem = "making it was interrupted: it has no definition"
            yield _finding(run, home, run.meta_dir, problem, _SET_ASIDE, _move_away)
    elif status.name not in ENDED or status.name == "damaged":
        return
    elif not os.path.exists(run_meta_path(run, "stopped")) and is_left_over(run):
        problem = f"its end is not recorded: {status.reason}"
        yield _finding(run, home, run.meta_dir, problem, "its end is recorded", _end)


def _of_side_car_alone(run: Run, home: str) -> Finding:
    deleted = run_at(os.path.join(home, TRASH), run.id)
    if os.path.isdir(deleted.run_dir) and not os.path.lexists(deleted.meta_dir):
        problem = "moving it to the trash, or back, was cut short"
        return _finding(run, home, run.meta_dir, problem, "it is in the trash then", _delete)
    problem = "a side-car without a run directory"
    return _finding(run, home, run.meta_dir, problem, _SET_ASIDE, _move_away)


def _of_damaged_run(run: Run, home: str, status: Status) -> Finding:
    problem = status.reason
    try:
        check_schema(run.meta_dir)
    except MetaError as error:
        if "(newer)" in str(error):
            remedy = "update gage: a newer one wrote it"
            return Finding(run.name, os.path.basename(run.meta_dir), problem, remedy)
    if _ELSEWHERE in problem:
        remedy = "if it has ended there, run gage doctor on that machine"
        return Finding(run.name, os.path.basename(run.meta_dir), problem, remedy)
    has_ended = os.path.lexists(run_meta_path(run, "stopped"))
    if not has_ended and not is_abandoned(run.run_dir, run.meta_dir):
        # Which processes it has may be what is damaged.
        remedy = "it may be running: examine it again when nothing of it has changed for an hour"
        return Finding(run.name, os.path.basename(run.meta_dir), problem, remedy)
    return _finding(run, home, run.meta_dir, problem, _SET_ASIDE, _move_away)


def _derived(run: Run, home: str) -> Iterator[Finding]:
    """Yield the files that a crash left empty, or that are gone, and whose content is known."""
    if not os.path.exists(run_meta_path(run, "initialized")):
        return
    for name, text in (("__schema__", SCHEMA), ("id", run.id), ("name", run.name)):
        path = run_meta_path(run, name)
        if not os.path.lexists(path) or (os.path.isfile(path) and not os.path.getsize(path)):
            write = partial(_write, name=name, text=text)
            yield _finding(run, home, path, "missing or empty", "it is written again", write)


def _of_leftovers(run: Run, home: str) -> Iterator[Finding]:
    """Yield what the supervisor would have removed: it holds nothing."""
    for name in _names(run_meta_path(run, "proc")):
        if name.partition(".")[0] in {"reserve", "finalizing"} and not name.endswith(".tmp"):
            path = run_meta_path(run, "proc", name)
            problem = "left behind by a supervisor that was killed"
            yield _finding(run, home, path, problem, "it is removed: it holds nothing", _remove)
    yield from temporary_files(run.name, run.meta_dir, home)


def temporary_files(name: str, directory: str, home: str) -> Iterator[Finding]:
    """Yield the files that a process was writing when it was killed."""
    for top, _, names in os.walk(directory):
        for file in names:
            path = os.path.join(top, file)
            if file.endswith(".tmp") and is_settled(path):
                yield Finding(
                    name,
                    os.path.relpath(path, home),
                    "a temporary file that a killed process left",
                    _SET_ASIDE,
                    mend=partial(_moved, home, path, "a temporary file"),
                )


def _of_facts(run: Run, home: str) -> Iterator[Finding]:
    if latest_change_ns(run.meta_dir) is None or not has_packages_for_config(meta_opdef(run)):
        return
    problem = ""
    try:
        text = kept_facts(run)
        if text is None:
            problem = "missing or out of date, which makes listing slower"
        else:
            json.loads(text)
    except ValueError as error:
        problem = f"expected JSON: {error}"
    if problem:
        path = run_meta_path(run, FACTS)
        yield _finding(run, home, path, problem, "it is made again", _write_facts)


def _finding(
    run: Run,
    home: str,
    path: str,
    problem: str,
    remedy: str,
    mend: Callable[[Run, str, str, str], str],
) -> Finding:
    shown = problem.removeprefix(f"{path}: ").replace(f"{home}{os.sep}", "")
    call = partial(mend, run, home, path, shown)
    return Finding(run.name, os.path.relpath(path, home), shown, remedy, mend=call)


# Repairs: each gets the run, the directory of runs, the path and the problem; returns what it did


def _move_away(run: Run, home: str, _path: str, problem: str) -> str:
    """Move both directories of a run away, the side-car last."""
    places = [
        set_aside(home, path, problem)
        for path in (run.run_dir, run.meta_dir)
        if os.path.lexists(path)
    ]
    aside = os.path.join(home, places[-1])
    if os.path.basename(run.meta_dir) == os.path.basename(aside) and not os.path.islink(aside):
        log_repair(
            Run(run.id, run.name, run.run_dir, aside),
            f"the run was moved to {places[0]}: {problem}",
        )
    return f"moved to {places[0]}"


def _moved(home: str, path: str, problem: str) -> str:
    return f"moved to {set_aside(home, path, problem)}"


def _delete(run: Run, home: str, _path: str, problem: str) -> str:
    deleted = run_at(os.path.join(home, TRASH), run.id)
    os.rename(run.meta_dir, deleted.meta_dir)
    log_repair(deleted, f"moved to the trash: {problem}")
    return f"in the trash: gage restore {run.name} brings it back"


def _fail(run: Run, _home: str, _path: str, problem: str) -> str:
    record_failure(run, RunStateError("staging was interrupted"))
    log_repair(run, f"recorded as failed: {problem}")
    return "recorded as failed"


def _end(run: Run, _home: str, _path: str, problem: str) -> str:
    if not (record_lost_end(run) if is_lost(run) else record_late_end(run)):
        raise RunStateError("there is no room, or another process is recording it")
    log_repair(run, f"its end was recorded: {problem}")
    status = read_status(run)
    return f"its end is recorded: {status.name}"


def _write(run: Run, _home: str, path: str, problem: str, *, name: str, text: str) -> str:
    replace(path, f"{text}\n".encode())
    log_repair(run, f"{name} was written again: {problem}")
    return "written again"


def _remove(run: Run, _home: str, path: str, _problem: str) -> str:
    os.unlink(path)
    log_repair(run, f"{os.path.relpath(path, run.meta_dir)} was removed")
    return "removed"


def _write_facts(run: Run, _home: str, path: str, problem: str) -> str:
    if os.path.isdir(path) and not os.path.islink(path):
        os.rmdir(path)
    write_facts(run)
    log_repair(run, f"facts.json was made again: {problem}")
    return "made again"


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
