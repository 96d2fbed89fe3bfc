"""The dependencies of an operation: files of its project and files that other runs made.

    depends = "data/*.csv"                          files of the project, by pattern
    depends = { files = ["data/*.csv"] }            the same
    depends = { run = "prepare" }                   files that its newest completed run made
    depends = { run = "prepare", files = "*.csv" }  only these of them

`run` names an operation of the same project or, if the project has run no such operation, a run.
Runs of other projects in the same directory of runs have to be named by their own name or id. In
gage 0.1 the key is `run-select`.
"""

from __future__ import annotations

import os

from gage._internal.errors import DependencyError, RunNotFound
from gage._internal.quoting import quote
from gage._internal.record.file_log import current_files, read_events
from gage._internal.record.layout import home_of
from gage._internal.record.manifest import hash_file
from gage._internal.record.run_meta import read_attr, write_attr
from gage._internal.sources.copying import Copied, copy_files
from gage._internal.sources.matching import match_path
from gage._internal.sources.parsing import parse_pattern
from gage._internal.sources.selection import select_sourcecode
from gage._internal.store.store import find_run, list_runs
from gage._internal.text import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gage._internal.sources.selection import Selection
    from gage._internal.store.recorded_run import RecordedRun
    from gage._internal.types import Data, Run

__all__ = ["copy_dependencies", "planned_dependencies"]

_MOST_SHOWN = 8


def copy_dependencies(
    project_dir: str, run: Run, tables: Sequence[Data]
) -> tuple[list[Copied], list[str]]:
    """Copy the files of the tables of `depends` into a run; return the copies and notes.

    Files from other runs are recorded in `sys/dependencies`, a list of `{"path", "run", "name",
    "operation"}`.

    Raises
    ------
    DependencyError
        If a pattern matches no file, there is no such run, a file of a run differs from its
        manifest, or the project's source code has another file in its place.
    """
    copied: list[Copied] = []
    notes: list[str] = []
    origins: list[dict[str, Any]] = []
    for table in tables:
        if _is_summary(table):
            notes.append(_ignored(table))
            continue
        source = _source_run(project_dir, home_of(run.run_dir), table)
        if source is None:
            found, found_notes = _copy_project_files(project_dir, run, table)
        else:
            found, found_notes = _copy_run_files(source, run, table)
            origins += [_origin(file.path, source) for file in found]
        copied += found
        notes += found_notes
    if origins:
        write_attr(run, "sys", "dependencies", origins)
    return copied, notes


def planned_dependencies(project_dir: str, home: str, tables: Sequence[Data]) -> list[str]:
    """Return a line for each file that `depends` would copy, and for each that is missing.

    `home` is the directory in which the run would be made.
    """
    lines: list[str] = []
    for table in tables:
        if _is_summary(table):
            lines.append(_ignored(table))
            continue
        try:
            source = _source_run(project_dir, home, table)
            if source is None:
                lines += map(quote, _project_files(project_dir, table).paths)
            else:
                lines += [
                    f"{quote(path)}, from run {source.name}" for path in _run_files(source, table)
                ]
        except DependencyError as error:
            lines.append(str(error))
    return lines


def _copy_project_files(project_dir: str, run: Run, table: Data) -> tuple[list[Copied], list[str]]:
    selection = _project_files(project_dir, table)
    wanted, there = _not_there(run, selection.paths)
    return copy_files(project_dir, run.run_dir, wanted), [*selection.notes, *there]


def _project_files(project_dir: str, table: Data) -> Selection:
    patterns = _patterns(table)
    if not patterns:
        raise DependencyError(f"expected `files` or `run` in a dependency, found {table}")
    for pattern in patterns:
        if not pattern.startswith("-") and not select_sourcecode(project_dir, [pattern]).paths:
            raise DependencyError(
                f"a dependency is missing: no file of {project_dir} matches {pattern!r}. "
                "Make the file, or correct the pattern in `depends`"
            )
    return select_sourcecode(project_dir, patterns)


def _copy_run_files(source: RecordedRun, run: Run, table: Data) -> tuple[list[Copied], list[str]]:
    made = _run_files(source, table)
    wanted, notes = _not_there(run, list(made))
    missing = [path for path in wanted if not os.path.isfile(os.path.join(source.run_dir, path))]
    if missing:
        raise DependencyError(
            f"files of run {source.name} are gone: {_listed(missing)}. "
            f"Run {source.opref.op_name} again"
        )
    _check_source_code(run, source, {path: made[path] for path in made if path not in wanted})
    copied = copy_files(source.run_dir, run.run_dir, wanted)
    changed = [file.path for file in copied if file.digest != made[file.path]]
    if changed:
        raise DependencyError(
            f"files of run {source.name} are not what its manifest says: {_listed(changed)}. "
            f"See gage verify {source.name}, and run {source.opref.op_name} again"
        )
    if copied:
        what = _listed([file.path for file in copied])
        notes.insert(0, f"Taken from run {source.name} of {source.opref.op_name}: {what}")
    return copied, notes


