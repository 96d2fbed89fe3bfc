"""Staging: from a directory of source code to a run that can start without it.

`PHASES_OF_STAGING` lists the phases in their order; `stage_run` calls them. Each phase takes the
project directory and the run, and leaves its results in the side-car, so that phases can also be
called one by one, by different processes.
"""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.clock import make_id, now_us
from gage._internal.errors import StoreError
from gage._internal.record.file_log import FileEvent, scan_files
from gage._internal.record.layout import run_at, run_meta_path
from gage._internal.record.manifest import write_manifest
from gage._internal.record.run_meta import write_definition, write_timestamp
from gage._internal.record.working_directory import path_in_run, set_directory_below
from gage._internal.running.finalize import hash_entries, make_read_only
from gage._internal.sources.selection import copy_selected, sourcecode_patterns
from gage._internal.staging.failure import record_failure, store_message
from gage._internal.staging.given import copy_given, make_writable
from gage._internal.staging.knowledge import Staging
from gage._internal.staging.phase_command import run_phase_command
from gage._internal.store.store import make_home
from gage._internal.types import PHASES, OpCmd, OpDef, OpRef, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from gage._internal.config import Config
    from gage._internal.sources.copying import Copied
    from gage._internal.staging.knowledge import Prepared
    from gage._internal.types import GivenFile, Operation

    StagingPhase: TypeAlias = Callable[[str, Run, "Staging"], None]

__all__ = [
    "PHASES_OF_STAGING",
    "apply_config",
    "copy_sourcecode",
    "finalize_staged_run",
    "has_commands",
    "init_run_meta",
    "init_runtime",
    "make_run",
    "resolve_deps",
    "stage_run",
]


def make_run(runs_home: str, run_id: str | None = None) -> Run:
    """Make the two directories of a new run; they hold no files yet.

    Raises
    ------
    StoreError
        If they cannot be made in `runs_home`.
    """
    run = run_at(os.path.abspath(runs_home), run_id or make_id())
    try:
        make_home(os.path.dirname(run.meta_dir))
        os.mkdir(run.meta_dir)
        os.mkdir(run.run_dir)
    except OSError as error:
        raise StoreError(store_message(f"cannot make a run in {runs_home}", error)) from error
    return run


def init_run_meta(
    run: Run,
    opref: OpRef,
    opdef: OpDef,
    config: dict[str, Any],
    cmd: OpCmd,
    user_attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
) -> None:
    """Write the definition of the run into its side-car, in read-only files.

    Parameters
    ----------
    user_attrs, system_attrs
        The attributes of user and system that are already known, by name; bytes are JSON already.

    Raises
    ------
    ValueError
        If the reference and the definition name different operations; nothing is written.
    StoreError
        If the side-car cannot be written.
    """
    if opref.op_name != opdef.name:
        raise ValueError(
            f"mismatched names in opref ({opref.op_name!r}) and opdef ({opdef.name!r})"
        )
    attrs = {"user": user_attrs or {}, "sys": system_attrs or {}}
    try:
        write_definition(run, opref, opdef, config, cmd, now_us, attrs)
    except OSError as error:
        raise StoreError(store_message(f"cannot initialise run {run.name}", error)) from error


def stage_run(
    project_dir: str,
    run: Run,
    *,
    given: Sequence[GivenFile] = (),
    operation: Operation | None = None,
    prepared: Prepared | None = None,
    on_phase: Callable[[str], None] | None = None,
) -> None:
    """Take an initialised run through every phase of staging.

    A failure ends the run: it is recorded as `error` with all that is known and stays listed, and
    the error is raised.

    Parameters
    ----------
    given
        Files that the run gets besides those that its patterns select.
    operation
        The operation that the run was initialised with, which saves reading it again; its
        files are given too.
    prepared
        Where the run's files were staged before, such as the template of a batch: they are copied
        from there, not from the project.
    on_phase
        A function that is called with the name of each phase when it begins.

    Raises
    ------
    PhaseError
        If the command of a phase fails.
    GageError
        If a pattern, a configuration value or a dependency is wrong.
    StoreError
        If files of the run cannot be written, such as to a full disk.
    """
    staging = Staging(run, operation, prepared)
    staging.given = (*staging.given, *given)
    for note in () if operation is None else operation.notes:
        staging.note(note)
    try:
        if operation is not None and operation.below:
            set_directory_below(run, operation.below)
        for name, phase in PHASES_OF_STAGING:
            if on_phase is not None:
                on_phase(name)
            phase(project_dir, run, staging)
    except OSError as error:
        failure = StoreError(store_message(f"cannot stage run {run.name}", error))
        failure.__cause__ = error
        record_failure(run, failure)
        raise failure from error
    except BaseException as error:
        record_failure(run, error)
        raise


