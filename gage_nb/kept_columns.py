"""The columns of all runs in a file beside the index, for the first frame of the next process.

    CACHE/gage/index/DIGEST.2.sqlite.columns    a pickle of (versions, seen, columns)

`versions` are those of Python, NumPy and pandas, `seen` is how far the columns follow the index
(`index.runs.Seen`). The file is only a cache: if it is damaged, of other versions, or of another
database, the columns are made from the index. A file of another user is not read, since a pickle
can run code.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gage._internal.atomic import replace
from gage._internal.guarded import open_regular
from gage._internal.index.runs import Seen
from gage_nb.run_columns import Column

if TYPE_CHECKING:
    from gage_nb.run_columns import Columns

__all__ = ["keep_columns", "kept_columns"]

_VERSIONS = (1, sys.version, np.__version__, pd.__version__)


def kept_columns(database: str) -> tuple[Seen, Columns] | None:
    """Return the columns that are kept for a database, None if there are none."""
    try:
        with open_regular(str(_path(database))) as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            versions = pickle.load(file)  # noqa: S301  # a file of this user in the cache directory
            if versions != _VERSIONS:
                return None
            seen, columns = pickle.load(file)  # noqa: S301  # likewise
    except Exception:  # noqa: BLE001  # a damaged pickle raises anything
        return None
    if not isinstance(seen, Seen) or not all(isinstance(each, Column) for each in columns.values()):
        return None
    return seen, columns


def keep_columns(database: str, seen: Seen, columns: Columns) -> None:
    """Keep columns for the next process, if there is room for them."""
    data = pickle.dumps(_VERSIONS) + pickle.dumps((seen, columns), protocol=5)
    with contextlib.suppress(OSError):  # they are made from the index then
        replace(str(_path(database)), data)


def _path(database: str) -> Path:
    return Path(f"{database}.columns")