def _run_files(source: RecordedRun, table: Data) -> dict[str, str]:
    """Return the digests, by path, of the files of a run that a table selects."""
    made = {entry.path: entry.digest for entry in source.manifest if entry.type == "g"}
    patterns = [parse_pattern(text) for text in _patterns(table)]
    paths = list(made)
    if patterns:
        known = {entry.path: entry.digest for entry in source.manifest}
        paths = [path for path in known if _selected(path, patterns)]
        made = known
    if not paths:
        what = f"matches {_patterns(table)}" if patterns else "was made by it"
        raise DependencyError(
            f"a dependency is missing: no file of run {source.name} "
            f"({source.opref.op_name}) {what}. Look at its files: gage manifest {source.name}"
        )
    return {path: made[path] for path in paths}


def _is_summary(table: Data) -> bool:
    return table.get("type") == "runs-summary"


def _ignored(table: Data) -> str:
    return (
        f"Ignored: the summary of runs {table.get('runs-select', '')!r} in `depends`, a form of "
        "gage 0.1. Use gage.runs() in the program instead"
    )


def _source_run(project_dir: str, home: str, table: Data) -> RecordedRun | None:
    named = table.get("run") or table.get("run-select")
    if named is None:
        return None
    operation = str(named).removeprefix("operation=")
    called_so = [found for found in list_runs(home) if found.opref.op_name == operation]
    of_operation = [found for found in called_so if _is_of_project(found, project_dir, home)]
    for found in of_operation:
        if found.status == "completed":
            return found
    if of_operation:
        raise DependencyError(
            f"a dependency is missing: no run of {operation!r} has completed (the newest is "
            f"{of_operation[0].name}, {of_operation[0].status}). Run it: gage run {operation}"
        )
    if called_so:
        raise DependencyError(
            f"a dependency is missing: no run of an operation {operation!r} of this project. "
            f"{called_so[0].name} is of another, {read_attr(called_so[0], 'sys', 'project')}; to "
            f"take that, name it in `depends`. Run it here: gage run {operation}"
        )
    try:
        return find_run(home, operation)
    except RunNotFound as error:
        raise DependencyError(
            f"a dependency is missing: there is no run of an operation {operation!r}, and {error}. "
            f"Run it: gage run {operation}"
        ) from None


def _is_of_project(run: Run, project_dir: str, home: str) -> bool:
    """Return whether a run was made for a project.

    A project may have been moved together with its runs: those of a directory of its own that do
    not say where else their project is now are its own.
    """
    recorded = read_attr(run, "sys", "project", None)
    project_dir = os.path.realpath(project_dir)
    if isinstance(recorded, str) and os.path.isdir(recorded):
        return os.path.realpath(recorded) == project_dir
    return os.path.realpath(home).startswith(os.path.join(project_dir, ""))


def _not_there(run: Run, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the paths that the run does not have yet, and a note for each that it has."""
    there = {path for path in paths if os.path.lexists(os.path.join(run.run_dir, path))}
    wanted = [path for path in paths if path not in there]
    return wanted, [f"Not copied, the run has it already: {quote(path)}" for path in sorted(there)]


def _check_source_code(run: Run, source: RecordedRun, digests: dict[str, str]) -> None:
    """Raise an error if source code would take the place of a file that another run made."""
    if not digests:
        return
    files = current_files(read_events(run))
    hidden = [
        path
        for path, digest in digests.items()
        if path in files
        and files[path].type == "s"
        and hash_file(os.path.join(run.run_dir, path)) != digest
    ]
    if hidden:
        raise DependencyError(
            f"files of run {source.name} are in the project's source code too, with other "
            f"contents: {_listed(hidden)}. Leave them out of it, such as by "
            f"`sourcecode = ['-{hidden[0]}']`, or remove them from the project"
        )


def _listed(paths: Sequence[str]) -> str:
    return listed(map(quote, paths), most=_MOST_SHOWN)


def _selected(path: str, patterns: Sequence[Any]) -> bool:
    selected = False
    for pattern in patterns:
        if match_path(pattern, path):
            selected = not pattern.exclude
    return selected


def _patterns(table: Data) -> list[str]:
    files = table.get("files") or []
    return [files] if isinstance(files, str) else list(files)


def _origin(path: str, source: RecordedRun) -> dict[str, Any]:
    return {
        "path": path,
        "run": source.id,
        "name": source.name,
        "operation": source.opref.op_name,
    }
