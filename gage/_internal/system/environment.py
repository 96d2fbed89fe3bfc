"""The record of the system that starts a run: Python, platform, packages, git.

`start_recording` begins and `Recording.collect` ends it, so that git can work while the run is
staged. `collect` returns attributes for the side-car, one JSON value each:

    python    {"version": "3.12.1", "implementation": "cpython", "executable": "python3.12"}
    platform  {"system": "Linux", "release": "6.1.0", "machine": "x86_64", "cpu_count": 8}
    packages  {"numpy": "2.1.0", …}: packages that the starting interpreter can import
    git       `git`

A value that is not available is `{"absent": REASON}`. No environment variables are recorded.
"""

from __future__ import annotations

import os
import sys
import time

from gage._internal.system.git import GitRecording
from gage._internal.system.recording import DEADLINE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "Recording",
    "installed_packages",
    "platform_info",
    "python_info",
    "start_recording",
]


def start_recording(project_dir: str) -> Recording:
    """Begin to record; in a repository, git starts to work at once.

    It does not raise for values that are not available, and starts no process without a repository.
    """
    return Recording(GitRecording(project_dir))


class Recording:
    """A recording that has begun: `collect` it, or `cancel` it if no run is started."""

    __slots__ = ("_git",)

    def __init__(self, git: GitRecording) -> None:
        self._git = git

    def collect(self, deadline_s: float = DEADLINE_S) -> dict[str, Any]:
        """Return the attributes by name, after waiting for at most about `deadline_s`."""
        end = time.monotonic() + deadline_s
        late = f"did not answer within {deadline_s * 1000:.0f} ms"
        packages = _packages_by(end)
        if packages is None:
            absent = {"absent": f"the directories of packages {late}"}
        return {
            "python": python_info(),
            "platform": platform_info(),
            "packages": absent if packages is None else packages,
            "git": self._git.collect(end, f"git {late}"),
        }

    def cancel(self) -> None:
        """Stop the recording, which can then no longer be collected."""
        self._git.cancel()


def python_info() -> dict[str, Any]:
    """Return the version, implementation and name of the interpreter."""
    return {
        "version": ".".join(map(str, sys.version_info[:3]))
        + ("" if sys.version_info.releaselevel == "final" else sys.version_info.releaselevel),
        "implementation": sys.implementation.name,
        "executable": os.path.basename(sys.executable or ""),
    }


def platform_info() -> dict[str, Any]:
    """Return the operating system, its release, the machine's type and the usable CPUs."""
    try:
        cpu_count: int | None = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        cpu_count = os.cpu_count()
    if hasattr(os, "uname"):
        uname = os.uname()
        system, release, machine = uname.sysname, uname.release, uname.machine
    else:
        import platform

        system, release, machine = platform.system(), platform.release(), platform.machine()
    return {"system": system, "release": release, "machine": machine, "cpu_count": cpu_count}


# Packages


def installed_packages(search_path: list[str] | None = None) -> dict[str, str]:
    """Return the versions of the distributions on a search path, sorted by name.

    Names are normalised (lower case, `-` between words). If two directories have the same
    distribution, the first one counts, as for an import. Only names of directories are read;
    metadata is read only if the name has no version.
    """
    search_path = sys.path if search_path is None else search_path
    return _first_of_each(_packages_in(directory or os.curdir) for directory in search_path)


def _packages_by(end: float) -> dict[str, str] | None:
    """Return the installed packages, or None if the deadline comes before all are known."""
    found = []
    for directory in dict.fromkeys(sys.path):
        if time.monotonic() > end:
            return None
        found.append(_packages_in(directory or os.curdir))
    return _first_of_each(found)


def _first_of_each(found: Iterable[list[tuple[str, str]]]) -> dict[str, str]:
    packages: dict[str, str] = {}
    for directory in found:
        for name, version in directory:
            packages.setdefault(name, version)
    return dict(sorted(packages.items()))


def _packages_in(directory: str) -> list[tuple[str, str]]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []  # an archive, or an entry of the path that does not exist
    packages = []
    for name in names:
        # pip renames a package that it cannot remove to `~ame`, which is not installed.
        if name.startswith("~"):
            continue
        if name.endswith(".dist-info"):
            project, _, version = name[:-10].partition("-")
            metadata = ("METADATA",)
        elif name.endswith(".egg-info"):
            # NAME-VERSION[-pyX.Y].egg-info, a directory or a file; NAME.egg-info beside a source.
            project, _, rest = name[:-9].partition("-")
            version = rest.partition("-py")[0]
            metadata = ("PKG-INFO",)
        elif name.endswith(".egg-link"):
            packages += _linked_packages(os.path.join(directory, name))
            continue
        else:
            continue
        version = version or _metadata_version(os.path.join(directory, name, *metadata))
        packages.append((_normalised(project), version))
    return packages


def _linked_packages(path: str) -> list[tuple[str, str]]:
    """Return the packages of a link of `setup.py develop`, whose first line is a directory."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            target = file.readline().strip()
        names = os.listdir(target)
    except (OSError, ValueError):
        return []
    wanted = _normalised(os.path.basename(path)[:-9])
    return [
        (wanted, _metadata_version(os.path.join(target, name, "PKG-INFO")))
        for name in names
        if name.endswith(".egg-info") and _normalised(name[:-9].partition("-")[0]) == wanted
    ]


def _metadata_version(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("Version:"):
                    return line[8:].strip()
                if not line.strip():
                    break
    except OSError:
        pass
    return "unknown"


def _normalised(project: str) -> str:
    words = project.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join(word for word in words if word)
