"""Differences of lines: what they say turns one side into the other, and they are few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.compare import lines
from gage._internal.compare.lines import Change, changes, unified

_LINES = st.lists(st.sampled_from("abcde"), max_size=12)


@given(_LINES, _LINES)
def test_changes_turn_one_into_the_other(a: list[str], b: list[str]) -> None:
    built, position = [], 0
    for change in changes(a, b):
        built += a[position : change.begin_a] + b[change.begin_b : change.end_b]
        position = change.end_a

    assert built + a[position:] == b


@given(_LINES, _LINES)
def test_a_unified_diff_turns_one_into_the_other(a: list[str], b: list[str]) -> None:
    built, position = [], 0
    for line in unified(a, b):
        if line[0] == "@":
            # `-5,3`: three lines from the fifth; `-5,0`: none, after the fifth.
            begin, _, count = line.split()[1][1:].partition(",")
            start = int(begin) - (count != "0")
            built += a[position:start]
            position = start
            continue
        if line[0] in " -":
            assert a[position] == line[1:]
            position += 1
        if line[0] in " +":
            built.append(line[1:])

    assert built + a[position:] == b


@given(_LINES, _LINES)
def test_changes_of_long_lists_turn_one_into_the_other(a: list[str], b: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_MOST_FOR_DIFFLIB", 1)
        patch.setattr(lines, "_EQUAL_IN_A_ROW", 1)
        built, position = [], 0
        for change in changes(a, b):
            built += a[position : change.begin_a] + b[change.begin_b : change.end_b]
            position = change.end_a

    assert built + a[position:] == b


def test_a_line_that_moves_in_a_long_list_is_two_changes() -> None:
    a = [f"line {i}" for i in range(20_000)]
    b = [*a[:10], *a[11:5000], a[10], *a[5000:]]

    assert changes(a, b) == [Change(10, 11, 10, 10), Change(5000, 5000, 4999, 5000)]


def test_a_header_names_the_lines() -> None:
    a = [f"line {i}" for i in range(20)]
    b = [*a[:10], "new", *a[11:]]

    assert unified(a, b) == [
        "@@ -8,7 +8,7 @@",
        *(f" line {i}" for i in (7, 8, 9)),
        "-line 10",
        "+new",
        *(f" line {i}" for i in (11, 12, 13)),
    ]


def test_many_lines_with_changes_far_apart() -> None:
    a = [f"line {i}" for i in range(50_000)]
    b = list(a)
    b[100] = "x"
    del b[40_000]
    b.insert(20_000, "y")

    assert changes(a, b) == [
        Change(100, 101, 100, 101),
        Change(20_000, 20_000, 20_000, 20_001),
        Change(40_000, 40_001, 40_001, 40_001),
    ]


def test_many_lines_that_have_nothing_in_common() -> None:
    a, b = [f"a{i}" for i in range(5000)], [f"b{i}" for i in range(4000)]

    assert changes(a, b) == [Change(0, 5000, 0, 4000)]
