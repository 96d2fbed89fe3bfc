"""Copying files into a run, with their digests computed in the same pass.

Each file is written once, under its final name, which must not exist yet. The copy has the content,
the modification time and the executable bits of its source; a link is copied as the file that it
points to. The digest is that of the written bytes, even if the source changes meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from gage._internal.atomic import NO_ROOM, write_all
from gage._internal.errors import GageError, StoreError
from gage._internal.named import NamedTuple
from gage._internal.parallel import for_each
from gage._internal.quoting import quote
from gage._internal.sha256 import sha256_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias, TypeVar

    T = TypeVar("T")
    # A path, and a function that decides by the file's first bytes whether to copy it (None: copy).
    Candidate: TypeAlias = tuple[str, Callable[[bytes], bool] | None]


__all__ = ["HEAD_BYTES", "Copied", "Fault", "copy_candidates", "copy_files", "raise_faults"]


class Copied(NamedTuple):
    """A file that was copied: path, size, modification time (epoch µs), sha256 (hex)."""

    path: str
    size_bytes: int
    modified_us: int
    digest: str


class Fault(NamedTuple):
    """A file that could not be copied; `optional` if it had not been accepted yet."""

    path: str
    error: OSError
    optional: bool


HEAD_BYTES = 8192  # the first bytes that decide on a candidate
_SMALL_BYTES = 1 << 20  # files up to this size are read as a whole
# Fits in the processor's cache between reading, writing and hashing; writing a MiB or more at once
# takes the kernel twice as long.
_CHUNK_BYTES = 1 << 18
_MOST_SHOWN = 10
_FICLONE = 0x40049409  # of Linux, <linux/fs.h>

# Opening a pipe must not wait for a writer; opening a terminal must not make it our own.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
_CAN_SET_TIME = os.utime in os.supports_fd


def copy_files(
    src_dir: str, dst_dir: str, paths: Iterable[str], *, read_only: bool = False
) -> list[Copied]:
    """Copy files, given relative to the source directory; return the copies, sorted by path.

    Parameters
    ----------
    read_only
        Whether to make the copies without write permission, which saves removing it later.

    Raises
    ------
    GageError
        If files could not be copied; all other files have been copied.
    StoreError
        If there is no room for a file; its incomplete copy is removed.
    """
    copied, faults = copy_candidates(
        src_dir, dst_dir, ((path, None) for path in paths), read_only=read_only
    )
    raise_faults(src_dir, faults)
    return copied


def copy_candidates(
    src_dir: str, dst_dir: str, candidates: Iterable[Candidate], *, read_only: bool = False
) -> tuple[list[Copied], list[Fault]]:
    """Copy accepted files like `copy_files`, and return the faults.

    Each candidate is accepted or refused before the next one is taken.
    """
    copying = _Copying(src_dir, dst_dir, read_only=read_only)
    for path, accept in candidates:
        copying.take(path, accept)
    copying.finish()
    return sorted(copying.copied), sorted(copying.faults, key=lambda fault: fault.path)


def raise_faults(src_dir: str, faults: list[Fault]) -> None:
    """Raise one error with the faults of all files, if there are any."""
    if not faults:
        return
    lines = [
        f"    {quote(fault.path)}: {fault.error.strerror or fault.error}"
        for fault in faults[:_MOST_SHOWN]
    ]
    if len(faults) > _MOST_SHOWN:
        lines.append(f"    and {len(faults) - _MOST_SHOWN} more")
    count = "a file" if len(faults) == 1 else f"{len(faults)} files"
    raise GageError("\n".join([f"cannot copy {count} of {src_dir}:", *lines])) from faults[0].error


class _Copying:
    """Copies files from one directory to another.

    Small files are copied one after the other: threads that create files lose more time passing
    Python's lock to each other than they gain. Big files come last, several at once.
    """

    def __init__(self, src_dir: str, dst_dir: str, *, read_only: bool) -> None:
        self.copied: list[Copied] = []
        self.faults: list[Fault] = []
        self._src = os.path.join(src_dir, "")
        self._dst = os.path.join(dst_dir, "")
        self._permissions = 0o444 if read_only else 0o666
        self._big: list[tuple[int, str]] = []
        self._may_clone = sys.platform == "linux"

    def take(self, path: str, accept: Callable[[bytes], bool] | None) -> None:
        """Copy a file if it is accepted; a big one is copied by `finish`."""
        try:
            src = os.open(self._src + path, _READ)
            try:
                info = os.fstat(src)
                size = info.st_size
                if size > _SMALL_BYTES:
                    if accept is None or accept(os.read(src, HEAD_BYTES)):
                        self._big.append((size, path))
                    return
                # One byte more than the size: a short answer then means the end, in one call.
                data = os.read(src, size + 1)
                if len(data) != size or not size:
                    _check_regular(info, path)
                    data = _read_rest(src, data)
            finally:
                os.close(src)
        except OSError as error:
            self._fail(path, error, optional=accept is not None)
            return
        if accept is None or accept(data):
            try:
                self._make(path, info, _write_data, data)
            except OSError as error:
                self._fail(path, error)

    def finish(self) -> None:
        """Copy the big files, the biggest first, so that the threads end at about the same time."""
        for_each(self._take_big, sorted(self._big, reverse=True))

    def _make(
        self,
        path: str,
        info: os.stat_result,
        fill: Callable[[int, T], tuple[int, str]],
        content: T,
    ) -> None:
        """Make a copy; `fill` writes its content and returns its size and digest."""
        full_path = self._dst + path
        mode = self._permissions | info.st_mode & 0o111
        try:
            dst = os.open(full_path, _CREATE, mode)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(full_path), exist_ok=True)
            dst = os.open(full_path, _CREATE, mode)
        modified_ns = info.st_mtime_ns
        try:
            try:
                size, digest = fill(dst, content)
                os.utime(dst if _CAN_SET_TIME else full_path, ns=(modified_ns, modified_ns))
            finally:
                os.close(dst)
        except BaseException:
            os.unlink(full_path)
            raise
        self.copied.append(Copied(path, size, modified_ns // 1000, digest))

    def _fail(self, path: str, error: OSError, *, optional: bool = False) -> None:
        """Keep a fault; raise it at once if all later files would fail too."""
        if error.errno in NO_ROOM:
            raise StoreError(self._full_message(path, error)) from error
        self.faults.append(Fault(path, error, optional))

    def _take_big(self, item: tuple[int, str], stopped: Callable[[], bool]) -> None:
        try:
            self._copy_big(item[1], stopped)
        except OSError as error:
            self._fail(item[1], error)

    def _copy_big(self, path: str, stopped: Callable[[], bool]) -> None:
        with open(os.open(self._src + path, _READ), "rb", buffering=0) as src:
            info = os.fstat(src.fileno())
            _check_regular(info, path)
            self._make(path, info, self._copy_content, (src.fileno(), stopped))

    def _copy_content(self, dst: int, content: tuple[int, Callable[[], bool]]) -> tuple[int, str]:
        """Copy a descriptor's content; return the number of written bytes, and their digest."""
        src, stopped = content
        # The clone is hashed, not the source, which may have changed since.
        cloned = self._may_clone and self._clone(src, dst)
        from hashlib import sha256

        digest = sha256()
        view = memoryview(bytearray(_CHUNK_BYTES))
        size = 0
        with open(dst if cloned else src, "rb", buffering=0, closefd=False) as file:
            while count := file.readinto(view):
                if stopped():
                    raise InterruptedError(errno.EINTR, "another file failed")
                if not cloned:
                    write_all(dst, view[:count])
                digest.update(view[:count])
                size += count
        return size, digest.hexdigest()

    def _clone(self, src: int, dst: int) -> bool:
        """Let the copy share the blocks of its source, if the file system can do that."""
        import fcntl

        try:
            fcntl.ioctl(dst, _FICLONE, src)
        except OSError:
            self._may_clone = False
            return False
        return True

    def _full_message(self, path: str, error: OSError) -> str:
        try:
            needed = f"{os.stat(self._src + path).st_size} bytes"
        except OSError:
            needed = "room"
        free = "none are free"
        if hasattr(os, "statvfs"):
            room = os.statvfs(self._dst)
            free = f"{room.f_bavail * room.f_frsize} are free"
            if not room.f_favail:
                free += ", and no more files can be made"
        return (
            f"cannot copy {quote(path)} to {self._dst}: {error.strerror}: expected {needed}, "
            f"{free}. Free some room, leave files out with a pattern, or name a directory on "
            "another disk with GAGE_RUNS"
        )


def _write_data(dst: int, data: bytes) -> tuple[int, str]:
    write_all(dst, data)
    return len(data), sha256_of(data)


def _check_regular(info: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def _read_rest(src: int, data: bytes) -> bytes:
    parts = [data]
    while parts[-1]:
        parts.append(os.read(src, _CHUNK_BYTES))
    return b"".join(parts)
