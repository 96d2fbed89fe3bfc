"""The template of a batch: the sources of all its trials, scanned, copied and hashed once.

A template has the two directories of a run, with source code and dependencies but without values,
in the directory of its batch. A trial is staged like any other run, but for where its files come
from: they are copied from the template with their known digests, and the places of its values are
known. Only the commands of staging phases are run again for each trial, since each time they may
do something else.
"""

from __future__ import annotations

import os
import stat

from gage._internal.atomic import replace, write_all
from gage._internal.named import NamedTuple
from gage._internal.record.file_log import current_files, read_events
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.record.run_meta import (
    encode_json,
    meta_opcmd,
    meta_opdef,
    meta_opref,
    read_attrs,
)
from gage._internal.record.runner_log import read_notes
from gage._internal.record.working_directory import directory_below, work_dir
from gage._internal.sources.copying import Copied, copy_files
from gage._internal.staging.staging import has_commands, init_run_meta, make_run, stage_run
from gage._internal.types import OpCmd, OpDef, Operation, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from gage._internal.config import Config
    from gage._internal.staging.knowledge import Staging
    from gage._internal.types import Command


__all__ = ["Template", "TemplateFile", "stage_template"]


class TemplateFile(NamedTuple):
    """A file that every trial gets: type, sha256, path, time, mode, size.

    `link` is the target of a link, "" for a copy.
    """

    type: str
    digest: str
    path: str
    modified_ns: int
    mode: int
    size_bytes: int
    link: str

    @property
    def copied(self) -> Copied:
        """The file as one that was copied."""
        return Copied(self.path, self.size_bytes, self.modified_ns // 1000, self.digest)


_SMALL_BYTES = 1 << 20
_MOST_KEPT_BYTES = 16 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def stage_template(
    operation: Operation, directory: str, on_phase: Callable[[str], None] | None = None
) -> Run:
    """Stage the sources of an operation into the directory of a batch; return the template.

    Raises
    ------
    GageError
        As `stage_run`; the files staged so far are left behind.
    """
    opdef = operation.opdef
    template = make_run(directory, os.path.basename(directory))
    # No commands here: they are run for each trial.
    data = {**opdef.data, "exec": {"run": operation.cmd.args}}
    plain = operation.but(opdef=OpDef(opdef.name, data, opdef.src), config={})
    init_run_meta(template, plain.opref, plain.opdef, {}, plain.cmd)
    stage_run(plain.project_dir, template, operation=plain, on_phase=on_phase)
    replace(run_meta_path(template, "opdef.json"), encode_json(opdef.data))
    return template


class Template:
    """A template, ready to stage trials from.

    Parameters
    ----------
    run
        Its two directories.
    project_dir
        Where commands of staging phases run.
    """

    def __init__(self, run: Run, project_dir: str) -> None:
        self.run = run
        self.project_dir = project_dir
        self.opref = meta_opref(run)
        self.opdef = meta_opdef(run)
        self.cmd = meta_opcmd(run)
        self.notes = read_notes(run)
        self.attrs = {"project": project_dir, **read_attrs(run, "sys")}
        self.files = _files(run)
        self.size_bytes = sum(file.size_bytes for file in self.files if not file.link)
        self.has_commands = has_commands(self.opdef)
        self._below = directory_below(run)
        self._writes = tuple(
            os.path.relpath(file.path, self._below or ".")
            for file in self.files
            if file.mode & stat.S_IWUSR and not file.link
        )
        self._directories = _directories(self.files)
        self._content: dict[str, bytes] = {}
        self._config: Config | None = None
        self._searched_config: Config | None = None

    @property
    def config(self) -> Config:
        """The keys of the configuration and their defaults in the staged sources."""
        if self._config is None:
            self._config = self._read_config("tried")
        return self._config

    @property
    def searched_config(self) -> Config:
        """The same with arguments that only the script's parser knows."""
        if self._searched_config is None:
            self._searched_config = self._read_config("run")
        return self._searched_config

    def stage(
        self,
        home: str,
        run_id: str,
        values: dict[str, Any],
        command: Command,
        user_attrs: Mapping[str, Any],
        sys_attrs: Mapping[str, Any],
    ) -> Run:
        """Make a run in a directory of runs and stage it; return it, staged.

        Raises
        ------
        GageError
            If the run cannot be staged.
        """
        run = make_run(home, run_id)
        operation = Operation(
            self.opref,
            self.opdef,
            OpCmd(command, self.cmd.env),
            values,
            self.project_dir,
            notes=tuple(self.notes),
            below=self._below,
            writes=self._writes,
        )
        attrs = {**self.attrs, **sys_attrs}
        init_run_meta(run, self.opref, self.opdef, values, operation.cmd, user_attrs, attrs)
        stage_run(self.project_dir, run, operation=operation, prepared=self)
        return run

    def copy(self, run: Run, type_: str, *, read_only: bool) -> list[Copied]:
        """Copy the files of a type into a run; return the copies, sorted by path."""
        files = [file for file in self.files if file.type == type_]
        if not files:
            return []
        for directory in self._directories:
            os.makedirs(os.path.join(run.run_dir, directory), exist_ok=True)
        copied = []
        big = []
        for file in files:
            if file.link:
                os.symlink(file.link, f"{run.run_dir}/{file.path}")
            elif file.size_bytes > _SMALL_BYTES:
                big.append(file.path)
                continue
            else:
                self._write(run, file, read_only=read_only)
            copied.append(file.copied)
        if big:
            # Hashed again while it is copied, which is cheap and finds changed files.
            copied += copy_files(self.run.run_dir, run.run_dir, big, read_only=read_only)
        return sorted(copied)

    def read_config(self, staging: Staging) -> Config:
        """Return the configuration of the files in a run.

        Commands may have changed the copies; without them, they are those of the template.
        """
        if not self.has_commands:
            return self.config
        from gage._internal.config import read_config

        return read_config(staging.work_dir, self.opdef.config, staging.cmd.args, arguments="tried")

    def _read_config(self, arguments: str) -> Config:
        from gage._internal.config import read_config

        directory, tables = work_dir(self.run), self.opdef.config
        env = self.cmd.env
        return read_config(directory, tables, self.cmd.args, arguments=arguments, env=env)

    def _write(self, run: Run, file: TemplateFile, *, read_only: bool) -> None:
        mode = (0o444 if read_only else 0o666) | file.mode & 0o111
        fd = os.open(f"{run.run_dir}/{file.path}", _CREATE, mode)
        try:
            write_all(fd, self._read(file))
            os.utime(fd, ns=(file.modified_ns, file.modified_ns))
        finally:
            os.close(fd)

    def _read(self, file: TemplateFile) -> bytes:
        data = self._content.get(file.path)
        if data is None:
            with open(os.path.join(self.run.run_dir, file.path), "rb", buffering=0) as opened:
                data = opened.read()
            if self.size_bytes <= _MOST_KEPT_BYTES:
                self._content[file.path] = data
        return data


def _files(run: Run) -> list[TemplateFile]:
    types = current_files(read_events(run))
    files = []
    for entry in read_manifest(run_meta_path(run, "manifest")):
        full_path = os.path.join(run.run_dir, entry.path)
        info = os.stat(full_path)
        link = os.readlink(full_path) if os.path.islink(full_path) else ""
        mode = 0o444 | info.st_mode & 0o311  # a file that the program writes stays writable
        type_ = types[entry.path].type
        files.append(
            TemplateFile(
                type_, entry.digest, entry.path, info.st_mtime_ns, mode, info.st_size, link
            )
        )
    return files


def _directories(files: list[TemplateFile]) -> list[str]:
    """Return the directories of the files, each after its parent."""
    found: set[str] = set()
    for file in files:
        directory = os.path.dirname(file.path)
        while directory and directory not in found:
            found.add(directory)
            directory = os.path.dirname(directory)
    return sorted(found)
