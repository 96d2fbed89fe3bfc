"""The rows of a request: each row holds the values of one run.

A CSV file names the keys in its first line; its values are typed like those of the command line. A
JSON file is a list of objects. The rows of a DataFrame are dicts. An empty cell (null in JSON, NaN
or NA in a DataFrame) means that the run has the default.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gage._internal.config import Text
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

__all__ = ["Rows", "clean_rows", "first_faults", "read_rows"]

_SHOWN_FAULTS = 20


class Rows(list[dict[str, Any]]):
    """Rows of a DataFrame.

    `frame` describes it as data for JSON: `columns`, its names, and `index`, which `gage_nb`
    writes and reads. The plan of the batch keeps it.
    """

    def __init__(self, rows: Iterable[dict[str, Any]], frame: Mapping[str, Any]) -> None:
        super().__init__(rows)
        self.frame = frame


def read_rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file (values as typed) or a JSON file (a list of objects).

    An empty cell has no value.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not of that form; the message names the line.
    """
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8: {error}") from error
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".csv":
        return _csv_rows(path, text)
    if suffix == ".json":
        return _json_rows(path, text)
    raise ConfigError(f"{path}: expected a .csv or .json file with the values of a run in each row")


def clean_rows(
    given_rows: Sequence[Mapping[str, Any]], given: Container[str], faults: list[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return rows without their empty cells, and notes; add what is wrong with them to `faults`.

    A key in `given` has its value beside the rows, which overrides that of a column.
    """
    rows = []
    overridden: dict[str, None] = {}
    for row in given_rows:
        rows.append(
            {
                str(key): value
                for key, value in row.items()
                if key not in given and not _is_missing(value)
            }
        )
        overridden.update(dict.fromkeys(key for key in row if key in given))
    if not rows:
        faults.append("expected at least one row, found none")
    return rows, [f"{key}: its column is overridden by the value beside it" for key in overridden]


def _is_missing(value: Any) -> bool:
    """Return whether a cell is empty: None in a row of a file, NaN or NA of pandas."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124  # NaN
    return type(value).__name__ in ("NAType", "NaTType")


def _csv_rows(path: str, text: str) -> list[dict[str, Any]]:
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header or not all(header) or len(set(header)) < len(header):
            raise ConfigError(
                f"{path}:1: expected the names of keys, each once, found {','.join(header)!r:.120}"
            )
        rows = []
        faults = []
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                faults.append(
                    f"{path}:{reader.line_num}: expected {len(header)} cells, found {len(cells)}"
                )
            pairs = zip(header, cells, strict=False)
            rows.append({key: Text(cell) for key, cell in pairs if cell.strip()})
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}") from error
    if faults:
        raise ConfigError(first_faults(faults))
    return rows


def _json_rows(path: str, text: str) -> list[dict[str, Any]]:
    import json

    try:
        rows = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path}: expected JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path}: expected a list of objects, one for each run")
    return rows


def first_faults(faults: list[str]) -> str:
    """Return the first faults, one on each line, and how many more there are."""
    more = len(faults) - _SHOWN_FAULTS
    lines = faults[:_SHOWN_FAULTS]
    return "\n".join([*lines, f"and {more} more faults"] if more > 0 else lines)
