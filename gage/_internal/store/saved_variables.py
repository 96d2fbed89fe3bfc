"""Variables that a run saved (`-o NAME`), loaded again at any later time.

They are files in the directory `outputs` beside the run's program, as `gage.inside.variables`
writes them. A file has to be what the run made. A pickle is loaded only for those who trust its
maker.
"""

from __future__ import annotations

import os

from gage._internal.errors import DependencyError
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import hash_file, read_manifest
from gage._internal.record.working_directory import directory_below, path_in_run
from gage._internal.store.own_runs import is_own
from gage._internal.suggestions import did_you_mean
from gage.inside.variables import OUTPUTS_DIR, SUFFIXES, read_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.types import Run

__all__ = ["load_variable"]


def load_variable(run: Run, name: str, *, trust: bool = False) -> Any:
    """Return a variable that a run saved.

    Parameters
    ----------
    trust
        Load a pickle of a run that this process did not make. Loading it runs whatever code its
        maker put in it.

    Raises
    ------
    DependencyError
        If the run saved no such variable, if the file has changed since, or if it is a
        pickle of a run that is not one's own.
    """
    outputs = path_in_run(directory_below(run), OUTPUTS_DIR)
    digests = {entry.path: entry.digest for entry in read_manifest(run_meta_path(run, "manifest"))}
    saved = {}
    for path in digests:
        stem, suffix = os.path.splitext(os.path.basename(path))
        if os.path.dirname(path) == outputs and suffix in SUFFIXES:
            saved[stem] = path
    if name not in saved:
        found = (
            f"it saved {', '.join(sorted(saved))}" if saved else "it saved none (`-o NAME` does)"
        )
        near = did_you_mean(name, saved)
        raise DependencyError(f"run {run.name} has no variable {name!r}: {found}. {near}".rstrip())
    path = os.path.join(run.run_dir, saved[name])
    if not os.path.isfile(path):
        raise DependencyError(f"{path}: the run made this file, but it is not there any more")
    if hash_file(path) != digests[saved[name]]:
        raise DependencyError(
            f"{path}: the file has changed since the run made it (its sha256 differs): "
            f"gage verify {run.name}"
        )
    if path.endswith(".pickle") and not (trust or is_own(run.id)):
        raise DependencyError(
            f"{path}: a pickle of a run that this session did not start. Loading it runs code that "
            "it holds: if you know where it is from, say so with `--trust` (trust=True)"
        )
    return read_value(path)
