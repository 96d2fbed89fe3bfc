"""The template of a batch: the sources of all its trials, scanned, copied and hashed once.

A template has the two directories of a run, with source code and dependencies but without values,
in the directory of its batch. Staging a trial copies these files with their known digests, writes
the trial's values into them, and fills the side-car like that of any other run. Only the commands
of staging phases are run again for each trial, since each time they may do something else.
"""

from __future__ import annotations

import os

from gage._internal.atomic import replace, write_all
from gage._internal.clock import now_us
from gage._internal.named import NamedTuple
from gage._internal.quoting import quote
from gage._internal.record.file_log import FileEvent, current_files, read_events
from gage._internal.record.layout import run_at, run_meta_path
from gage._internal.record.manifest import encode as encode_manifest
from gage._internal.record.manifest import read_manifest
from gage._internal.record.run_meta import (
    encode_definition,
    encode_json,
    meta_opcmd,
    meta_opdef,
    meta_opref,
    read_attrs,
)
from gage._internal.record.runner_log import (
    encode_entries,
    encode_notes,
    log_note,
    note_entry,
    read_notes,
)
from gage._internal.record.working_directory import (
    directory_below,
    path_in_run,
    set_directory_below,
    work_dir,
)
from gage._internal.sources.copying import Copied, copy_files
from gage._internal.staging.knowledge import Staging
from gage._internal.staging.staging import (
    apply_config,
    copy_sourcecode,
    finalize_staged_run,
    finish_phase,
    init_run_meta,
    make_run,
    resolve_deps,
)
from gage._internal.types import PHASES, ManifestEntry, OpCmd, OpDef, Operation, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from gage._internal.config import Config
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


_SMALL_BYTES = 1 << 20
_MOST_KEPT_BYTES = 16 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_STAGING_COMMANDS = PHASES[:3]


