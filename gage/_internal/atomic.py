"""Writing files that others read: replaced as a whole, or appended to by whole lines.

Nothing is written through a link that has taken the place of a side-car, of a directory in it, or
of a file that is appended to: a run may have put it there, and it leads elsewhere.
"""

from __future__ import annotations

import errno
import os

__all__ = ["NO_ROOM", "append", "check_place", "cut_torn_line", "replace", "write_all", "write_new"]

# Error numbers of a write for which the disk, or the user's share of it, has no room.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_BLOCK_BYTES = 1 << 16
_SIDE_CAR = ".meta" + os.sep
_NAME_CHARS = 50


def check_place(path: str) -> None:
    """Raise an error if a file of a side-car would be written or removed somewhere else.

    Raises
    ------
    OSError
        If the side-car, or the directory of the file, is a link.
    """
    end = path.rfind(_SIDE_CAR)
    if end < 0:
        return
    meta_dir, directory = path[: end + len(_SIDE_CAR) - 1], path[: path.rfind(os.sep)]
    if os.path.islink(meta_dir) or (directory != meta_dir and os.path.islink(directory)):
        raise OSError(errno.ELOOP, "a link has taken the place of a directory", directory)


def write_new(path: str, data: bytes, mode: int = 0o666) -> None:
    """Write a file that must not exist yet; its directory is created if it is missing.

    The file gets `mode`, less the bits of the umask.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        fd = os.open(path, flags, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, mode)
    _write_and_close(fd, data, path)


def replace(path: str, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Safe against the death of the process at any moment. Not synced: after a power failure the
    file has the old content or the new, as the file system orders it.
    """
    check_place(path)
    temporary = _write_temporary(path, data)
    try:
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def append(path: str, data: bytes) -> None:
    """Append to a file in one write, so that lines of several writers do not mix."""
    check_place(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    try:
        fd = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, 0o666)
    _write_and_close(fd, data, path)


def write_all(fd: int, data: bytes | memoryview, offset: int | None = None) -> None:
    """Write all of the data, at the offset if one is given: a single write may take only a part."""
    done = 0
    while done < len(data):
        left = memoryview(data)[done:] if done else data
        done += os.write(fd, left) if offset is None else os.pwrite(fd, left, offset + done)


def cut_torn_line(path: str) -> None:
    """Remove the incomplete last line of a file, which a crash cut off.

    For files that one process at a time appends to: the next line would be joined to it.
    """
    try:
        with open(path, "r+b") as file:
            end = file.seek(0, os.SEEK_END)
            position, rest = end, b""
            while position > 0 and b"\n" not in rest:
                position = max(0, position - _BLOCK_BYTES)
                file.seek(position)
                rest = file.read(min(_BLOCK_BYTES, end - position))
            whole = position + rest.rfind(b"\n") + 1
            if whole < end:
                file.truncate(whole)
    except FileNotFoundError:
        return


def _write_temporary(path: str, data: bytes) -> str:
    """Write data to a temporary file beside a path; return the path of that file.

    Two threads may do so at once, and a killed process with the same id may have left such a
    file: in a container, process ids are soon used again.
    """
    # The name may already be as long as a name can be.
    start = path[: path.rfind(os.sep) + 1 + _NAME_CHARS]
    number = 0
    while True:
        temporary = f"{start}.{os.getpid()}-{number}.tmp"
        try:
            write_new(temporary, data)
        except FileExistsError:
            if not os.path.isdir(os.path.dirname(temporary) or os.curdir):
                raise  # something else has the name of the directory
            number += 1
        except BaseException:
            _remove(temporary)
            raise
        else:
            return temporary


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # the error that came before is the one to report


def _write_and_close(fd: int, data: bytes, path: str) -> None:
    try:
        write_all(fd, data)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(fd)
