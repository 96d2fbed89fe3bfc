"""Files that a run is given beside what its patterns select: copied, or linked where they are big.

Where a program names its file is recorded in `sys/found`, a list of `{"path", "named_in"}`, with
`"linked"`, the path of the original, for one that was not copied.
"""

from __future__ import annotations

import os
import stat

from gage._internal.quoting import quote
from gage._internal.record.digest_cache import DigestCache
from gage._internal.record.run_meta import read_attr, write_attr
from gage._internal.record.working_directory import path_in_run
from gage._internal.sources.copying import Copied, copy_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.staging.knowledge import Staging
    from gage._internal.types import GivenFile, Run

__all__ = ["copy_given", "make_writable"]


def copy_given(staging: Staging, type_: str) -> list[Copied]:
    """Copy the files of a type into a run, those that are not there yet; return the copies.

    What the source code's patterns have brought already is noted only where it was asked for.
    """
    to = staging.work_dir
    wanted: dict[str, list[str]] = {}
    named: list[GivenFile] = []
    copied: list[Copied] = []
    for file in staging.given:
        if file.type != type_:
            continue
        if os.path.lexists(os.path.join(to, file.path)):
            if not file.named_in:
                staging.note(f"Not copied again, it is part of the source code: {quote(file.path)}")
            continue
        if file.link:
            copied.append(_link(file, to))
        else:
            wanted.setdefault(file.directory, []).append(file.path)
        if file.named_in:
            named.append(file)
    for directory, paths in wanted.items():
        copied += copy_files(directory, to, paths)
    if named:
        _record(staging, named)
    return staging.in_run(copied)


def make_writable(run: Run, paths: Iterable[str]) -> None:
    """Let the run's program write files that it is known to write."""
    for path in paths:
        full_path = os.path.join(run.run_dir, path)
        info = os.lstat(full_path)
        if stat.S_ISREG(info.st_mode):
            os.chmod(full_path, stat.S_IMODE(info.st_mode) | stat.S_IWUSR)


def _record(staging: Staging, files: Iterable[GivenFile]) -> None:
    run = staging.run
    origins = read_attr(run, "sys", "found", [])
    below = os.path.relpath(staging.work_dir, run.run_dir)
    for file in files:
        origin = {"path": path_in_run(below, file.path), "named_in": file.named_in}
        if file.link:
            origin["linked"] = os.path.normpath(os.path.join(file.directory, file.path))
        origins.append(origin)
    write_attr(run, "sys", "found", origins)


def _link(file: GivenFile, to: str) -> Copied:
    original = os.path.normpath(os.path.join(file.directory, file.path))
    link = os.path.join(to, file.path)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    os.symlink(original, link)
    info = os.stat(original)
    with DigestCache() as cache:
        digest = cache.digest(original, info)
    return Copied(file.path, info.st_size, info.st_mtime_ns // 1000, digest)
