"""What can be wrong with the batches of a directory of runs."""

from __future__ import annotations

import os
from functools import partial

from gage._internal.batch.record import batch_directory, live_keepers, read_plan
from gage._internal.clock import name_for_id
from gage._internal.doctor.age import is_abandoned
from gage._internal.doctor.finding import Finding
from gage._internal.doctor.quarantine import set_aside
from gage._internal.doctor.run_check import temporary_files
from gage._internal.errors import MetaError
from gage._internal.record.layout import BATCHES
from gage._internal.store.store import is_run_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["batch_findings"]

_OF_ANOTHER_GAGE = "expected version"


def batch_findings(home: str) -> list[Finding]:
    """Return what is wrong with the batches; their runs are examined as all others."""
    try:
        names = sorted(os.listdir(os.path.join(home, BATCHES)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found for name in names if is_run_id(name) for found in _of_batch(home, name)]


def _of_batch(home: str, batch_id: str) -> Iterator[Finding]:
    directory = batch_directory(home, batch_id)
    if live_keepers(directory):
        return
    name = name_for_id(batch_id)
    if not any(os.path.lexists(os.path.join(directory, file)) for file in ("plan.json", "trials")):
        if is_abandoned(directory):
            problem = "a batch without a plan: making it was interrupted"
            yield _finding(name, home, directory, problem)
        return
    try:
        read_plan(directory)
    except MetaError as error:
        problem = str(error).removeprefix(f"{os.path.join(directory, 'plan.json')}: ")
        if problem.startswith(_OF_ANOTHER_GAGE):
            remedy = "read it with the gage that wrote it"
            yield Finding(name, os.path.relpath(directory, home), problem, remedy)
        elif is_abandoned(directory):
            yield _finding(name, home, directory, problem)
    yield from temporary_files(name, directory, home)


def _finding(name: str, home: str, directory: str, problem: str) -> Finding:
    return Finding(
        name,
        os.path.relpath(directory, home),
        problem,
        "it is moved to .damaged; its runs stay",
        mend=partial(_move_away, home, directory, problem),
    )


def _move_away(home: str, directory: str, problem: str) -> str:
    return f"moved to {set_aside(home, directory, problem)}"
