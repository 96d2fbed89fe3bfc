"""Finding a completed run that did the same work, for `--needed`.

Two runs do the same work if they have the same operation, command, configuration, environment set
by the operation, and digests of staged files (source code, dependencies, runtime). Of a notebook
that is run, only the code cells count: its outputs, Markdown and metadata change without any
change of what it does. A run whose files are not as its manifest says does not count.
"""

from __future__ import annotations

import os

from gage._internal.errors import TargetError
from gage._internal.guarded import read_regular
from gage._internal.record.layout import META_SUFFIX, run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.record.run_meta import meta_opref
from gage._internal.record.status import read_status
from gage._internal.record.working_directory import directory_below, path_in_run
from gage._internal.store.store import list_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.types import Run

__all__ = [
    "CompletedWork",
    "describe",
    "find_same",
    "remove_directory",
    "remove_run",
    "work_digest",
]

_PARTS = ("opref", "proc/cmd", "proc/env", "config.json")


def work_digest(run: Run) -> str | None:
    """Return a digest of the work of a staged run, None for a run that is not staged."""
    from hashlib import sha256

    digest = sha256()
    try:
        for name in _PARTS:
            data = read_regular(run_meta_path(run, *name.split("/")))
            digest.update(b"%d " % len(data) + data)
    except OSError:
        return None
    entries = read_manifest(run_meta_path(run, "manifest"))
    staged = sorted(entry for entry in entries if entry.type != "g")
    if not os.path.exists(run_meta_path(run, "staged")):
        return None
    target = _notebook_target(run)
    for type_, whole_digest, path in staged:
        file_digest = whole_digest if path != target else _code_digest(run, path, whole_digest)
        digest.update(f"{type_} {file_digest} {path}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _notebook_target(run: Run) -> str:
    """Return the path of the notebook that a run executes, "" if it executes something else."""
    opref = meta_opref(run)
    return path_in_run(directory_below(run), opref.op_name) if opref.op_ns == "notebook" else ""


def _code_digest(run: Run, path: str, whole_digest: str) -> str:
    """Return the digest of a notebook's code, without its outputs and Markdown."""
    from gage._internal.sources.cell_text import code_digest

    try:
        return code_digest(read_regular(os.path.join(run.run_dir, path)), path)
    except (OSError, TargetError):
        return whole_digest


class CompletedWork:
    """The completed runs of an operation by their work.

    `like` is a run of the operation, or a template of such a run.
    """

    def __init__(self, home: str, like: Run) -> None:
        opref = _opref(like)
        self._runs: list[RecordedRun] = []
        self._by_digest: dict[str, list[RecordedRun]] = {}
        self._damage: dict[str, str] = {}
        for run in list_runs(home):
            if run.id == like.id or _opref(run) != opref or read_status(run).name != "completed":
                continue
            self._runs.append(run)
            digest = work_digest(run)
            if digest is not None:
                self._by_digest.setdefault(digest, []).append(run)

    def same(self, run: Run) -> tuple[RecordedRun | None, str]:
        """Return the newest run that did what a staged run is going to do, and still has its files.

        Where there is none, also why, in words: what is damaged of it, or what differs.
        """
        from gage._internal.store.work_difference import damage_text, difference_text

        why = []
        for found in self._by_digest.get(work_digest(run) or "", ()):
            if found.id not in self._damage:
                self._damage[found.id] = damage_text(found)
            if not self._damage[found.id]:
                return found, ""
            why.append(f"{found.name} has done the same, but {self._damage[found.id]}")
        return None, "; ".join(why) or difference_text(run, self._runs)


def find_same(run: Run) -> tuple[RecordedRun | None, str]:
    """Return the newest completed run that did the work of a staged run, else why there is none."""
    return CompletedWork(os.path.dirname(run.run_dir), run).same(run)


def describe(found: RecordedRun, user_attrs: Mapping[str, Any]) -> None:
    """Give a run that was found the label and the tags that a new one would have had."""
    if user_attrs.get("label") is not None:
        found.set_label(user_attrs["label"])
    if user_attrs.get("tags"):
        found.add_tags(*user_attrs["tags"])


def remove_run(run: Run) -> None:
    """Remove a run that was never started, with all its files."""
    # The side-car goes last: while it exists, the run is listed with its status.
    for directory in (run.run_dir, run.run_dir + META_SUFFIX):
        remove_directory(directory)


def remove_directory(directory: str) -> None:
    """Remove a directory with all its files, or a link in its place; it need not exist."""
    if os.path.islink(directory):
        os.unlink(directory)
        return
    for path, directories, files in os.walk(directory, topdown=False):
        for name in files:
            os.unlink(os.path.join(path, name))
        for name in directories:
            full_path = os.path.join(path, name)
            if os.path.islink(full_path):
                os.unlink(full_path)
            else:
                os.rmdir(full_path)
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        return


def _opref(run: Run) -> bytes | None:
    try:
        return read_regular(run_meta_path(run, "opref"))
    except OSError:
        return None
