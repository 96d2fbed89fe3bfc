"""The end of a run: its new files are logged and hashed, made read-only, its end recorded."""

from __future__ import annotations

import os
import stat

from gage._internal.atomic import replace
from gage._internal.clock import now_us
from gage._internal.guarded import read_regular
from gage._internal.output.captured import run_captured
from gage._internal.process.command import child_env, command_argv
from gage._internal.quoting import quote
from gage._internal.record.duration import write_clock
from gage._internal.record.file_log import (
    FileEvent,
    FoundFile,
    current_files,
    log_changes,
    read_events,
    scan_files,
)
from gage._internal.record.finalizing import FinalizeWatch
from gage._internal.record.layout import FINALIZE_OUTPUT, run_meta_path
from gage._internal.record.manifest import append_manifest, hash_files, read_manifest
from gage._internal.record.outside_files import record_outside_files
from gage._internal.record.run_meta import meta_opcmd, meta_opdef, read_timestamp, write_timestamp
from gage._internal.record.runner_log import log_note, log_runner
from gage._internal.running.facts import write_facts
from gage._internal.types import ManifestEntry, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gage._internal.running.default_config import DefaultConfig
    from gage._internal.types import OpDef

__all__ = ["finalize_run", "hash_entries", "make_read_only"]


def finalize_run(
    run: Run,
    exit_code: int | None = 0,
    reason: str = "",
    default_config: DefaultConfig | None = None,
    asked_to_stop: Callable[[], bool] = lambda: False,
    *,
    at_end: Callable[[], None] = lambda: None,
    ended_us: int | None = None,
) -> None:
    """Finalise a run whose command has ended.

    This records the exit code, runs the command `finalize-run`, logs the files that the run made,
    changed or deleted, adds new files to the manifest, hashes what the run read elsewhere, makes
    all files read-only, and writes `stopped`. Called again after a crash, it does what is missing;
    after `stopped`, nothing.

    Parameters
    ----------
    exit_code
        As in `subprocess`: below 0 for a signal; None if it is not known.
    reason
        Why the run ended, if the exit code does not say it, such as a full disk.
    default_config
        The configuration as it was read while the command ran.
    asked_to_stop
        A function that is called again and again: whether somebody does not want to wait. Then
        the command `finalize-run` is stopped, and the remaining files have no digest.
    at_end
        A function that is called before `stopped` is written: the status is what it is from then
        on, in the facts and in every index.
    ended_us
        When it ended, if that is long ago (`late_end`). Its command `finalize-run` is not run then:
        nobody has asked for that now.
    """
    if read_timestamp(run, "stopped") is not None:
        return
    if exit_code is not None and ended_us is None:
        _record_exit(run, exit_code)
    if reason:
        replace(run_meta_path(run, "proc", "reason"), f"{reason}\n".encode("utf-8", "replace"))
    known = "unknown" if exit_code is None else exit_code
    # Imported here since it loads the readers of metrics, which starting or stopping does not need.
    from gage._internal.running.summarize import has_packages_for_config, summarize

    log_runner(run, f"Exit code for run: {known}" + (f" ({reason})" if reason else ""))
    opdef = meta_opdef(run)
    if ended_us is None:
        _run_finalize_command(run, opdef, exit_code, asked_to_stop)
    found = scan_files(run.run_dir)
    events = log_changes(run, "g", found)
    watch = FinalizeWatch(run, asked_to_stop)
    _record_generated(run, events, found, watch)
    series = summarize(run, opdef)
    if not watch.is_stopped():
        record_outside_files(run)
        make_read_only(run, found)
    log_runner(run, "Writing meta stopped")
    at_end()
    if ended_us is None and read_timestamp(run, "started") is not None:
        write_clock(run, "stopped")
    write_timestamp(run, "stopped", now_us() if ended_us is None else ended_us)
    if has_packages_for_config(opdef):
        # Without facts the index reads the other files.
        same = default_config is not None and not any(event.event in "md" for event in events)
        write_facts(run, default_config.value() if default_config and same else None, series)


