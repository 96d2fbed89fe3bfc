"""A staged run whose files have been changed: what differs, and starting it anyway."""

from __future__ import annotations

from gage._internal.errors import RunStateError
from gage._internal.quoting import quote
from gage._internal.record.file_log import current_files, log_changes, read_events, scan_files
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import verify, write_manifest
from gage._internal.record.runner_log import log_note
from gage._internal.record.status import read_status
from gage._internal.running.finalize import hash_entries, make_read_only
from gage._internal.text import listed, valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.record.manifest import Difference
    from gage._internal.types import Run

__all__ = ["accept_changes", "check_unchanged"]

_MOST_SHOWN = 8
# What looking at the files leaves beside them.
_CACHES = frozenset({"__pycache__", ".ipynb_checkpoints"})
_CHANGE_WORDS = {"missing": "is gone", "changed": "was changed", "added": "was added"}


def check_unchanged(run: Run) -> None:
    """Raise an error if the files of a staged run are not those that were staged.

    Raises
    ------
    RunStateError
        With what differs. A run that is not staged is let through: it cannot be started anyway.
    """
    changes = _changes(run)
    if changes:
        what = [f"{valid(change.path)} {_CHANGE_WORDS[change.kind]}" for change in changes]
        raise RunStateError(
            f"run {run.name} was changed since it was staged: {listed(what, most=_MOST_SHOWN)}. "
            "Stage it again, or start it as it is now with --force (force=True)"
        )


def accept_changes(run: Run) -> None:
    """Record the files of a staged run as they are now, with a note for each that was changed.

    What was added is source code from now on; the log of files and the manifest say so before the
    run starts, so that nobody takes it for something that the run did.
    """
    changes = _changes(run)
    if not changes:
        return
    found = scan_files(run.run_dir)
    log_changes(run, "s", found)
    files = current_files(read_events(run))
    entries = hash_entries(run, {path: files[path].type for path in sorted(files)}, found)
    write_manifest(run_meta_path(run, "manifest"), entries)
    make_read_only(run, {change.path: found[change.path] for change in changes if change.found})
    for change in changes:
        log_note(
            run,
            f"Changed between staging and start: {quote(change.path)} {_CHANGE_WORDS[change.kind]}",
        )


def _changes(run: Run) -> list[Difference]:
    if read_status(run).name != "staged":
        return []
    return [
        change
        for change in verify(run)
        if change.kind != "added" or _CACHES.isdisjoint(change.path.split("/"))
    ]
