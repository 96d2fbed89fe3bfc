"""Frames as people read them: in a notebook, and in a terminal."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from gage_nb import frames
from gage_nb.tables import MAX_ROWS, readable, table_html, table_text

FRAME = frames.from_rows(
    [
        {
            "run": "kafom-fikud",
            "status": "error",
            "started_us": 1_763_853_000_123_456,
            "time_ms": 1_763_853_000_123,
            "duration_us": 3_930_931,
            "exit_code": 1,
            "size_bytes": 1234567,
            "value": 0.123456789,
            "label": "<b>$x$</b>",
            "tags": ["a", "b"],
            "id": "8d239b3b-7f4f-4f25-bd4c-5c3918c09fc5",
            "reason": "",
        },
    ],
    {
        "run": "string",
        "status": pd.CategoricalDtype(["completed", "error"]),
        "started_us": "datetime64[us, UTC]",
        "time_ms": "datetime64[ms, UTC]",
        "duration_us": "timedelta64[us]",
        "exit_code": "Int64",
        "size_bytes": "Int64",
        "value": "float64",
        "label": "string",
        "tags": "object",
        "id": "string",
        "reason": "string",
    },
)


def cells(html: str) -> list[str]:
    return [part.partition(">")[2].partition("</td>")[0] for part in html.split("<td")[1:]]


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time zone of the tests that show times."""
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("utc")
def test_values_are_written_for_reading() -> None:
    html = table_html(FRAME)

    assert cells(html) == [
        *("kafom-fikud", "✖ error (exit code 1)", "2025-11-22 23:10:00"),
        *("2025-11-22 23:10:00.123", "3.93 s", "1.2 MB", "0.12346"),
        *("&lt;b&gt;$x$&lt;/b&gt;", "a, b", "8d239b3b…"),
    ]
    assert "<th class=short>started (UTC)</th>" in html
    assert "title='8d239b3b-7f4f-4f25-bd4c-5c3918c09fc5'" in html
    assert "mathjax_ignore" in html


def test_columns_without_values_are_named_below() -> None:
    html = table_html(FRAME.assign(note=""))

    assert ">note</th>" not in html
    assert "without values: note</div>" in html


def test_what_most_runs_do_not_have_is_not_missed() -> None:
    html = table_html(FRAME)

    assert ">reason</th>" not in html
    assert "without values" not in html


def test_in_place_of_an_empty_frame_a_sentence() -> None:
    frame = FRAME.head(0)
    frame.attrs["if_empty"] = "all <3> files as recorded"

    assert table_text(frame) == "all <3> files as recorded"
    assert "all &lt;3&gt; files as recorded" in table_html(frame)
    assert "<table" not in table_html(frame)


@pytest.mark.usefixtures("utc")
def test_what_a_terminal_has_no_room_for_is_named() -> None:
    frame = FRAME.drop(columns=["time", "size", "value"])

    wide, narrow = table_text(frame, 120), table_text(frame, 70)

    assert "started (UTC)" in wide
    assert "no room" not in wide
    assert "started (UTC)" not in narrow
    assert "times in UTC · no room for label, tags, id" in narrow
    assert max(map(len, narrow.splitlines())) <= 70


def test_no_heading_is_cut_where_there_is_room() -> None:
    frame = pd.DataFrame({"operation": ["train.py"], "text": ["x" * 60], "more": ["y" * 60]})

    assert "operation" in table_text(frame, 40)


def test_an_empty_frame_says_so() -> None:
    html = table_html(FRAME.head(0))

    assert ">reason</th>" in html
    assert "no rows</div>" in html


def test_a_long_frame_is_cut_in_the_middle() -> None:
    frame = pd.DataFrame({"number": range(1000), "name": "x" * 1000, "other": 1})

    html = table_html(frame)

    assert html.count("<tr>") == 1 + MAX_ROWS + 1
    assert "<td>…</td>" in html
    assert ">999<" in html
    assert "1,000 rows" in html
    assert len(html) < 100_000


@pytest.mark.parametrize(
    "values",
    [
        [pd.NaT, None],
        [float("nan"), pd.NA],
        ["\udcff", {"a": [1]}],
        [[1, 2], ()],
        [b"\xff", object],
    ],
    ids=["no times", "no numbers", "surrogate", "lists", "others"],
)
def test_any_value_can_be_shown(values: list[Any]) -> None:
    table_html(pd.DataFrame({"value": pd.Series(values, dtype="object")})).encode()


def test_the_frame_stays_a_plain_one() -> None:
    frame = FRAME.copy()

    shown = readable(frame)

    assert shown is frame
    assert type(frame) is pd.DataFrame
    pd.testing.assert_frame_equal(frame, FRAME)
    assert "✖ error" in frame._repr_html_()  # type: ignore[operator]
    for derived in (frame.copy(), frame.head(), frame[["run"]], pickle.loads(pickle.dumps(frame))):
        assert "✖" not in derived._repr_html_()  # type: ignore[operator]


def test_what_is_shown_is_the_frame_as_it_is_then() -> None:
    frame = readable(FRAME.copy())

    frame["score"] = 42

    assert ">score</th>" in frame._repr_html_()  # type: ignore[operator]


def test_text_fits_the_terminal() -> None:
    frame = pd.concat([FRAME] * 3).drop(columns="time")

    text = table_text(frame, 70)

    assert max(map(len, text.splitlines())) <= 70
    assert "✖ error" in text
    assert "3.93 s" in text


def test_ipython_shows_the_text_of_the_table() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        bundle, _ = shell.display_formatter.format(readable(FRAME.copy()))  # type: ignore[union-attr]
    finally:
        InteractiveShell.clear_instance()

    assert "✖ error (exit code 1)" in bundle["text/plain"]
    assert "✖ error (exit code 1)" in bundle["text/html"]


def test_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    try:
        html = table_html(FRAME)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert "started (CET)</th>" in html
    assert "2025-11-23 00:10:00" in html


def test_numbers_of_a_column_have_equal_digits() -> None:
    html = table_html(pd.DataFrame({"loss": [0.5, 0.125, None]}))

    assert cells(html) == ["0.500", "0.125", ""]


def test_terminal_sequences_are_inert() -> None:
    evil = "\x1b]0;owned\x07\x9b31m"
    frame = frames.from_rows(
        [{"label": evil, "tags": [evil]}], {"label": "string", "tags": "object"}
    )

    for text in (table_text(frame), table_html(frame), repr(frame.copy())):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
