"""The differences between two runs, printed for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gage._internal.compare.difference_text import ADDED, PLAIN, REMOVED, TITLE, difference_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["print_diff"]

_COLOURS = {PLAIN: "", TITLE: "\x1b[1m", REMOVED: "\x1b[31m", ADDED: "\x1b[32m"}
_END = "\x1b[0m"


def print_diff(
    a: RecordedRun, b: RecordedRun, found: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Print the sections that differ; in colour on a terminal."""
    is_coloured = sys.stdout.isatty()
    for text, style in difference_lines(a.name, b.name, found):
        colour = _COLOURS[style] if is_coloured else ""
        print(f"{colour}{text}{_END}" if colour else text)
