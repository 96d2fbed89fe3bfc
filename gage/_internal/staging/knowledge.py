"""What staging knows of a run: read once, passed from phase to phase, with a buffered log."""

from __future__ import annotations

import os
import stat

from gage._internal.atomic import append
from gage._internal.record.file_log import (
    FileEvent,
    FoundFile,
    append_events,
    current_files,
    log_changes,
    read_events,
    scan_files,
)
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import meta_config, meta_opcmd, meta_opdef
from gage._internal.record.runner_log import encode_entries, encode_notes, note_entry
from gage._internal.record.working_directory import directory_below, path_in_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Protocol, Self

    from gage._internal.config import Config
    from gage._internal.sources.copying import Copied
    from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, Run

    class Prepared(Protocol):
        """Files that were staged before, such as those of a batch's template."""

        def copy(self, run: Run, type_: str, *, read_only: bool) -> list[Copied]:
            """Copy the files of a type into a run; return the copies, sorted by path."""

        def read_config(self, staging: Staging) -> Config:
            """Return the configuration of the files in a run."""


__all__ = ["Staging"]


class Staging:
    """A run that is being staged, with results of phases that later phases use.

    Values that are not given are read from the side-car when they are needed. Messages for
    `log/runner` and notes keep their order and time; `flush` writes them, and so does the end of
    the `with` block. If the files were staged before, which makes all phases quick, the block only
    does so after an error: what is left is written before a command, and by the last phase.

    Attributes
    ----------
    given
        Files that the run gets besides those that its patterns select.
    writes
        Paths that the run's program is known to write: they stay writable.
    digests
        The modification time (µs) and the sha256 of copied files by path, so that each is hashed
        once.
    prepared
        Where the run's files were staged before; None if they come from the project.
    untouched
        The state of read-only copies by path, which nothing has written to since, so that they
        need not be looked at again.
    """

    __slots__ = (
        "_below",
        "_cmd",
        "_config",
        "_entries",
        "_events",
        "_notes",
        "_opdef",
        "digests",
        "given",
        "prepared",
        "run",
        "untouched",
        "writes",
    )

    def __init__(
        self, run: Run, operation: Operation | None = None, prepared: Prepared | None = None
    ) -> None:
        self.run = run
        self.prepared = prepared
        self.given: Sequence[GivenFile] = () if operation is None else operation.given
        self.writes: Sequence[str] = () if operation is None else operation.writes
        self.digests: dict[str, tuple[int, str]] = {}
        self.untouched: dict[str, FoundFile] = {}
        # A run whose operation is handed on has just been made: its log has no events.
        self._events: list[FileEvent] | None = None if operation is None else []
        self._below = None if operation is None else operation.below
        self._opdef = None if operation is None else operation.opdef
        self._config = None if operation is None else operation.config
        self._cmd = None if operation is None else operation.cmd
        self._entries: list[bytes] = []
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self.prepared is None or error is not None:
            self.flush()

    @property
    def opdef(self) -> OpDef:
        """The definition of the run's operation."""
        if self._opdef is None:
            self._opdef = meta_opdef(self.run)
        return self._opdef

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of the run."""
        if self._config is None:
            self._config = meta_config(self.run)
        return self._config

    @property
    def cmd(self) -> OpCmd:
        """The command of the run."""
        if self._cmd is None:
            self._cmd = meta_opcmd(self.run)
        return self._cmd

    @property
    def work_dir(self) -> str:
        """Where the files of the project are: the run directory, or a directory below it."""
        if self._below is None:
            self._below = directory_below(self.run)
        return os.path.join(self.run.run_dir, self._below) if self._below else self.run.run_dir

    def path_of(self, path: str) -> str:
        """Return the path in the run directory of a file of the project's directory."""
        return path_in_run(os.path.relpath(self.work_dir, self.run.run_dir), path)

    def in_run(self, files: Sequence[Copied]) -> list[Copied]:
        """Return files of the project's directory by their paths in the run."""
        below = os.path.relpath(self.work_dir, self.run.run_dir)
        if below == ".":
            return list(files)
        return [file._replace(path=path_in_run(below, file.path)) for file in files]

    def log(self, message: str) -> None:
        """Log what staging does, for `log/runner`."""
        self._entries.append(encode_entries([message]))

    def note(self, note: str) -> None:
        """Add a note for readers of the run."""
        self._notes.append(note)
        self.log(note_entry(note))

    def copied(self, files: Sequence[Copied], *, read_only: bool = False) -> None:
        """Remember the digests of files that were copied, and the state of read-only copies."""
        self.digests.update((file.path, (file.modified_us, file.digest)) for file in files)
        if read_only:
            mode = stat.S_IFREG | 0o444
            self.untouched.update(
                (file.path, FoundFile(file.modified_us, file.size_bytes, mode)) for file in files
            )

    def log_files(self, events: list[FileEvent]) -> None:
        """Append events to the run's log of files, and remember them."""
        append_events(self.run, events)
        if self._events is not None:
            self._events += events

    def log_changes(self, type_: str, touched: Iterable[str] | None = None) -> list[FileEvent]:
        """Log how the files of the run differ from the log.

        `touched` are the paths that may differ; without it, a command may have changed any.
        """
        if touched is None:
            self.untouched.clear()
        else:
            for path in touched:
                self.untouched.pop(path, None)
        found = scan_files(self.run.run_dir, self.untouched)
        events = log_changes(self.run, type_, found, self.files())
        if self._events is not None:
            self._events += events
        return events

    def files(self) -> dict[str, FileEvent]:
        """Return the last event of each file that exists, by path."""
        events = read_events(self.run) if self._events is None else self._events
        return current_files(events)

    def flush(self) -> None:
        """Write the messages and notes so far."""
        if self._notes:
            append(run_meta_path(self.run, "log", "notes"), encode_notes(self._notes))
            self._notes.clear()
        if self._entries:
            append(run_meta_path(self.run, "log", "runner"), b"".join(self._entries))
            self._entries.clear()
