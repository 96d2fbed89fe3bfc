"""A directory of runs: where it is, the runs in it, and finding a run by name, id or position."""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.errors import MetaError, RunNotFound, StoreError
from gage._internal.record.layout import META_SUFFIX, run_at
from gage._internal.record.run_meta import read_timestamp
from gage._internal.store.recorded_run import RecordedRun

__all__ = ["find_run", "is_run_id", "list_runs", "make_home", "run_ids", "runs_home"]

_ID_LENGTH = 36
_DASHES = (8, 13, 18, 23)
_LISTED_CHOICES = 8


def runs_home(directory: str | None = None) -> str:
    """Return the directory of runs for work in a directory (default: the current one).

    `$GAGE_RUNS`, else `$runs-dir` of the Gage file, else `.gage/runs` beside it, else
    `~/.gage/runs`. It need not exist.
    """
    named = os.environ.get("GAGE_RUNS")
    if named:
        return os.path.abspath(os.path.expanduser(named))
    from gage._internal.operations.gagefile import find_gagefile, load_gagefile, project_dir_of

    gagefile = find_gagefile(directory or os.getcwd())
    if gagefile is None:
        return os.path.join(os.path.expanduser("~"), ".gage", "runs")
    beside = project_dir_of(gagefile)
    try:
        with open(gagefile, "rb") as file:
            names_one = b"runs-dir" in file.read()
    except OSError:
        names_one = True  # loading the Gage file says what is wrong
    named = load_gagefile(gagefile).runs_dir if names_one else None
    return os.path.join(beside, os.path.expanduser(named or os.path.join(".gage", "runs")))


def make_home(home: str) -> None:
    """Make a directory of runs if it does not exist; Git ignores a new `.gage`.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if os.path.isdir(home):
        return
    above = os.path.dirname(os.path.abspath(home))
    is_new = os.path.basename(above) == ".gage" and not os.path.lexists(above)
    os.makedirs(home, exist_ok=True)
    if is_new:
        replace(os.path.join(above, ".gitignore"), b"*\n")


def list_runs(home: str) -> list[RecordedRun]:
    """Return every run in a directory of runs, the newest first; none if it does not exist.

    Runs that are damaged or unfinished are included: their status says so.

    Raises
    ------
    StoreError
        If the directory cannot be read.
    """
    runs = [_recorded(home, run_id) for run_id in run_ids(home)]
    return sorted(runs, key=_order, reverse=True)


def run_ids(home: str) -> dict[str, bool]:
    """Return the ids of all runs, each with whether its run directory exists.

    Raises
    ------
    StoreError
        If the directory of runs cannot be read.
    """
    try:
        names = set(os.listdir(home))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(
            f"cannot list the runs in {home}: {error.strerror}. Expected a directory of runs; "
            "name another with GAGE_RUNS"
        ) from error
    ids = {name.removesuffix(META_SUFFIX) for name in names}
    return {run_id: run_id in names for run_id in ids if is_run_id(run_id)}


def find_run(home: str, reference: str | int | None = None) -> RecordedRun:
    """Return the run that a reference names.

    A reference is a name, an id, a prefix of either, or a position in the listing (`1` is the
    newest). Default: the newest run. A number that can be a position is read as a position.

    Raises
    ------
    RunNotFound
        If there is no such run, or more than one; the message lists similar names.
    """
    text = "" if reference is None else str(reference).strip()
    if is_run_id(text) and os.path.isdir(os.path.join(home, text + META_SUFFIX)):
        return _recorded(home, text)
    runs = list_runs(home)
    if not runs:
        raise RunNotFound(f"there are no runs in {home}")
    if not text:
        return runs[0]
    exact = [run for run in runs if text in (run.name, run.id)]
    if not exact and text.isascii() and text.isdigit() and 1 <= int(text) <= len(runs):
        return runs[int(text) - 1]
    found = exact or [run for run in runs if run.name.startswith(text) or run.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RunNotFound(f"{len(found)} runs are named {text!r}: {_choices(found)}")
    raise RunNotFound(_not_found(text, runs))


def is_run_id(text: str) -> bool:
    """Return whether a string has the form of an id: a UUID in lower case."""
    return (
        len(text) == _ID_LENGTH
        and all(text[position] == "-" for position in _DASHES)
        and not text.replace("-", "").strip("0123456789abcdef")
    )


def _recorded(home: str, run_id: str) -> RecordedRun:
    return RecordedRun.of(run_at(home, run_id))


def _order(run: RecordedRun) -> tuple[int, str]:
    try:
        initialized_us = read_timestamp(run, "initialized")
    except (MetaError, OSError):
        initialized_us = None
    if initialized_us is None:
        try:
            initialized_us = os.stat(run.meta_dir).st_mtime_ns // 1000
        except OSError:
            initialized_us = 0
    return initialized_us, run.id


def _not_found(text: str, runs: list[RecordedRun]) -> str:
    from gage._internal.people import format_count
    from gage._internal.suggestions import near_misses

    if text.isascii() and text.isdigit():
        return f"there is no run {text}: positions go from 1 (the newest) to {len(runs)}"
    by_name = {run.name: run for run in runs}
    near = [by_name[name] for name in near_misses(text, list(by_name))]
    if near:
        return f"there is no run named {text!r}. Did you mean {_choices(near)}?"
    count = format_count(len(runs), "run")
    return f"there is no run named {text!r} among {count}: `gage runs` lists them"


def _choices(runs: list[RecordedRun]) -> str:
    texts = [f"{run.name} ({run.opref.op_name}, {run.id[:8]})" for run in runs[:_LISTED_CHOICES]]
    more = len(runs) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")
