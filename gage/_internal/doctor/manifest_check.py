"""The manifest of a run: lines that are lost are made again from the run's files.

Their digests are those of the files as they are now, which a note says: nobody can tell whether
these files were changed before.
"""

from __future__ import annotations

import os
import stat

from gage._internal.atomic import replace
from gage._internal.doctor.finding import Finding
from gage._internal.doctor.quarantine import keep_copy, log_repair, set_aside
from gage._internal.errors import MetaError
from gage._internal.guarded import read_regular
from gage._internal.people import format_count
from gage._internal.record.file_log import current_files, read_events, scan_files
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import (
    encode,
    hash_files,
    read_manifest,
    readable_entries,
)
from gage._internal.record.runner_log import log_note
from gage._internal.types import ManifestEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gage._internal.types import Run

__all__ = ["manifest_findings"]


def manifest_findings(run: Run, home: str) -> Iterator[Finding]:
    """Yield what is wrong with the manifest of a staged run that is not running."""
    if not os.path.exists(run_meta_path(run, "staged")):
        return
    path = run_meta_path(run, "manifest")
    problem = _problem(path)
    if problem:
        yield Finding(
            run.name,
            os.path.relpath(path, home),
            problem,
            "lost lines are made again from the files as they are now, which a note says",
            mend=lambda: _mend(run, home, path, problem),
        )


def _problem(path: str) -> str:
    try:
        read_manifest(path)
        data = read_regular(path)
    except FileNotFoundError:
        return "missing, but the run was staged"
    except OSError as error:
        return f"expected a manifest, found {error.strerror}"
    except MetaError as error:
        return str(error).removeprefix(f"{path}:")
    return "the last line is cut off" if data and not data.endswith(b"\n") else ""


def _mend(run: Run, home: str, path: str, problem: str) -> str:
    entries = readable_entries(path)
    listed = {entry.path for entry in entries}
    try:
        types = {name: event.type for name, event in current_files(read_events(run)).items()}
    except MetaError:
        types = {}
    found = scan_files(run.run_dir)
    lost = [
        name
        for name in sorted(found)
        if name not in listed and stat.S_ISREG(found[name].mode) and (name in types or not types)
    ]
    digests = hash_files(run.run_dir, lost)
    entries += [
        ManifestEntry(types.get(name, "g"), digests[name], name) for name in lost if name in digests
    ]
    if os.path.isfile(path) and not os.path.islink(path):
        keep_copy(home, path, problem)
    elif os.path.lexists(path):
        set_aside(home, path, problem)
    replace(path, encode(entries))
    done = f"made again; {format_count(len(digests), 'digest')} taken from the files as they are"
    log_repair(run, f"the manifest was {done}")
    if digests:
        log_note(
            run,
            f"The manifest was damaged: the repair took {format_count(len(digests), 'digest')} "
            "from the files as they were then",
        )
    return done
