"""A cache of parsed Gage files by the digest of their bytes, so that a run starts sooner.

    $XDG_CACHE_HOME/gage/gagefiles/DIGEST.json       default: ~/.cache/gage/gagefiles
        {"data": {"train": {"exec": …}}, "faulty": ["test"]}

`data` is the content of the file; `faulty` names the keys at its top that cannot be used. The
digest is of the file's bytes, its format and the schema. The cache can be deleted at any time: if
anything is wrong with it, the Gage file itself is read.
"""

from __future__ import annotations

import os
import sys

from gage._internal import light_json
from gage._internal.atomic import replace
from gage._internal.operations.schema_check import SCHEMA_PATH
from gage._internal.sha256 import sha256_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["cache_dir", "cache_path", "keep", "kept"]

_VERSION = 1  # of this layout, and of the checks that are not in the schema
_MOST_FILES = 64
_MOST_BYTES = 4_000_000


def cache_dir() -> str | None:
    """Return the directory of the cache, None if there is no home directory for one."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "gage", "gagefiles") if os.path.isabs(base) else None


def cache_path(path: str, raw: bytes) -> str | None:
    """Return the path of a Gage file's cache entry, None if nothing can be cached."""
    directory = cache_dir()
    if directory is None:
        return None
    schema = os.stat(SCHEMA_PATH)
    suffix = os.path.splitext(path)[1].lower()
    judge = (_VERSION, suffix, sys.version_info[:2], schema.st_size, schema.st_mtime_ns)
    digest = sha256_of(repr(judge).encode() + b"\0" + raw)
    return os.path.join(directory, f"{digest}.json")


def kept(cached: str | None) -> tuple[dict[str, Any], list[str]] | None:
    """Return the data of a Gage file and the names of its faulty keys, None if not cached."""
    if cached is None:
        return None
    try:
        with open(cached, "rb") as file:
            text = file.read(_MOST_BYTES + 1)
        found = light_json.loads(text.decode())
        data, faulty = found["data"], found["faulty"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(faulty, list):
        return None
    return data, faulty


def keep(cached: str | None, data: dict[str, Any], faulty: list[str]) -> None:
    """Cache the content of a Gage file, if that is possible."""
    if cached is None:
        return
    try:
        text = light_json.dumps({"data": data, "faulty": faulty})
        directory = os.path.dirname(cached)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        replace(cached, text.encode())
        _leave_out_oldest(directory)
    except (OSError, TypeError, ValueError, RecursionError):
        return


def _leave_out_oldest(directory: str) -> None:
    with os.scandir(directory) as scan:
        entries = [(entry.stat().st_mtime_ns, entry.path) for entry in scan]
    if len(entries) > _MOST_FILES:
        for _, path in sorted(entries)[: _MOST_FILES // 2]:
            os.unlink(path)
