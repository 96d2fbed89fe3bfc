"""What a run records about the system that started it: Python, platform, packages, git.

`start_recording` begins and `Recording.collect` ends it, so that git works while the run is
staged. `collect` gives attributes for the side-car, one JSON value each:

    python    {"version": "3.12.1", "implementation": "cpython", "executable": "python3.12"}
    platform  {"system": "Linux", "release": "6.1.0", "machine": "x86_64", "cpu_count": 8}
    packages  {"numpy": "2.1.0", …}: what the starting interpreter can import, names normalised
    git       `git`

What could not be had is `{"absent": REASON}` in its place. No environment variable is recorded.
"""

from __future__ import annotations

import os
import sys
import time

from gage._internal.system.git import GitRecording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "DEFAULT_DEADLINE_S",
    "Recording",
    "installed_packages",
    "platform_info",
    "python_info",
    "start_recording",
]

DEFAULT_DEADLINE_S = 0.2


def start_recording(project_dir: str) -> Recording:
    """Begin to record; git, where there is a repository, starts to work at once.

    Never raises for what cannot be had, and starts no process where there is no repository.
    """
    return Recording(GitRecording(project_dir))


class Recording:
    """A recording that has begun: `collect` it, or `cancel` it when the run comes to nothing."""

    __slots__ = ("_git",)

    def __init__(self, git: GitRecording) -> None:
        self._git = git

    def collect(self, deadline_s: float = DEFAULT_DEADLINE_S) -> dict[str, Any]:
        """Return the attributes by name, after at most about `deadline_s` of waiting."""
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
        """Stop what still works for the recording; it cannot be collected any more."""
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
    """Return the operating system, its release, the machine's type and the CPUs to be used."""
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
    """Return name -> version of the distributions on a search path, sorted by name.

    Names are normalised (lower case, `-` between words). Where two directories hold the same
    distribution the first one counts, as it does for an import. Only names of directories are
    read, no metadata, save where the version is not part of the name.
    """
    search_path = sys.path if search_path is None else search_path
    return _first_of_each(_packages_in(directory or os.curdir) for directory in search_path)


def _packages_by(end: float) -> dict[str, str] | None:
    """Return the installed packages, or None when the time is over before all are known."""
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
        return []  # not a directory: an archive, or an entry of the path that is not there
    packages = []
    for name in names:
        # pip renames what it could not remove to `~ame`: that is not installed.
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
    """Return what a link of `setup.py develop` leads to: its first line is a directory."""
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
