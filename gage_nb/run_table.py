"""The table of runs that a notebook shows: what all runs share is in one line above it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gage._internal.people import format_value
from gage._internal.text import on_a_line, shortened
from gage_nb.run_columns import differs
from gage_nb.tables import readable

__all__ = ["folded", "readable_runs"]

_CONFIG = "config."
_MOST_CHARS = 2000
_MOST_CHARS_OF_VALUE = 24


def readable_runs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same frame of runs, now with a readable display."""
    return readable(frame, lambda: folded(frame))


def folded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of runs without the configuration that all of them share, and a line of it."""
    if len(frame) < 2:
        return frame
    names = [str(name) for name in frame.columns if str(name).startswith(_CONFIG)]
    shared = [name for name in names if not _differs(frame[name])]
    values = {name.removeprefix(_CONFIG): frame[name].iloc[0] for name in shared}
    known = [
        f"{on_a_line(key)}={format_value(value, _MOST_CHARS_OF_VALUE)}"
        for key, value in values.items()
        if not (pd.api.types.is_scalar(value) and pd.isna(value))
    ]
    shown = frame.drop(columns=shared)
    shown.attrs = dict(frame.attrs)
    if known:
        shown.attrs["above"] = shortened(f"all: {', '.join(known)}", _MOST_CHARS)
    return shown


def _differs(column: pd.Series[Any]) -> bool:
    return differs(column.to_numpy() if column.dtype == "object" else column.array)
