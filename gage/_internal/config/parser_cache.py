"""What parsers of scripts answered, kept from one process to the next.

    $XDG_CACHE_HOME/gage/parsers/KEY.json       default: ~/.cache/gage/parsers
        {"answer": {"parser": {…}, "files": […]}, "digests": {"train.py": "5f2c…"},
         "places": {"/…/site-packages": 1764031029000000000}}

KEY is the sha256 of what was asked: the project, the command, its interpreter and its environment.
`answer` is that of `parser_child`. It holds while the files that it depends on have the same
`digests` (sha256, or size and time of a large file), and the directories of installed packages the
same times of change (ns). The cache can be deleted at any time: without it, the script is asked.
"""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gage._internal.atomic import replace
from gage._internal.guarded import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["digests_of", "entry_path", "keep", "kept"]

_VERSION = 1
_MOST_ENTRIES = 64
_MOST_BYTES = 4_000_000
_MOST_FILES = 500

# Variables that differ from one terminal or kernel to the next, and do not change a parser.
_PASSING = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "WINDOWID"})
_PASSING_PREFIXES = ("DBUS_", "GAGE_", "JPY_", "SSH_", "TERM", "TMUX", "VSCODE_", "VTE_", "XDG_SES")


def entry_path(project_dir: str, argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """Return the path of the entry for a question, None if there is no place for a cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(base):
        return None
    python = os.path.realpath(shutil.which(argv[0]) or argv[0])
    lasting = {
        name: value
        for name, value in {**os.environ, **env}.items()
        if name in env or (name not in _PASSING and not name.startswith(_PASSING_PREFIXES))
    }
    asked = (_VERSION, os.path.realpath(project_dir), python, _changed_ns(python), list(argv))
    key = sha256(repr((asked, sorted(lasting.items()))).encode("utf-8", "surrogateescape"))
    return os.path.join(base, "gage", "parsers", f"{key.hexdigest()}.json")


def kept(entry: str | None, project_dir: str) -> dict[str, Any] | None:
    """Return the answer of an entry, None if there is none that holds."""
    if entry is None:
        return None
    try:
        found = json.loads(read_regular(entry, _MOST_BYTES))
        answer, digests, places = found["answer"], found["digests"], found["places"]
        holds = digests == digests_of(project_dir, digests) and places == _places(places)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return answer if holds and isinstance(answer, dict) else None


def keep(
    entry: str | None, answer: dict[str, Any], digests: dict[str, str], places: Iterable[str]
) -> None:
    """Keep an answer, if that is possible."""
    if entry is None or len(digests) > _MOST_FILES:
        return
    data = {"answer": answer, "digests": digests, "places": _places(places)}
    directory = os.path.dirname(entry)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        replace(entry, json.dumps(data).encode())
        _leave_out_oldest(directory)
    except (OSError, ValueError, TypeError):
        return


def digests_of(directory: str, files: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of files, size and time of a large one, "" of one that cannot be read."""
    found = {}
    for name in files:
        path = os.path.join(directory, name)
        try:
            info = os.stat(path)
            if info.st_size > _MOST_BYTES:
                found[name] = f"{info.st_size} {info.st_mtime_ns}"
            else:
                found[name] = sha256(read_regular(os.path.realpath(path))).hexdigest()
        except (OSError, ValueError):
            found[name] = ""
    return found


def _places(directories: Iterable[str]) -> dict[str, int]:
    return {directory: _changed_ns(directory) for directory in directories}


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return 0


def _leave_out_oldest(directory: str) -> None:
    with os.scandir(directory) as scan:
        entries = [(entry.stat().st_mtime_ns, entry.path) for entry in scan]
    if len(entries) > _MOST_ENTRIES:
        for _, path in sorted(entries)[: _MOST_ENTRIES // 2]:
            os.unlink(path)
