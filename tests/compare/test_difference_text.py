"""The differences of two runs as text: what differs is named on the first lines."""

from __future__ import annotations

from typing import Any

from gage._internal.compare.difference import COLUMNS
from gage._internal.compare.difference_text import ADDED, REMOVED, difference_lines

NOTHING: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}


def texts(**found: list[dict[str, Any]]) -> list[str]:
    return [line.text for line in difference_lines("kafom", "gafib", {**NOTHING, **found})]


def line(number: int, of_a: str | None, of_b: str | None) -> dict[str, Any]:
    numbers = {"line_a": None if of_a is None else number, "line_b": number if of_b else None}
    return {**numbers, "time_a_ms": None, "time_b_ms": None, "a": of_a, "b": of_b}


def test_nothing_differs() -> None:
    assert texts() == ["kafom and gafib do not differ"]


def test_what_differs_and_what_is_the_same_comes_first() -> None:
    found = texts(config=[{"key": "lr", "a": 0.1, "b": None}])

    assert found == [
        "a: kafom",
        "b: gafib",
        "differs: configuration (lr)",
        "same: command, source code, environment, files, metrics, output, system",
        "",
        "Configuration",
        "  lr: 0.1 → –",
    ]


def test_lines_of_one_change_stay_together() -> None:
    rows = [line(1, "x", "X"), line(2, "y", "Y"), line(7, None, "new")]

    found = list(difference_lines("a", "b", {**NOTHING, "output": rows}))

    assert [text for text, _ in found[-5:]] == [
        "  -1: x",
        "  -2: y",
        "  +1: X",
        "  +2: Y",
        "  +7: new",
    ]
    assert [style for _, style in found[-5:]] == [REMOVED, REMOVED, ADDED, ADDED, ADDED]
    assert "differs: output (3 lines)" in [text for text, _ in found]


def test_a_long_section_is_cut_with_a_word() -> None:
    found = texts(output=[line(number, "x", "y") for number in range(1, 101)])

    assert found[-1] == "  … 170 more lines: gage diff --json"
    assert "  +1: y" in found
    assert texts(config=[{"key": f"k{i}", "a": 1, "b": 2} for i in range(40)])[-1] == (
        "  … 10 more lines: gage diff --json"
    )


def test_nothing_that_a_terminal_obeys() -> None:
    rows = [{"key": "\x1b[2J", "a": "\x1b]0;x\x07", "b": "y\nz"}]

    assert not any("\x1b" in text or "\n" in text for text in texts(config=rows))
