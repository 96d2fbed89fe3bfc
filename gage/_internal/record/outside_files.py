r"""Files that a run read outside of its directory: noted, with size and digest, not copied.

Each process of the run that reads some has a file in the side-car, `outside/STARTED-PID` (epoch
microseconds, so that the names sort by time). UTF-8, a line for each file when it is opened first:

    gage-outside 1                                       the version of this format
    1763853000123456 2048 1763850000000000 /data/a.csv

These are the time of opening, in µs; the size in bytes; the time of modification, in µs; and the
path, absolute, as `quoting` writes it.

At the end of the run they are hashed, and the attribute `sys/outside` is a list of
`{"path", "size_bytes", "modified_us", "sha256"}`. Without `sha256` are files that have changed or
gone since, and those beyond `MOST_BYTES` in all. A file beyond `HASHED_ONCE_BYTES` is hashed once.
"""

from __future__ import annotations

import os

from gage._internal.guarded import read_regular
from gage._internal.named import NamedTuple
from gage._internal.quoting import unquote
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import read_attr, write_attr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["HEADER", "OUTSIDE_DIR", "OutsideFile", "outside_files", "record_outside_files"]

OUTSIDE_DIR = "outside"
HEADER = "gage-outside 1"
MOST_BYTES = 8 << 30
HASHED_ONCE_BYTES = 64 << 20


class OutsideFile(NamedTuple):
    """A file that a run read outside of its directory, as it was when it was opened.

    `path` is absolute; `modified_us` is the time of its modification, in µs; `digest` is its
    sha256, None where it changed before the end of the run, or where there was too much to hash.
    """

    path: str
    size_bytes: int
    modified_us: int
    digest: str | None


def outside_files(run: Run) -> list[OutsideFile]:
    """Return what a run has read outside of its directory, in the order of opening."""
    recorded = read_attr(run, "sys", "outside", None)
    if not isinstance(recorded, list):
        return _noted(run)
    found = []
    for item in recorded:
        if isinstance(item, dict) and isinstance(item.get("path"), str):
            numbers = (item.get("size_bytes"), item.get("modified_us"))
            size, modified = (value if isinstance(value, int) else 0 for value in numbers)
            found.append(OutsideFile(item["path"], size, modified, item.get("sha256")))
    return found


def record_outside_files(run: Run) -> None:
    """Hash what a run that has ended has read outside of its directory, and record it."""
    noted = _noted(run)
    if not noted:
        return
    # Loaded here: few runs read anything elsewhere.
    from gage._internal.record.digest_cache import DigestCache
    from gage._internal.record.manifest import hash_file

    left = MOST_BYTES
    recorded = []
    with DigestCache() as cache:
        for file in noted:
            item = {
                "path": file.path,
                "size_bytes": file.size_bytes,
                "modified_us": file.modified_us,
            }
            try:
                info = os.stat(file.path)
                same = (info.st_size, info.st_mtime_ns // 1000) == file[1:3]
                if same and info.st_size <= left:
                    left -= info.st_size
                    is_big = info.st_size >= HASHED_ONCE_BYTES
                    item["sha256"] = (
                        cache.digest(file.path, info) if is_big else hash_file(file.path)
                    )
            except OSError:
                pass  # it is gone, or may not be read any more
            recorded.append(item)
    write_attr(run, "sys", "outside", recorded)


def _noted(run: Run) -> list[OutsideFile]:
    directory = run_meta_path(run, OUTSIDE_DIR)
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found: dict[str, OutsideFile] = {}
    for name in names:
        try:
            data = read_regular(os.path.join(directory, name))
        except OSError:
            continue
        lines = data[: data.rfind(b"\n") + 1].decode("utf-8", "surrogateescape").split("\n")
        if lines[0] != HEADER:
            continue
        for line in lines[1:-1]:
            fields = line.split(" ", 3)
            if len(fields) == 4 and all(field.isdigit() for field in fields[:3]):
                try:
                    path = unquote(fields[3])
                except ValueError:
                    continue  # a line that is damaged is no line
                found.setdefault(path, OutsideFile(path, int(fields[1]), int(fields[2]), None))
    return list(found.values())
