"""How far the end of a run is recorded: `proc/finalizing`, if that takes longer than a moment.

    FILES ALL_FILES BYTES ALL_BYTES     of the files that the run made: hashed so far, and all

The file is removed when all are hashed.
"""

from __future__ import annotations

import os
import time

from gage._internal.atomic import check_place, replace
from gage._internal.errors import MetaError
from gage._internal.named import NamedTuple
from gage._internal.people import format_size
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import HashWatch
from gage._internal.record.reading import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.types import Run

__all__ = ["FinalizeProgress", "FinalizeWatch", "read_finalizing"]

_AFTER_S = 0.5
_INTERVAL_S = 0.3
_MOST_DIGITS = 18


class FinalizeProgress(NamedTuple):
    """How many of the files that a run made are hashed, and of how many bytes."""

    files: int
    all_files: int
    size_bytes: int
    all_bytes: int

    @property
    def fraction(self) -> float:
        """How much of the bytes is done, from 0 to 1."""
        return min(self.size_bytes / self.all_bytes, 1.0) if self.all_bytes else 0.0

    @property
    def words(self) -> str:
        """What is done, for people."""
        sizes = f"{format_size(self.size_bytes)} of {format_size(self.all_bytes)}"
        return f"hashing its files: {self.files:,} of {self.all_files:,}, {sizes}"


class FinalizeWatch(HashWatch):
    """Writes how far hashing the files of a run is, and ends it if that is asked for."""

    def __init__(self, run: Run, asked_to_stop: Callable[[], bool]) -> None:
        self._path = run_meta_path(run, "proc", "finalizing")
        self._asked_to_stop = asked_to_stop
        self._is_stopped = False
        self._done = FinalizeProgress(0, 0, 0, 0)
        self._due_s = time.monotonic() + _AFTER_S

    def expect(self, files: int, size_bytes: int) -> None:
        """Take note of how many files and bytes there are."""
        self._done = FinalizeProgress(0, files, 0, size_bytes)

    def is_stopped(self) -> bool:
        """Return whether somebody asked to end this, now or before."""
        self._is_stopped = self._is_stopped or self._asked_to_stop()
        return self._is_stopped

    def hashed(self, size_bytes: int, files: int = 0) -> None:
        """Count bytes, and files that are complete with them."""
        done = self._done
        self._done = done._replace(
            files=done.files + files, size_bytes=done.size_bytes + size_bytes
        )
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + _INTERVAL_S
            self._write()

    def close(self) -> None:
        """Remove the file."""
        try:
            check_place(self._path)
            os.unlink(self._path)
        except OSError:
            pass  # it did not take long

    def _write(self) -> None:
        try:
            replace(self._path, b"%d %d %d %d\n" % self._done)
        except OSError:
            return  # it is only shown


def read_finalizing(run: Run) -> FinalizeProgress | None:
    """Return how far finalising a run is, None if it is not being finalised."""
    try:
        fields = (read_text(run, "proc", "finalizing") or "").split()
    except MetaError:
        return None  # it is only shown
    if len(fields) != len(FinalizeProgress._fields) or not all(map(_is_number, fields)):
        return None
    return FinalizeProgress(*map(int, fields))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
