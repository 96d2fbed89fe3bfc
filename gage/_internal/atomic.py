"""Writing files that others read: replaced as a whole, or appended to by whole lines."""

from __future__ import annotations

import os

__all__ = ["append", "replace", "write_new"]


def write_new(path: str, data: bytes) -> None:
    """Write a file that must not exist yet; its directory is made when it is missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, 0o666)
    _write_and_close(fd, data)


def replace(path: str, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Safe against the death of the process at any moment. Not synced: after a power failure the
    file has the old content or the new, as the file system orders it.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        write_new(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def append(path: str, data: bytes) -> None:
    """Append to a file in one write, so that lines of several writers do not mix."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, 0o666)
    _write_and_close(fd, data)


def _write_and_close(fd: int, data: bytes) -> None:
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
    finally:
        os.close(fd)