def copy_sourcecode(project_dir: str, run: Run, staging: Staging | None = None) -> None:
    """Copy the operation's source code into the run, then run its `copy-sourcecode` command."""
    with staging or Staging(run) as known:
        # Only a command writes to a copied file later: applying configuration replaces the file.
        read_only = not has_commands(known.opdef)
        if known.prepared is not None:
            known.log("Copying source code from the template of the batch (see log/files)")
            sources, given = known.prepared.copy(run, "s", read_only=read_only), []
        else:
            known.log("Copying source code (see log/files for details)")
            sources = _copy_selected(project_dir, known, read_only=read_only)
            given = copy_given(project_dir, known, "s")
        known.copied(sources, read_only=read_only)
        known.copied(given)
        _finish_phase(project_dir, known, "copy-sourcecode", "s", sources + given)


def apply_config(run: Run, staging: Staging | None = None) -> None:
    """Write the run's configuration into its copied files and log the difference."""
    with staging or Staging(run) as known:
        if not known.opdef.config or not known.config:
            return
        from gage._internal.config import rewrite

        known.log("Applying configuration (see log/patched for details)")
        config = _read_config(known)
        patch = rewrite(known.work_dir, config, known.config)
        if patch:
            data = patch.encode("utf-8", "surrogateescape")
            replace(run_meta_path(run, "log", "patched"), data)
            known.log_changes("s", map(known.path_of, config.sources))


def init_runtime(project_dir: str, run: Run, staging: Staging | None = None) -> None:
    """Run the operation's `init-runtime` command."""
    with staging or Staging(run) as known:
        _finish_phase(project_dir, known, "init-runtime", "r", [])


def resolve_deps(project_dir: str, run: Run, staging: Staging | None = None) -> None:
    """Copy the operation's dependencies into the run, then run its `resolve-deps` command."""
    with staging or Staging(run) as known:
        if known.prepared is not None:
            copied = known.prepared.copy(run, "d", read_only=False)
        else:
            copied = copy_given(project_dir, known, "d")
        if known.opdef.depends and known.prepared is None:
            from gage._internal.staging.dependencies import copy_dependencies

            known.log("Resolving dependencies (see log/files for details)")
            found, notes = copy_dependencies(project_dir, run, known.opdef.depends)
            for note in notes:
                known.note(note)
            copied += found
        known.copied(copied)
        _finish_phase(project_dir, known, "resolve-deps", "d", copied)


def finalize_staged_run(run: Run, staging: Staging | None = None) -> None:
    """Close a staged run: manifest, files read-only, `staged`.

    `staging` has the digests of copied files, so that unchanged ones are not hashed again.
    """
    with staging or Staging(run) as staged:
        found = scan_files(run.run_dir, staged.untouched)
        files = staged.files()
        known = {
            path: digest
            for path, (modified_us, digest) in staged.digests.items()
            if path in found and found[path].modified_us == modified_us
        }
        types = {path: files[path].type for path in sorted(files)}
        entries = hash_entries(run, types, found, known)
        staged.log("Writing meta manifest")
        write_manifest(run_meta_path(run, "manifest"), entries)
        below = os.path.relpath(staged.work_dir, run.run_dir)
        writes = {path_in_run(below, path) for path in staged.writes} & found.keys()
        make_read_only(run, {path: found[path] for path in found if path not in writes})
        make_writable(run, writes)
        staged.log("Writing meta staged")
        staged.flush()
    write_timestamp(run, "staged", now_us())


PHASES_OF_STAGING: tuple[tuple[str, StagingPhase], ...] = (
    ("copy-sourcecode", copy_sourcecode),
    ("apply-config", lambda _, run, staging: apply_config(run, staging)),
    ("init-runtime", init_runtime),
    ("resolve-deps", resolve_deps),
    ("finalize-staged", lambda _, run, staging: finalize_staged_run(run, staging)),
)


def has_commands(opdef: OpDef) -> bool:
    """Return whether commands of an operation take part in staging its runs."""
    return any(opdef.command(phase.name) is not None for phase in PHASES[:3])


def _finish_phase(
    project_dir: str, staging: Staging, phase: str, type_: str, copied: list[Copied]
) -> None:
    """Run the phase's command, if it has one, and log the files that the phase changed."""
    command = staging.opdef.command(phase)
    if command is None:
        in_order = sorted(copied, key=lambda file: file.path)
        staging.log_files([FileEvent("a", type_, file.modified_us, file.path) for file in in_order])
        return
    try:
        run_phase_command(project_dir, staging, phase, command)
    finally:
        staging.log_changes(type_)


def _copy_selected(project_dir: str, staging: Staging, *, read_only: bool) -> list[Copied]:
    """Copy the files that the patterns of the run's operation select; note what they leave out."""
    patterns = sourcecode_patterns(staging.opdef)
    staging.log(f"Source code patterns: {patterns}")
    brought = {file.path for file in staging.given}
    found, notes = copy_selected(
        project_dir, staging.work_dir, patterns, brought=brought, read_only=read_only
    )
    for note in notes:
        staging.note(note)
    return staging.in_run(found)


def _read_config(staging: Staging) -> Config:
    """Return the configuration in the run's files."""
    if staging.prepared is not None:
        return staging.prepared.read_config(staging)
    from gage._internal.config import read_config

    tables = staging.opdef.config
    return read_config(staging.work_dir, tables, staging.cmd.args, arguments="tried")
