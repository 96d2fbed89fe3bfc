"""Rows of a request: what a file of them holds, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.batch.rows import clean_rows, first_faults, read_rows
from gage._internal.config import Text
from gage._internal.errors import ConfigError


def test_cells_of_a_csv_file_are_typed_later_and_empty_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("lr, name\n0.5,\n,x\n\n")

    rows = read_rows(str(path))

    assert rows == [{"lr": Text("0.5")}, {"name": Text("x")}]
    assert all(isinstance(value, Text) for row in rows for value in row.values())


def test_empty_cells_are_left_out_and_a_value_beside_the_rows_overrides_a_column() -> None:
    faults: list[str] = []

    rows, notes = clean_rows([{"a": None, "b": float("nan"), "c": 0, "d": 1}], {"c": 1}, faults)

    assert rows == [{"d": 1}]
    assert notes == ["c: its column is overridden by the value beside it"]
    assert faults == []


def test_many_faults_are_counted() -> None:
    assert first_faults(["x"] * 20) == "\n".join(["x"] * 20)
    assert first_faults(["x"] * 23).endswith("x\nand 3 more faults")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.csv", "a,a\n1,2\n", "rows.csv:1: expected the names of keys, each once"),
        ("rows.csv", "a,b\n1\n2,3\n4,5,6\n", r"rows.csv:2: .*found 1\n.*rows.csv:4: .*found 3"),
        ("rows.csv", 'a\n"b', "rows.csv:2: "),
        ("rows.json", "{", "expected JSON"),
        ("rows.json", '{"a": 1}', "expected a list of objects"),
        ("rows.txt", "", r"expected a \.csv or \.json file"),
    ],
)
def test_faults_of_files_name_the_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(ConfigError, match=message):
        read_rows(str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_rows(str(tmp_path / "no.csv"))
