"""The origin of a file or picture by its digest, of a number or line as it was printed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.errors import MetaError
from gage._internal.guarded import open_regular, read_regular
from gage._internal.output.reader import OutputReader
from gage._internal.output.results import captions
from gage._internal.record.file_log import read_events
from gage._internal.record.layout import META_SUFFIX, RUN_OUTPUT, run_at, run_meta_path
from gage._internal.record.manifest import read_manifest
from gage._internal.record.run_meta import meta_opref
from gage._internal.store.reports import FILE_TYPES
from gage._internal.store.store import run_ids
from gage._internal.text import valid
from gage._internal.whence.digests import FILE, runs_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gage._internal.types import Run

__all__ = [
    "LEAST_CHARS",
    "LEAST_DIGITS",
    "Origin",
    "can_tell",
    "origins_of_digests",
    "origins_of_text",
    "pictures_of_notebook",
]

# Anything shorter is printed by runs that have nothing to do with each other.
LEAST_DIGITS = 4
LEAST_CHARS = 8

_MOST_OUTPUT_BYTES = 256_000_000
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_MADE_FIRST = {name: place for place, name in enumerate(("generated", "picture"))}


class Origin(NamedTuple):
    """Where something comes from.

    Attributes
    ----------
    what
        `generated`, `source code`, `dependency` or `runtime` of a file, `picture` of something that
        was shown, `output` of a number or a line.
    run, id
        The run's name and id.
    operation
        What the run ran.
    place
        The path of a file in the run, the caption of a picture, the line of output.
    line
        The number of the line in the output, from 1; of a picture the line before it; None of a
        file.
    time_us
        When it was made or printed, epoch µs; None if that is not recorded.
    source
        The place in the program, such as `train.py:31`, if it is known.
    """

    what: str
    run: str
    id: str
    operation: str
    place: str
    line: int | None
    time_us: int | None
    source: str


def origins_of_digests(home: str, digests: Iterable[str]) -> list[Origin]:
    """Return the origins of files and pictures: those that runs made first, the oldest first."""
    found: list[Origin] = []
    for digest, run_id, kind in runs_with(home, digests):
        run = run_at(home, run_id)
        try:
            found += _of_file(run, digest) if kind == FILE else _of_picture(run, digest)
        except (MetaError, OSError, ValueError):
            continue  # it cannot be said for sure
    return sorted(found, key=lambda each: (_MADE_FIRST.get(each.what, 9), each.time_us or 0))


def origins_of_text(home: str, text: str, most: int) -> list[Origin]:
    """Return the lines of output that are a text, or have a number as it is written.

    The newest runs come last. At most `most + 1` are returned: then it is too common to tell. An
    output of more than 256 MB is not looked at.
    """
    needle = text.strip().encode("utf-8", "surrogateescape")
    is_number = _NUMBER.fullmatch(text.strip()) is not None
    found: list[Origin] = []
    for run_id in run_ids(home):
        # As run_meta_path: a run takes longer to make than its output to read.
        path = os.path.join(home, run_id + META_SUFFIX, "output", RUN_OUTPUT)
        for number, line in _lines_with(path, needle, is_number=is_number):
            found.append(_of_line(run_at(home, run_id), number, line))
            if len(found) > most:
                return found
    return sorted(found, key=lambda each: each.time_us or 0)


def can_tell(text: str) -> bool:
    """Return whether a number or text is long enough to belong to one place."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        digits = re.sub(r"[eE].*|\D", "", text).lstrip("0")
        return len(digits) >= LEAST_DIGITS
    return len(text) >= LEAST_CHARS and "\n" not in text


def _of_file(run: Run, digest: str) -> Iterator[Origin]:
    # Of several events with a path, the last one is that of the file in the manifest.
    times = {event.path: event.modified_us for event in read_events(run)}
    for entry in read_manifest(run_meta_path(run, "manifest")):
        if entry.digest == digest:
            kind = FILE_TYPES.get(entry.type, entry.type)
            time_us = times.get(entry.path)
            yield Origin(
                kind, run.name, run.id, _operation(run), valid(entry.path), None, time_us, ""
            )


def _of_picture(run: Run, digest: str) -> Iterator[Origin]:
    for result, caption in captions(run.meta_dir):
        if any(digest == known for known, _ in result.files.values()):
            line = _line_at(run, result.at)
            yield Origin(
                *("picture", run.name, run.id, _operation(run), caption, line),
                *(result.time_us, result.origin.partition(" ")[0]),
            )


def _of_line(run: Run, number: int, text: str) -> Origin:
    time_us = None
    try:
        reader = OutputReader(run_meta_path(run, "output", RUN_OUTPUT))
        first = next(reader.lines(number, number + 1), None)
        time_us = None if first is None else first.time_ms * 1000
    except (MetaError, OSError):
        pass  # the line is there, its time is not known
    return Origin("output", run.name, run.id, _operation(run), text, number + 1, time_us, "")


def _lines_with(path: str, needle: bytes, *, is_number: bool) -> Iterator[tuple[int, str]]:
    """Yield number, from 0, and text of the lines of an output that are meant."""
    try:
        data = read_regular(path, _MOST_OUTPUT_BYTES)
    except OSError:
        return
    if needle not in data:
        return
    whole = re.compile(rb"(?<![\w.+-])" + re.escape(needle) + rb"(?![\w]|[.][\d])")
    for number, line in enumerate(data.split(b"\n")):
        if needle in line:
            shown = line.rstrip(b"\r").rpartition(b"\r")[2]
            if whole.search(shown) if is_number else shown.strip() == needle:
                yield number, shown.decode("utf-8", "replace")


def _line_at(run: Run, offset: int) -> int | None:
    try:
        with open_regular(run_meta_path(run, "output", RUN_OUTPUT)) as file:
            return file.read(min(offset, _MOST_OUTPUT_BYTES)).count(b"\n")
    except OSError:
        return None


def _operation(run: Run) -> str:
    try:
        return meta_opref(run).op_name
    except (MetaError, OSError):
        return "?"


def pictures_of_notebook(data: Any) -> Iterator[tuple[int, bytes]]:
    """Yield each picture in the outputs of a notebook, with the number of its cell, from 1."""
    from binascii import Error, a2b_base64

    cells = data.get("cells") if isinstance(data, dict) else None
    for number, cell in enumerate(cells if isinstance(cells, list) else [], 1):
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            parts = output.get("data") if isinstance(output, dict) else None
            for mime, value in parts.items() if isinstance(parts, dict) else ():
                if mime.startswith("image/"):
                    text = "".join(value) if isinstance(value, list) else value
                    try:
                        yield number, text.encode() if mime == "image/svg+xml" else a2b_base64(text)
                    except (AttributeError, Error, TypeError, ValueError):
                        continue  # damaged: nobody made it
