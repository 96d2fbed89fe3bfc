"""The files of an output: an index that is missing, too short, too long or damaged is made again.

A line without a record gets what a reader gives it: the time of the record before it (of the file,
if there is none) and the stream 0.
"""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.doctor.finding import Finding
from gage._internal.doctor.quarantine import keep_copy, log_repair, set_aside
from gage._internal.errors import MetaError
from gage._internal.guarded import open_regular
from gage._internal.output.format import (
    RECORD_BYTES,
    STDERR,
    STDOUT,
    Switches,
    encode_record,
    index_path,
    switches_path,
    whole_records,
)
from gage._internal.people import format_count
from gage._internal.record.layout import OUTPUTS, run_meta_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gage._internal.types import Run

__all__ = ["output_findings"]

_BLOCK_BYTES = 1 << 20
_EVERYTHING = 1 << 62
_MAX_TIME_MS = (1 << 48) - 1  # of the eight bytes of a time, the first two are 0


def output_findings(run: Run, home: str) -> Iterator[Finding]:
    """Yield what is wrong with the outputs of a run that is not running."""
    for name in OUTPUTS.values():
        path = run_meta_path(run, "output", name)
        problem = _index_problem(path)
        if problem:
            yield Finding(
                run.name,
                os.path.relpath(index_path(path), home),
                problem,
                "the index is made again; lines without a record get the time before them",
                mend=lambda path=path, problem=problem: _mend_index(run, home, path, problem),  # type: ignore[misc]
            )
        try:
            Switches(path).between(0, _EVERYTHING)
        except (MetaError, OSError) as error:
            yield Finding(
                run.name,
                os.path.relpath(switches_path(path), home),
                str(error),
                "the file is set aside; each line then has one stream",
                mend=lambda path=path, error=error: _drop_switches(run, home, path, str(error)),  # type: ignore[misc]
            )


def _index_problem(path: str) -> str:
    """Return what is wrong with the index of an output, "" if nothing is."""
    try:
        lines = _count_lines(path)
    except FileNotFoundError:
        return "the output of this index is missing" if os.path.exists(index_path(path)) else ""
    except OSError as error:
        return f"the output cannot be read: {error.strerror}"
    try:
        data = _read(index_path(path))
    except FileNotFoundError:
        return f"missing, for {format_count(lines, 'line')}" if lines else ""
    except OSError as error:
        return f"expected an index, found {error.strerror}"
    records = len(data) // RECORD_BYTES
    if len(data) % RECORD_BYTES or records != lines:
        return f"expected {format_count(lines, 'record')}, found {len(data) / RECORD_BYTES:,.4g}"
    if _is_damaged(data):
        return "records are damaged"
    return ""


def _mend_index(run: Run, home: str, path: str, problem: str) -> str:
    index = index_path(path)
    try:
        lines = _count_lines(path)
    except FileNotFoundError:
        place = set_aside(home, index, problem)
        log_repair(run, f"the index of {os.path.basename(path)} was set aside: {problem}")
        return f"moved to {place}"
    try:
        data = _read(index)
        keep_copy(home, index, problem)
    except FileNotFoundError:
        data = b""
    except OSError:
        set_aside(home, index, problem)
        data = b""
    kept, guessed = _mended(data, lines, os.stat(path).st_mtime_ns // 1_000_000)
    replace(index, kept)
    done = f"made again; the time of {format_count(guessed, 'line')} is estimated"
    log_repair(run, f"the index of output/{os.path.basename(path)} was {done}")
    return done


def _drop_switches(run: Run, home: str, path: str, problem: str) -> str:
    place = set_aside(home, switches_path(path), problem)
    log_repair(run, f"output/{os.path.basename(path)}.switches was set aside: {problem}")
    return f"moved to {place}"


def _mended(data: bytes, lines: int, modified_ms: int) -> tuple[bytes, int]:
    """Return an index for so many lines, and how many of its records are new."""
    data = whole_records(data)[: lines * RECORD_BYTES]
    known = len(data) // RECORD_BYTES
    if not _is_damaged(data):
        last = int.from_bytes(data[-RECORD_BYTES:-1], "big") if data else modified_ms
        return data + encode_record(last, STDOUT) * (lines - known), lines - known
    records = []
    guessed = lines - known
    before_ms = modified_ms
    for at in range(0, len(data), RECORD_BYTES):
        time_ms, stream = int.from_bytes(data[at : at + 8], "big"), data[at + 8]
        if time_ms > _MAX_TIME_MS or stream > STDERR:
            guessed += 1
            time_ms, stream = before_ms, STDOUT
        before_ms = time_ms
        records.append(encode_record(time_ms, stream))
    records += [encode_record(before_ms, STDOUT)] * (lines - known)
    return b"".join(records), guessed


def _is_damaged(data: bytes) -> bool:
    too_late = any(data[0::RECORD_BYTES]) or any(data[1::RECORD_BYTES])
    return too_late or max(data[RECORD_BYTES - 1 :: RECORD_BYTES], default=0) > STDERR


def _count_lines(path: str) -> int:
    """Return the number of lines of an output, including an unfinished last one."""
    lines, last = 0, b"\n"
    with open_regular(path, buffered=False) as file:
        while block := file.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def _read(path: str) -> bytes:
    with open_regular(path) as file:
        return file.read()
