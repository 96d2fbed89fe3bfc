"""The room that a directory of runs takes on the disk.

Sizes are of two kinds: the bytes of all files, and the room that they take on the disk (the blocks
that the file system has given them). A file with several names (hard links) takes its room once.
Blocks that copies share with each other (reflinks) are counted for each copy: the file system does
not tell.
"""

from __future__ import annotations

import os
import stat

from gage._internal.clock import name_for_id
from gage._internal.errors import StoreError
from gage._internal.named import NamedTuple
from gage._internal.record.layout import BATCHES, META_SUFFIX, run_at
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import is_run_id
from gage._internal.store.trash import TRASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["Usage", "disk_usage"]

_BLOCK_BYTES = 512  # of `st_blocks`, on every system


class Usage(NamedTuple):
    """The room that something takes.

    Attributes
    ----------
    kind
        `run`, `batch` (its plan and template, without its runs), `trash` (a deleted run), `other`
        or `total`.
    name
        The name of the run or batch, or of another entry of the directory of runs.
    operation
        The operation of the run, "" for anything else.
    size_bytes
        The bytes of all files.
    disk_bytes
        The room on the disk.
    freed_bytes
        What of it becomes free if this is removed: what nothing else uses.
    """

    kind: str
    name: str
    operation: str
    size_bytes: int
    disk_bytes: int
    freed_bytes: int

    @property
    def row(self) -> dict[str, Any]:
        """The usage as a row of a report."""
        return self._asdict()


def disk_usage(home: str) -> list[Usage]:
    """Return what takes room in a directory of runs, the largest first, and the total at the end.

    Raises
    ------
    StoreError
        If the directory cannot be read.
    """
    everything = _Room()
    found = []
    for kind, name, operation, paths in _parts(home):
        room = _Room()
        for path in paths:
            room.add(path, everything)
        found.append(Usage(kind, name, operation, *room.sizes()))
    found.sort(key=lambda usage: (-usage.disk_bytes, usage.name))
    return [*found, Usage("total", "", "", *everything.sizes())]


def _parts(home: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield kind, name, operation and paths of everything in a directory of runs."""
    names = _names(home)
    yield from _runs("run", home, names)
    for name in _names(os.path.join(home, BATCHES)):
        shown = name_for_id(name) if is_run_id(name) else name
        yield "batch", shown, "", [os.path.join(home, BATCHES, name)]
    trash = os.path.join(home, TRASH)
    yield from _runs("trash", trash, _names(trash))
    for name in sorted(names):
        if name not in {BATCHES, TRASH} and not is_run_id(name.removesuffix(META_SUFFIX)):
            yield "other", name, "", [os.path.join(home, name)]


def _runs(kind: str, home: str, names: Iterable[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    ids = {name.removesuffix(META_SUFFIX) for name in names}
    for run_id in sorted(filter(is_run_id, ids)):
        run = RecordedRun.of(run_at(home, run_id))
        yield kind, run.name, run.opref.op_name, [run.run_dir, run.meta_dir]


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"cannot list {directory}: {error.strerror}") from error


class _Room:
    """Adds up files; a file with several names takes its room once."""

    def __init__(self) -> None:
        self._size_bytes = self._disk_bytes = self._freed_bytes = 0
        # Files with several names, by device and inode: the names found, all names, the room.
        self._linked: dict[tuple[int, int], tuple[int, int, int]] = {}

    def add(self, path: str, *others: _Room) -> None:
        """Add a file, or a directory with all that is in it; also to others."""
        pending = [path]
        while pending:
            path = pending.pop()
            try:
                info = os.lstat(path)
                if stat.S_ISDIR(info.st_mode):
                    with os.scandir(path) as entries:
                        pending += [entry.path for entry in entries]
            except OSError:
                continue  # it is gone by now, or belongs to somebody else
            for room in (self, *others):
                room._count(info)  # noqa: SLF001  # of its own class

    def _count(self, info: os.stat_result) -> None:
        disk_bytes = info.st_blocks * _BLOCK_BYTES
        is_directory = stat.S_ISDIR(info.st_mode)
        if not is_directory:
            self._size_bytes += info.st_size
        if is_directory or info.st_nlink == 1:
            self._disk_bytes += disk_bytes
            self._freed_bytes += disk_bytes
            return
        key = (info.st_dev, info.st_ino)
        names = self._linked.get(key, (0, 0, 0))[0]
        self._linked[key] = (names + 1, info.st_nlink, disk_bytes)

    def sizes(self) -> tuple[int, int, int]:
        """Return the bytes of all files, the room that they take, and what of it becomes free."""
        linked = self._linked.values()
        return (
            self._size_bytes,
            self._disk_bytes + sum(disk_bytes for _, _, disk_bytes in linked),
            self._freed_bytes + sum(size for names, links, size in linked if names == links),
        )
