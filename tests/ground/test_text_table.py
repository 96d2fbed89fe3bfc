"""Tables of text: aligned, and never wider than they may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.text_table import columns_that_fit, cut_to_fit, text_table

HEADINGS = ("name", "loss", "comment")
ROWS = [("a", "0.5", "the first"), ("long-name", "12.25", "")]


def test_columns_are_aligned_and_numbers_to_the_right() -> None:
    assert text_table(HEADINGS, ROWS, numbers={1}) == [
        "  name        loss  comment",
        "  a            0.5  the first",
        "  long-name  12.25",
    ]


def test_the_widest_column_is_cut_first() -> None:
    rows = [("a" * 30, "1", "b" * 12)]

    (_, line) = text_table(HEADINGS, rows, numbers={1}, width=40)

    assert line.startswith("  " + "a" * 10)
    assert "…" in line
    assert line.endswith("b" * 12)
    assert len(line) == 40


def test_columns_that_do_not_fit_are_left_out_from_the_right() -> None:
    lines = text_table(HEADINGS, ROWS, width=18, whole={0})

    assert lines == ["  name       loss", "  a          0.5", "  long-name  12.25"]
    assert columns_that_fit(HEADINGS, ROWS, {0}, 16) == 2


def test_a_heading_that_may_have_lines_leaves_room_for_columns() -> None:
    headings, rows = ("run", "started (UTC)", "label"), [("a-run", "00:39:45", "a long label")]

    wide = cut_to_fit(headings, rows, {0, 1}, 40, wraps=True)
    narrow = cut_to_fit(headings, rows, {0, 1}, 25, wraps=True)

    assert wide == ([*headings], [[*rows[0]]])
    assert narrow == (["run", "started\n(UTC)", "label"], [["a-run", "00:39:45", "a long …"]])
    assert cut_to_fit(headings, rows, {0, 1}, 25, wraps=False)[0] == ["run", "started (UTC)"]


def test_a_table_without_rows_is_its_headings() -> None:
    assert text_table(HEADINGS, []) == ["  name  loss  comment"]


def test_a_row_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        text_table(HEADINGS, [("a", "b")])


@given(
    st.lists(st.tuples(*[st.text("ab 1…", max_size=40)] * 4), max_size=5),
    st.integers(12, 100),
)
def test_no_line_is_longer_than_the_width(rows: list[tuple[str, ...]], width: int) -> None:
    lines = text_table(("a", "b", "c", "d"), rows, width=width)

    assert max(map(len, lines)) <= width
