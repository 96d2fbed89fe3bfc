"""Which files of a project belong to a run.

The patterns (`parsing`) are read in order and the last one that matches a file decides whether
it is taken. A pattern whose size or type does not fit a file, or that has already taken its
`max-matches`, does not match it.

Which directories are looked into: of the patterns with `dir`, `NEVER_ENTERED` before those of an
operation, the last one that matches decides again. A directory that is left out is not opened, but
for a later pattern that spells its name out, and only for that one: `.github/*.yml` leads into
`.github`, `**/*.yml` does not. Nor is a directory opened below which nothing can match. A store of
runs is left out whatever the patterns say: its runs would be copied into each other.

The defaults leave out hidden files too, since `.env` and its like hold secrets; name such a file
in a pattern to take it.
"""

from __future__ import annotations

import os

from gage._internal.named import NamedTuple
from gage._internal.sources.copying import HEAD_BYTES, copy_candidates, raise_faults
from gage._internal.sources.parsing import parse_pattern
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.sources.scan import Scan, reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gage._internal.sources.copying import Copied, Fault
    from gage._internal.types import OpDef


__all__ = ["Selection", "copy_selected", "select_sourcecode", "sourcecode_patterns"]


class Selection(NamedTuple):
    """The files that patterns select: paths by name, and what to tell about them.

    `notes` says, a line each, what a limit cut off, which links lead nowhere, which patterns match
    nothing.
    """

    paths: list[str]
    notes: list[str]
    patterns: list[str]


def sourcecode_patterns(opdef: OpDef) -> list[str]:
    """Return the patterns of an operation's source code.

    They are the defaults where it says nothing, and come after the defaults where it only
    excludes.
    """
    patterns = opdef.sourcecode
    if patterns is None or patterns is True:
        return list(DEFAULT_PATTERNS)
    if not patterns:
        return []
    if all(parse_pattern(pattern).exclude for pattern in patterns):
        return [*DEFAULT_PATTERNS, *patterns]
    return list(patterns)


def select_sourcecode(
    project_dir: str,
    patterns: Sequence[str],
    *,
    always: Sequence[str] = (),
    brought: Collection[str] = (),
) -> Selection:
    """Return which files of a project the patterns select; nothing is copied.

    Parameters
    ----------
    always
        Files that are taken whatever the patterns say.
    brought
        Files that the run gets in another way: nothing is noted where they are not selected.

    Raises
    ------
    PatternError
        If a pattern is malformed.
    GageError
        If the project, or a file that is always taken, is not there.
    """
    scan = Scan(project_dir, patterns, always, brought=brought)
    paths = []
    for path, accept in scan.candidates():
        if accept is None:
            paths.append(path)
            continue
        try:
            head = _read_head(os.path.join(project_dir, path))
        except OSError as error:
            scan.leave_out(reason_of(error), path)
            continue
        if accept(head):
            paths.append(path)
    return Selection(sorted(paths), scan.notes(), list(patterns))


def copy_selected(
    project_dir: str,
    run_dir: str,
    patterns: Sequence[str],
    *,
    always: Sequence[str] = (),
    brought: Collection[str] = (),
    read_only: bool = False,
) -> tuple[list[Copied], list[str]]:
    """Copy what `select_sourcecode` selects, opening each file once.

    Returns the files copied, by path, and the notes of the selection.

    Raises
    ------
    PatternError, GageError
        As `select_sourcecode`; and if a file could not be copied that a pattern asks for without
        having to look into it. Others that cannot be read are noted.
    StoreError
        If there is no room.
    """
    scan = Scan(project_dir, patterns, always, run_dir, brought)
    copied, faults = copy_candidates(project_dir, run_dir, scan.candidates(), read_only=read_only)
    serious: list[Fault] = []
    for fault in faults:
        if fault.optional or (
            isinstance(fault.error, FileNotFoundError) and fault.path not in scan.always
        ):
            scan.leave_out(reason_of(fault.error), fault.path)
        else:
            serious.append(fault)
    raise_faults(project_dir, serious)
    return copied, scan.notes()


def _read_head(path: str) -> bytes:
    # A pipe that took the place of a file meanwhile must not be waited for.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.read(fd, HEAD_BYTES)
    finally:
        os.close(fd)
