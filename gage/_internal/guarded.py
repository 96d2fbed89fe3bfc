"""Files that others wrote, opened so that they cannot harm the reader.

A directory of runs is read by people who did not write it, after crashes, on shared disks. These
functions open regular files only: no pipe, which would block, no device, which never ends, no
directory, and no link to another place. A file that is read as a whole has a limit of size.
Everything else raises an `OSError` whose `strerror` says what was found.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["MOST_BYTES", "REGULAR_FLAGS", "open_regular", "read_regular"]

MOST_BYTES = 64 * 1024 * 1024
"""The size of the largest file that is read into memory as a whole."""

_BLOCK_BYTES = 1 << 20
REGULAR_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a path is opened that may be anything: it does not block, and does not follow a link."""


def open_regular(path: str, *, buffered: bool = True) -> BufferedReader:
    """Open a regular file for reading its bytes.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such file.
    OSError
        If it is not a regular file, or cannot be opened.
    """
    fd, _ = _opened(path)
    try:
        return open(fd, "rb", -1 if buffered else 0)  # type: ignore[return-value]
    except BaseException:
        os.close(fd)
        raise


def read_regular(path: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of at most `most_bytes`.

    Raises
    ------
    OSError
        As `open_regular`; and if the file is larger.
    """
    fd, size_bytes = _opened(path)
    try:
        # One more than allowed tells a larger file; one more than there are tells a grown one.
        data = os.read(fd, min(size_bytes, most_bytes) + 1)
        while data and len(data) != size_bytes and len(data) <= most_bytes:
            more = os.read(fd, min(_BLOCK_BYTES, most_bytes + 1 - len(data)))
            if not more:
                break
            data += more
    finally:
        os.close(fd)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"a file of more than {most_bytes:,} bytes", path)
    return data


def _opened(path: str) -> tuple[int, int]:
    """Return a descriptor of a regular file, and the file's size in bytes."""
    try:
        fd = os.open(path, REGULAR_FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # Linux and macOS, FreeBSD
            raise OSError(errno.EINVAL, "a symbolic link", path) from None
        if error.errno == errno.ENXIO:
            raise OSError(errno.EINVAL, "a socket or a device", path) from None
        raise
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, _kind(found.st_mode), path)
    except BaseException:
        os.close(fd)
        raise
    return fd, found.st_size


def _kind(mode: int) -> str:
    """Return the kind of a file that is not a regular file."""
    kinds = (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )
    for is_kind, name in kinds:
        if is_kind(mode):
            return name
    return "a device"
