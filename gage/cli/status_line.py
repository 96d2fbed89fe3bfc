"""The last line of a terminal while a run is running: its name, its progress, its duration.

    kafom-fikud ━━━━━━━━━━━━╸─────────── 52% · 13/25 · epoch · 0:41

It is drawn on stderr, below what the run has printed, while the run prints nothing; it is erased
before the run's next line, and at the end. It is not drawn in a line that the run has not ended:
a program with a bar of its own needs no second one. Pipes and files never get it.
"""

from __future__ import annotations

import os
import sys
import time

from gage._internal.errors import MetaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["StatusLine"]

# A run that ends sooner leaves no time to look at the line.
_AFTER_S = 0.5
_INTERVAL_S = 0.2
_LEAST_COLUMNS = 40
_ERASE = "\r\x1b[K"


class StatusLine:
    """The line of one run; draws nothing where stderr is no terminal."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._begun_s = time.monotonic()
        self._due_s = self._begun_s + _AFTER_S
        self._is_drawn = False
        self._in_line = False
        self._is_wanted = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def idle(self) -> None:
        """Draw the line if it is time to."""
        now_s = time.monotonic()
        if self._is_wanted and not self._in_line and now_s >= self._due_s:
            self._due_s = now_s + _INTERVAL_S
            self._is_drawn = True
            self._say(f"{_ERASE}{self._text()}")

    def printed(self, data: bytes) -> None:
        """Note what the run has printed: whether the terminal is in the middle of a line."""
        self._in_line = not data.endswith(b"\n")

    def erase(self) -> None:
        """Make room for what is printed next."""
        if self._is_drawn:
            self._is_drawn = False
            self._say(_ERASE)

    def _say(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._is_wanted = False  # the terminal is gone

    def _text(self) -> str:
        from gage._internal.people import format_bar, format_duration
        from gage._internal.text import on_a_line, shortened
        from gage.inside.progress_report import read_reported_progress

        took = format_duration(self._seconds(), ended=False)
        said = read_reported_progress(self._run.meta_dir)
        columns = self._columns()
        recorded = self._finalizing()
        if recorded:
            return shortened(f"{self._run.name} {recorded} · {took}", columns)
        if said is None or said.completed == said.total:
            return shortened(f"{self._run.name} running {took}", columns)
        parts = []
        if said.total is not None and said.total > 0:
            fraction = min(max(said.completed / said.total, 0.0), 1.0)
            parts.append(f"{format_bar(fraction)} {100 * fraction:.0f}%")
        total = "" if said.total is None else f"/{said.total:,.10g}"
        parts += [f"{said.completed:,.10g}{total}", on_a_line(said.description), took]
        return shortened(f"{self._run.name} {' · '.join(filter(None, parts))}", columns)

    def _finalizing(self) -> str:
        """Return how far the files that the run made are recorded, "" before it has ended."""
        from gage._internal.people import format_bar
        from gage._internal.record.finalizing import read_finalizing

        far = read_finalizing(self._run)
        return "" if far is None else f"{format_bar(far.fraction)} {far.words}"

    def _seconds(self) -> float:
        from gage._internal.record.duration import read_duration_us

        try:
            took_us = read_duration_us(self._run, running=True)
        except MetaError:
            took_us = None  # damaged: the end says so
        return time.monotonic() - self._begun_s if took_us is None else took_us / 1e6

    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
        except OSError:
            columns = 80
        # The last column stays free: a terminal would go to the next line.
        return max(columns, _LEAST_COLUMNS) - 1