def stage_template(
    operation: Operation, directory: str, on_phase: Callable[[str], None] | None = None
) -> Run:
    """Stage the sources of an operation into the directory of a batch; return the template.

    Raises
    ------
    GageError
        As `stage_run`; the files staged so far are left behind.
    """
    phase_begins = on_phase or (lambda _: None)
    opdef = operation.opdef
    template = make_run(directory, os.path.basename(directory))
    # No commands here: they are run for each trial.
    data = {**opdef.data, "exec": {"run": operation.cmd.args}}
    plain = OpDef(opdef.name, data, opdef.src)
    init_run_meta(template, operation.opref, plain, {}, operation.cmd)
    staging = Staging(template, operation.but(opdef=plain, config={}))
    if operation.below:
        set_directory_below(template, operation.below)
    phase_begins("copy-sourcecode")
    copy_sourcecode(operation.project_dir, template, staging)
    phase_begins("resolve-deps")
    resolve_deps(operation.project_dir, template, staging)
    phase_begins("finalize-staged")
    finalize_staged_run(template, staging)
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
        self.has_commands = any(
            self.opdef.command(phase.name) is not None for phase in _STAGING_COMMANDS
        )
        self._directories = _directories(self.files)
        self._content: dict[str, bytes] = {}
        self._config: Config | None = None
        self._searched_config: Config | None = None
        self._encoded: dict[str, bytes] = {}
        # The parts that are the same for every trial.
        self._definition = encode_definition(run, self.opref, self.opdef, {}, self.cmd)

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
        GageError, OSError
            If the run cannot be staged; `record_failure` can record that for the run.
        """
        run = run_at(home, run_id)
        cmd = OpCmd(command, self.cmd.env)
        if self.has_commands:
            self._stage_by_phases(run, values, cmd, user_attrs, sys_attrs)
        else:
            self._stage_at_once(run, values, cmd, user_attrs, sys_attrs)
        return run

    def _read_config(self, arguments: str) -> Config:
        from gage._internal.config import read_config

        directory, tables = work_dir(self.run), self.opdef.config
        return read_config(directory, tables, self.cmd.args, arguments=arguments)

    def _stage_by_phases(
        self,
        run: Run,
        values: dict[str, Any],
        cmd: OpCmd,
        user_attrs: Mapping[str, Any],
        sys_attrs: Mapping[str, Any],
    ) -> None:
        """Stage like `stage_run`, with the commands of the phases."""
        make_run(os.path.dirname(run.run_dir), run.id)
        attrs = {**self.attrs, **sys_attrs}
        init_run_meta(run, self.opref, self.opdef, values, cmd, user_attrs, attrs)
        for note in self.notes:
            log_note(run, note)
        below = directory_below(self.run)
        staging = Staging(
            run, Operation(self.opref, self.opdef, cmd, values, self.project_dir, below=below)
        )
        for type_, phase in (
            ("s", "copy-sourcecode"),
            ("r", "init-runtime"),
            ("d", "resolve-deps"),
        ):
            paths = [file.path for file in self.files if file.type == type_ and not file.link]
            copied = copy_files(self.run.run_dir, run.run_dir, paths)
            copied += [_link(file, run.run_dir) for file in self.files if _is_link(file, type_)]
            staging.copied(copied)
            with staging:
                finish_phase(self.project_dir, staging, phase, type_, copied)
            if type_ == "s":
                apply_config(run, staging)
        finalize_staged_run(run, staging)

    def _stage_at_once(
        self,
        run: Run,
        values: dict[str, Any],
        cmd: OpCmd,
        user_attrs: Mapping[str, Any],
        sys_attrs: Mapping[str, Any],
    ) -> None:
        """Stage with as few system calls as possible."""
        meta = run.meta_dir + "/"
        os.mkdir(run.meta_dir)
        os.mkdir(run.run_dir)
        for name in ("proc", "log", "sys", *(("user",) if user_attrs else ())):
            os.mkdir(meta + name)
        log = ["Staging from the template of the batch"]
        own = {
            "id": run.id.encode() + b"\n",
            "name": run.name.encode() + b"\n",
            "config.json": encode_json(values),
        }
        if cmd.args != self.cmd.args:
            own |= dict(encode_definition(run, self.opref, self.opdef, values, cmd))
        for name, data in self._definition:
            _write(meta + name, own.get(name, data))
        for kind, attrs in (("user", user_attrs), ("sys", {**self.attrs, **sys_attrs})):
            for name, value in attrs.items():
                _write(f"{meta}{kind}/{name}", self._attr(name, value))
        _write(meta + "initialized", b"%d\n" % now_us())
        log += map(note_entry, self.notes)
        if self.notes:
            _write(meta + "log/notes", encode_notes(self.notes))
        rewritten: dict[str, bytes] = {}
        if self.opdef.config and values:
            log.append("Applying configuration (see log/patched for details)")
            rewritten = self._apply(run, values)
        digests, events = self._copy(run.run_dir, rewritten)
        lines = [
            f"{event} {type_} {modified_us} {quote(path)}\n"
            for event, type_, modified_us, path in events
        ]
        _write(meta + "log/files", "".join(lines).encode("utf-8", "surrogateescape"))
        entries = [ManifestEntry(file.type, digests[file.path], file.path) for file in self.files]
        _write(meta + "manifest", encode_manifest(entries))
        log += ["Writing meta manifest", "Writing meta staged"]
        _write(meta + "log/runner", encode_entries(log))
        _write(meta + "staged", b"%d\n" % now_us())

    def _attr(self, name: str, value: Any) -> bytes:
        """Return an attribute as JSON; the JSON of attributes that all trials share is kept."""
        key = f"{name}:{id(value)}"
        if name == "batch":
            return encode_json(value)
        data = self._encoded.get(key)
        if data is None:
            data = self._encoded[key] = encode_json(value)
        return data

    def _copy(
        self, run_dir: str, rewritten: Mapping[str, bytes]
    ) -> tuple[dict[str, str], list[FileEvent]]:
        """Write the files, some with new content; return their digests and the log entries."""
        from hashlib import sha256

        for directory in self._directories:
            os.mkdir(os.path.join(run_dir, directory))
        digests: dict[str, str] = {}
        events: list[FileEvent] = []
        changed: list[FileEvent] = []
        big = []
        for file in self.files:
            path = file.path
            digests[path] = file.digest
            events.append(FileEvent("a", file.type, file.modified_ns // 1000, path))
            if file.link:
                os.symlink(file.link, f"{run_dir}/{path}")
                continue
            data = rewritten.get(path)
            if data is None and file.size_bytes > _SMALL_BYTES:
                big.append(path)
                continue
            fd = os.open(f"{run_dir}/{path}", _CREATE, file.mode)
            try:
                if data is None:
                    write_all(fd, self._read(file))
                    os.utime(fd, ns=(file.modified_ns, file.modified_ns))
                else:
                    write_all(fd, data)
                    digests[path] = sha256(data).hexdigest()
                    modified_us = os.fstat(fd).st_mtime_ns // 1000
                    changed.append(FileEvent("m", file.type, modified_us, path))
            finally:
                os.close(fd)
        # Hashed again while it is copied, which is cheap and finds changed files.
        for copied in copy_files(self.run.run_dir, run_dir, big, read_only=True) if big else ():
            digests[copied.path] = copied.digest
        return digests, events + changed

    def _read(self, file: TemplateFile) -> bytes:
        data = self._content.get(file.path)
        if data is None:
            with open(os.path.join(self.run.run_dir, file.path), "rb", buffering=0) as opened:
                data = opened.read()
            if self.size_bytes <= _MOST_KEPT_BYTES:
                self._content[file.path] = data
        return data

    def _apply(self, run: Run, values: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the new content of the files that values change; log the difference."""
        from gage._internal.config import rewritten_sources

        found = rewritten_sources(self.config, values)
        if found:
            patch = "".join(diff for _, _, diff in found)
            _write(run_meta_path(run, "log", "patched"), patch.encode("utf-8", "surrogateescape"))
        below = directory_below(self.run)
        return {path_in_run(below, path): data for path, data, _ in found}


def _is_link(file: TemplateFile, type_: str) -> bool:
    return bool(file.link) and file.type == type_


def _link(file: TemplateFile, run_dir: str) -> Copied:
    path = os.path.join(run_dir, file.path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(file.link, path)
    return Copied(file.path, file.size_bytes, file.modified_ns // 1000, file.digest)


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


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, _CREATE, 0o666)
    try:
        write_all(fd, data)
    finally:
        os.close(fd)
