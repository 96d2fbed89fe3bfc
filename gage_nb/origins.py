"""Where something comes from, as a DataFrame: `whence`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gage._internal.api.place import home_of
from gage._internal.api.whence import answer
from gage_nb.frames import from_rows

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["whence", "whence_at"]

_DTYPES = {
    "what": "category",
    "run": "string",
    "operation": "string",
    "place": "string",
    "line": "Int64",
    "time_us": "datetime64[us, UTC]",
    "source": "string",
    "id": "string",
}


def whence(x: str | float | bytes | Path, *, directory: str | None = None) -> pd.DataFrame:
    """Return where a file, picture, number or line of text comes from; no row if that is not sure.

        gage_nb.whence("figure.png")
        gage_nb.whence("loss: 0.2371")

    Columns: `what` (category: generated, source code, dependency, runtime, picture, output), `run`
    (string), `operation` (string), `place` (string: the path in the run, the caption, the line),
    `line` (Int64, of the output, from 1), `time` (datetime64[us, UTC]), `source` (string, the place
    in the program), `id` (string).

    Parameters
    ----------
    x
        As in `gage.whence`.
    directory
        Default: the current directory.
    """
    return whence_at(x, home_of(directory))


def whence_at(x: str | float | bytes | Path, home: str) -> pd.DataFrame:
    """Return the frame of `whence` for a directory of runs."""
    found = answer(x, home)
    frame = from_rows((origin._asdict() for origin in found.origins), _DTYPES)
    frame.attrs["if_empty"] = found.note
    return frame
