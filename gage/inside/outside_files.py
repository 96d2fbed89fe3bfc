"""Files that a run's program reads outside of its run: noted as it opens them, never copied.

`gage/inside/site/sitecustomize.py` calls `note` for the first opening of each file that is neither
in the run nor Python's or the system's. `gage._internal.record.outside_files` draws the file that
it writes. Files that this process has written before, settings in hidden directories and caches
are left out; so is what C libraries open by themselves, of which Python knows nothing.
"""

from __future__ import annotations

import os
import stat
from time import time_ns

from gage._internal.quoting import quote
from gage._internal.record.outside_files import HEADER, OUTSIDE_DIR
from gage.inside.current_run import current_meta_dir, new_process_file

__all__ = ["note"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MOST = 10_000
# In a path: packages, settings of programs.
_PARTS = (
    "/site-packages/",
    "/dist-packages/",
    "/.config/",
    "/.ipython/",
    "/.jupyter/",
    "/.local/",
    "/.matplotlib/",
    "/.cache/matplotlib/",
    "/.cache/fontconfig/",
)


# Where programs are told to keep their settings and caches.
_DIRECTORIES = (
    "MPLCONFIGDIR",
    "XDG_CONFIG_HOME",
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
)


class _Log:
    """The file of this process in the side-car; a forked child has one of its own."""

    def __init__(self) -> None:
        self.pid = 0
        self.fd: int | None = None
        self.count = 0
        self.written: set[str] = set()

    def add(self, line: bytes) -> None:
        if self.pid != os.getpid():
            self._open()
        if self.fd is not None and self.count < _MOST:
            self.count += 1
            os.write(self.fd, line)

    def _open(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        self.pid = os.getpid()
        meta_dir = current_meta_dir()
        if meta_dir is None:
            return
        self.fd = new_process_file(os.path.join(meta_dir, OUTSIDE_DIR))
        os.write(self.fd, f"{HEADER}\n".encode())


_log = _Log()


def note(path: str, flags: int) -> None:
    """Note that the program opens a file, unless it writes it or has written it."""
    try:
        if flags & _WRITES:
            _log.written.add(path)
            return
        directory, name = os.path.split(path)
        if directory.endswith("/__pycache__"):
            # Of a module that Python has compiled before, its source is what was read.
            name = f"{name.partition('.')[0]}.py"
            path = os.path.join(os.path.dirname(directory), name)
        if path in _log.written or name.startswith(".") or _is_of_settings(path):
            return
        info = os.stat(path)
        if stat.S_ISREG(info.st_mode):
            state = f"{time_ns() // 1000} {info.st_size} {info.st_mtime_ns // 1000}"
            _log.add(f"{state} {quote(path)}\n".encode("utf-8", "surrogateescape"))
    except (OSError, ValueError):
        return  # there is no such file, or no room to note it: the program goes on


def _is_of_settings(path: str) -> bool:
    """Return whether a file belongs to a package, or to what a program keeps for itself."""
    own = [place for name in _DIRECTORIES if (place := os.environ.get(name))]
    return any(part in path for part in _PARTS) or any(
        path.startswith(f"{os.path.abspath(place)}/") for place in own
    )
