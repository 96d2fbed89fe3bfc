"""Reported progress: `progress` in the process of the run, and the file that it writes.

`proc/progress` in the side-car is one line, replaced as a whole:

    COMPLETED TOTAL DESCRIPTION

These are two numbers as Python writes them, with `-` for an unknown total, and a string
(`quoting`), which may be empty. The time of the file is the time of the progress. After a pause the
file is written at once, otherwise ten times a second; the last progress is always written. If
several processes of a run report, the last one counts.
"""

from __future__ import annotations

import os
from time import monotonic_ns

from gage._internal.atomic import replace
from gage._internal.guarded import open_regular
from gage._internal.named import NamedTuple
from gage._internal.quoting import quote, unquote
from gage.inside.delayed_writer import DelayedWriter

__all__ = ["ReportedProgress", "progress", "read_reported_progress"]


class ReportedProgress(NamedTuple):
    """The progress that a run reported, and when (epoch µs, UTC)."""

    completed: float
    total: float | None
    description: str
    time_us: int


_MOST_BYTES = 65_536  # the maximum size of the file
_INTERVAL_S = 0.1


# Writing, in the process of the run


def progress(completed: float, total: float | None = None, description: str = "") -> None:
    """Report the progress of the run that this code is part of; outside a run, do nothing.

        for i, batch in enumerate(batches):
            ...
            gage.progress(i + 1, len(batches), "training")

    Parameters
    ----------
    completed
        The amount that is done.
    total
        The total amount; None if it is not known.
    description
        A text on what is being done.

    Raises
    ------
    TypeError
        If `completed` or `total` is not a number, or `description` is not a string.
    OSError
        If it cannot be written.
    """
    if not _own.is_reporting():
        return
    if completed.__class__ is not int:
        completed = _checked("completed", completed)
    if total is not None and total.__class__ is not int:
        total = _checked("total", total)
    if not isinstance(description, str):
        raise TypeError(f"gage.progress: expected a string for description, found {description!r}")
    _own.report(completed, total, description)


class _OwnProgress(DelayedWriter):
    """The progress of this process, and whether it has been written."""

    __slots__ = ("_path", "_state")

    def __init__(self) -> None:
        super().__init__(_INTERVAL_S)
        self._path: str | None = None
        self._state: tuple[float, float | None, str] | None = None

    def is_reporting(self) -> bool:
        """Return whether this process is part of a run; the first call finds that out."""
        return self._path is not None or self._open()

    def report(self, completed: float, total: float | None, description: str) -> None:
        self._state = (completed, total, description)
        now_ns = monotonic_ns()
        if now_ns >= self._due_ns or completed == total:
            self._due_ns = now_ns + int(_INTERVAL_S * 1e9)
            self._flush(wait=False)
        else:
            self._soon()

    def _open(self) -> bool:
        """Find the file; return whether this process is part of a run."""
        meta_dir = self._find_run()
        if meta_dir is None:
            return False
        self._begin()
        self._path = os.path.join(meta_dir, "proc", "progress")
        return True

    def _write(self) -> None:
        state, self._state = self._state, None
        if state is None or self._path is None:
            return
        completed, total, description = state
        # The text is only shown to people: a lone surrogate is not worth an error.
        text = quote(description.encode("utf-8", "replace").decode()) if description else ""
        shown = "-" if total is None else repr(total)
        replace(self._path, f"{completed!r} {shown} {text}\n".encode())

    def _drop(self) -> None:
        self._state = None


_own = _OwnProgress()


def _checked(what: str, value: object) -> float:
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "__index__"):
        return int(value.__index__())
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"gage.progress: expected a number for {what}, found {value!r}")


# Reading, from anywhere


def read_reported_progress(meta_dir: str) -> ReportedProgress | None:
    """Return the last reported progress, None if there is none or the file is not valid."""
    try:
        with open_regular(os.path.join(meta_dir, "proc", "progress")) as file:
            line = file.read(_MOST_BYTES).decode("utf-8", "surrogateescape").removesuffix("\n")
            time_us = os.fstat(file.fileno()).st_mtime_ns // 1000
    except OSError:
        return None
    completed, _, rest = line.partition(" ")
    total, _, description = rest.partition(" ")
    try:
        return ReportedProgress(
            float(completed),
            None if total == "-" else float(total),
            unquote(description),
            time_us,
        )
    except ValueError:
        return None
