"""The index of a DataFrame as data for JSON: what a batch keeps of the frame that it was given.

    {"names": ["site"], "levels": [{"dtype": "int64", "values": [3, 1]}]}

A MultiIndex has several levels. Times are ISO 8601; a value of another kind is its text.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["index_data", "index_of"]

_PLAIN = (bool, int, float, str)


def index_data(index: pd.Index[Any]) -> dict[str, Any]:
    """Return an index as data for JSON."""
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    return {
        "names": [None if name is None else str(name) for name in index.names],
        "levels": [
            {"dtype": str(level.dtype), "values": [_plain(value) for value in level]}
            for level in levels
        ],
    }


def index_of(data: Any, count: int) -> pd.Index[Any] | None:
    """Return the index of `count` trials; each row of the frame may have several of them.

    None if the data is not such an index: a file that is damaged costs the index, not the frame.
    """
    try:
        levels = [_level(level, count) for level in data["levels"]]
        names = list(data["names"])
        if len(levels) > 1:
            return pd.MultiIndex.from_arrays(levels, names=names)
        is_count = levels[0].equals(pd.RangeIndex(count))
        index: pd.Index[Any] = levels[0].rename(names[0] or ("trial" if is_count else None))
        return index
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError):
        return None


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, _PLAIN) and value == value:  # noqa: PLR0124  # NaN is no JSON
        return value
    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _level(data: Any, count: int) -> pd.Index[Any]:
    values = list(data["values"])
    each, left = divmod(count, len(values))
    if left:
        raise ValueError(f"{count} trials of {len(values)} rows")
    repeated = [value for value in values for _ in range(each)]
    try:
        index: pd.Index[Any] = pd.Index(repeated, dtype=data["dtype"])
    except (TypeError, ValueError, NotImplementedError):
        index = pd.Index(repeated)
    return index
