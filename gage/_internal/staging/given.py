"""Files that a run gets besides those that its patterns select: copied, or linked if big.

`sys/found` records where a program names its files, in a list of `{"path", "named_in"}`. A file
that was not copied also has `"linked"`, the path of the original.
`sys/with` records where the files of `--with` came from, in a list of `{"path", "from"}`.
"""

from __future__ import annotations

import os
import stat

from gage._internal.errors import DependencyError
from gage._internal.quoting import quote
from gage._internal.record.digest_cache import DigestCache
from gage._internal.record.manifest import hash_file
from gage._internal.record.run_meta import read_attr, write_attr
from gage._internal.sources.copying import Copied, copy_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.staging.knowledge import Staging
    from gage._internal.types import GivenFile, Run

__all__ = ["copy_given", "make_writable"]


def copy_given(project_dir: str, staging: Staging, type_: str) -> list[Copied]:
    """Copy the files of a type into a run, if it does not have them yet; return the copies.

    A file that is already part of the source code is noted only if the user asked for it.

    Raises
    ------
    DependencyError
        If the source code has another file in the place of one that the user asked for.
    """
    to = staging.work_dir
    wanted: dict[str, list[str]] = {}
    named: list[GivenFile] = []
    asked = [file for file in staging.given if file.type == type_ and file.origin]
    copied: list[Copied] = []
    for file in staging.given:
        if file.type != type_:
            continue
        if os.path.lexists(os.path.join(to, file.path)):
            if file.origin and file.directory != project_dir:
                _check_same(file, to)
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
    if asked:
        origins = [{"path": staging.path_of(file.path), "from": file.origin} for file in asked]
        write_attr(staging.run, "sys", "with", origins)
    return staging.in_run(copied)


def make_writable(run: Run, paths: Iterable[str]) -> None:
    """Make those files of a run writable that its program is known to write."""
    for path in paths:
        full_path = os.path.join(run.run_dir, path)
        info = os.lstat(full_path)
        if stat.S_ISREG(info.st_mode):
            os.chmod(full_path, stat.S_IMODE(info.st_mode) | stat.S_IWUSR)


def _record(staging: Staging, files: Iterable[GivenFile]) -> None:
    run = staging.run
    origins = read_attr(run, "sys", "found", [])
    for file in files:
        origin = {"path": staging.path_of(file.path), "named_in": file.named_in}
        if file.link:
            origin["linked"] = os.path.normpath(os.path.join(file.directory, file.path))
        origins.append(origin)
    write_attr(run, "sys", "found", origins)


def _check_same(file: GivenFile, to: str) -> None:
    if hash_file(os.path.join(to, file.path)) != hash_file(file.origin):
        raise DependencyError(
            f"--with {file.origin}: the project's source code has another file {file.path}. "
            "Give one of them another name"
        )


def _link(file: GivenFile, to: str) -> Copied:
    original = os.path.normpath(os.path.join(file.directory, file.path))
    link = os.path.join(to, file.path)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    os.symlink(original, link)
    info = os.stat(original)
    with DigestCache() as cache:
        digest = cache.digest(original, info)
    return Copied(file.path, info.st_size, info.st_mtime_ns // 1000, digest)