def make_read_only(run: Run, found: dict[str, FoundFile]) -> None:
    """Remove write permission from the run's files; note the files that keep it."""
    for path, file in found.items():
        if stat.S_ISREG(file.mode) and file.mode & 0o222:
            full_path = os.path.join(run.run_dir, path)
            try:
                own = os.lstat(full_path)
                if stat.S_ISLNK(own.st_mode):
                    continue
                if own.st_nlink > 1:
                    # Its other names may be outside the run, such as in a package manager's cache.
                    log_note(run, f"Not made read-only (it has hard links): {quote(path)}")
                    continue
                os.chmod(full_path, stat.S_IMODE(file.mode) & ~0o222)
            except OSError as error:  # the file belongs to another user, or is gone by now
                log_note(run, f"Not made read-only ({error.strerror}): {quote(path)}")


def hash_entries(
    run: Run,
    types: Mapping[str, str],
    found: Mapping[str, FoundFile],
    known: Mapping[str, str] | None = None,
    watch: FinalizeWatch | None = None,
) -> list[ManifestEntry]:
    """Return the manifest's entries of files, given with their types; note files without one.

    Parameters
    ----------
    known
        Digests that are already known, by path.
    watch
        Is told how far hashing is, and may end it.
    """
    digests = dict(known or {})
    regular = [path for path in types if path in found and stat.S_ISREG(found[path].mode)]
    paths = [path for path in regular if path not in digests]
    if watch is None:
        digests |= hash_files(run.run_dir, paths)
    else:
        watch.expect(len(paths), sum(found[path].size_bytes for path in paths))
        digests |= hash_files(run.run_dir, paths, watch)
        watch.close()
        if watch.is_stopped():
            left = sum(path not in digests for path in regular)
            if left:
                files = "a file" if left == 1 else f"{left:,} files"
                log_note(run, f"Hashing was stopped: {files} without a digest in the manifest")
            regular = [path for path in regular if path in digests]
            types = {path: types[path] for path in regular}
    entries = []
    for path, type_ in types.items():
        if path in digests:
            entries.append(ManifestEntry(type_, digests[path], path))
        elif path in found:
            readable = "cannot be read" if path in regular else "not a regular file"
            log_note(run, f"Not in the manifest, {readable}: {quote(path)}")
    return entries


def _record_exit(run: Run, exit_code: int) -> None:
    path, data = run_meta_path(run, "proc", "exit"), b"%d\n" % exit_code
    try:
        if read_regular(path) == data:
            return  # usually it is recorded as soon as it is known
    except OSError:
        pass
    replace(path, data)


def _run_finalize_command(
    run: Run, opdef: OpDef, exit_code: int | None, asked_to_stop: Callable[[], bool]
) -> None:
    command = opdef.command("finalize-run")
    if command is None:
        return
    log_runner(run, f"Running finalize-run (see output/{FINALIZE_OUTPUT} for output): {command}")
    op_env = meta_opcmd(run).env
    argv = command_argv(command, run_meta_path(run, "proc", "finalize-script"), op_env)
    env = child_env(os.environ, run, op_env)
    output_path = run_meta_path(run, "output", FINALIZE_OUTPUT)
    code = run_captured(argv, run.run_dir, env, output_path, stop_requested=asked_to_stop)
    log_runner(run, f"Exit code for finalize-run: {code}")
    if code != 0 and exit_code == 0:
        replace(run_meta_path(run, "proc", "exit"), b"%d\n" % code)
        was_stopped = code < 0 and asked_to_stop()
        how = "was stopped" if was_stopped else f"failed with exit code {code}"
        replace(run_meta_path(run, "proc", "reason"), f"finalize-run {how}\n".encode())


def _record_generated(
    run: Run, events: list[FileEvent], found: dict[str, FoundFile], watch: FinalizeWatch
) -> None:
    changed = {event.path: event for event in events if event.event in "md"}
    for path, event in changed.items():
        if event.type != "g":
            what = "changed" if event.event == "m" else "deleted"
            log_note(run, f"The run {what} a staged file: {quote(path)}")
    manifest_path = run_meta_path(run, "manifest")
    # All events, not only the new ones: a killed process may have logged some before.
    listed = {entry.path for entry in read_manifest(manifest_path)} - changed.keys()
    files = current_files(read_events(run))
    # A staged file that the run has changed is also a file that it made: it has both lines.
    generated = {
        path: "g"
        for path in sorted(files)
        if (files[path].type == "g" or path in changed) and path not in listed
    }
    entries = hash_entries(run, generated, found, watch=watch)
    if entries:
        append_manifest(manifest_path, entries)
