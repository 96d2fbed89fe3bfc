"""Values as files: what comes back is what was written, whatever the format."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gage._internal.errors import DependencyError
from gage.inside.variables import read_value, write_value

ROOT = Path(__file__).parents[2]

with_attrs = pd.DataFrame({"a": [1]})
with_attrs.attrs["source"] = "survey"

FRAMES = {
    "numbers": pd.DataFrame({"a": [1, 2, 3], "f": [1.5, np.nan, 2]}),
    "texts": pd.DataFrame({"s": ["a", None, "ü\n"]}),
    "dates": pd.DataFrame({"t": pd.date_range("2020", periods=3, tz="UTC")}),
    "categories": pd.DataFrame(
        {"c": pd.Categorical(["x", "y"], categories=["z", "y", "x"], ordered=True)}
    ),
    "nullable": pd.DataFrame({"i": pd.array([1, None], dtype="Int64")}),
    "range index": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(2, 6, 2, name="k")),
    "dates with a frequency": pd.DataFrame(
        {"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="D")
    ),
    "levels": pd.DataFrame(
        np.zeros((2, 2)),
        index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None]),
        columns=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
    ),
    "no columns": pd.DataFrame(),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int64")}),
    "attrs": with_attrs,
    "decimals": pd.DataFrame({"d": [decimal.Decimal("1.5")], "t": [dt.date(2020, 1, 1)]}),
}

# What Parquet would change without a word.
PICKLED_FRAMES = {
    "mixed names": pd.DataFrame({1: [1], "x": [2]}),
    "the same name twice": pd.DataFrame(np.zeros((2, 2)), columns=["a", "a"]),
    "lists": pd.DataFrame({"o": [[1], [2]]}),
    "tuples": pd.DataFrame({"o": [(1,), (2,)]}),
    "mixed values": pd.DataFrame({"o": [1, "a"]}),
    "seconds": pd.DataFrame({"t": np.array(["2020-01-01"], dtype="M8[s]")}),
    "complex": pd.DataFrame({"z": [1j]}),
    "None and NaN": pd.DataFrame({"s": pd.Series(["a", np.nan, None], dtype=object)}),
}

ARRAYS = {
    "2-d": np.arange(6.0).reshape(2, 3),
    "0-d": np.array(3),
    "empty": np.zeros((0, 3), dtype="int8"),
    "fields": np.array([(1, "a")], dtype=[("n", "i4"), ("s", "U3")]),
    "dates": np.array(["2020-01-01"], dtype="M8[s]"),
    "big endian": np.array([1, 2], dtype=">i4"),
}


class Plain:
    """Known here by reference only."""

    def __init__(self, value: object) -> None:
        self.value = value


def written_and_read(value: Any, directory: Path) -> tuple[str, str, Any]:
    stored = write_value(value, str(directory), "name")
    assert [path.name for path in directory.iterdir()] == [stored.file_name]
    return stored.format, stored.note, read_value(str(directory / stored.file_name))


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_a_frame_that_parquet_keeps(tmp_path: Path, frame: pd.DataFrame) -> None:
    format_, note, found = written_and_read(frame, tmp_path)

    assert (format_, note) == ("parquet", "")
    pd.testing.assert_frame_equal(found, frame)
    assert found.attrs == frame.attrs


@pytest.mark.parametrize("frame", PICKLED_FRAMES.values(), ids=PICKLED_FRAMES.keys())
def test_a_frame_that_parquet_would_change_is_pickled_and_said_so(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    format_, note, found = written_and_read(frame, tmp_path)

    assert format_ == "pickle"
    assert note.startswith("pickled (cloudpickle ")
    assert "Parquet would change the DataFrame: " in note
    pd.testing.assert_frame_equal(found, frame)
    assert [type(value) for value in found.iloc[0]] == [type(value) for value in frame.iloc[0]]


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array(tmp_path: Path, array: np.ndarray[Any, Any]) -> None:
    format_, note, found = written_and_read(array, tmp_path)

    assert (format_, note) == ("npy", "")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    "value",
    [{"a": [1, 2.5, "é", None]}, None, (1, {2}), float("inf"), b"\xff", {1: "a"}, 10**5000],
    ids=["dict", "None", "tuple", "infinity", "bytes", "keys", "large"],
)
def test_plain_values_are_json(tmp_path: Path, value: Any) -> None:
    format_, note, found = written_and_read(value, tmp_path)

    assert (format_, note) == ("json", "")
    assert type(found) is type(value)
    assert found == value


def test_a_list_that_is_there_twice_stays_one(tmp_path: Path) -> None:
    one: list[int] = []

    format_, _, found = written_and_read([one, one], tmp_path)

    assert format_ == "pickle"
    assert found[0] is found[1]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.array([{}]), "the array holds Python objects"),
        (np.ma.masked_array([1], [True]), "MaskedArray has no format of its own"),
        (pd.Series([1]), "Series has no format of its own"),
        (range(3), "a value of type range has no format of its own"),
        (Plain(1), "Plain has no format of its own"),
    ],
    ids=["objects", "subclass", "series", "range", "own class"],
)
def test_anything_else_is_pickled_and_said_so(tmp_path: Path, value: Any, reason: str) -> None:
    format_, note, found = written_and_read(value, tmp_path)

    assert format_ == "pickle"
    assert reason in note
    assert type(found) is type(value)


def test_what_cannot_be_pickled_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="cannot be pickled: TypeError") as caught:
        write_value(threading.Lock(), str(tmp_path), "guard")

    assert "`guard` (a value of type _thread.lock)" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".parquet", ".npy", ".json", ".pickle"])
def test_a_damaged_file_is_an_error_with_its_path(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"name{suffix}"
    path.write_bytes(b"nonsense")

    with pytest.raises(DependencyError, match=f"name{suffix}: "):
        read_value(str(path))


def test_an_array_file_with_a_pickle_in_it_is_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "name.npy", np.array([{}]), allow_pickle=True)

    with pytest.raises(DependencyError, match="allow_pickle=False"):
        read_value(str(tmp_path / "name.npy"))


def test_nothing_is_imported_that_the_value_does_not_need(tmp_path: Path) -> None:
    """The line before a cell's first costs the run next to nothing."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from gage.inside.variables import load, save\n"
        "print(*sys.modules)"
    )

    output = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"numpy", "pandas", "pyarrow", "cloudpickle", "pickle", "json"} & set(output)
