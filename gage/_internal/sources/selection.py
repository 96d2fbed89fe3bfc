"""The selection of a project's files that belong to a run.

The patterns (`parsing`) are read in order, and the last one that matches a file decides whether it
is selected. A pattern does not match a file whose size or type does not fit, or if it has already
selected its `max-matches` files.

Patterns with `dir` decide which directories are searched: `NEVER_ENTERED`, then those of an
operation; again the last one that matches decides. An excluded directory is opened only for a later
pattern that spells its name out: `.github/*.yml` leads into `.github`, `**/*.yml` does not. A
directory below which nothing can match is not opened. A directory of runs is always left out: its
runs would be copied into each other.

The defaults also leave out hidden files, since `.env` and the like hold secrets; name such a file
in a pattern to select it.
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
    """The files that patterns select: their sorted paths, and notes about them.

    `notes` has a line for each limit that left files out, each dangling link, and each pattern that
    matches nothing.
    """

    paths: list[str]
    notes: list[str]
    patterns: list[str]


def sourcecode_patterns(opdef: OpDef) -> list[str]:
    """Return the patterns of an operation's source code.

    Without patterns, these are the defaults. If the operation only excludes, its patterns come
    after the defaults.
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
    """Return the files of a project that the patterns select; nothing is copied.

    Parameters
    ----------
    always
        Files that are always selected.
    brought
        Files that the run gets in another way, so that there are no notes if they are not selected.

    Raises
    ------
    PatternError
        If a pattern is malformed.
    GageError
        If the project, or a file that is always selected, does not exist.
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
    """Copy the files that `select_sourcecode` selects, opening each file once.

    Return the copied files, sorted by path, and the notes of the selection.

    Raises
    ------
    PatternError, GageError
        As `select_sourcecode`; and if a file could not be copied that a pattern selects by its
        name. Other files that cannot be read are noted.
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
    # If a pipe has taken the place of the file meanwhile, opening it must not block.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, HEAD_BYTES)
    finally:
        os.close(fd)
