"""Text for people: nothing that a terminal obeys, nothing that cannot be sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.text import coloured, listed, on_a_line, plain, printable, shortened, valid

ANY_TEXT = st.text(st.characters(codec=None, categories=None))  # surrogates too


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain é 🎉", "plain é 🎉", id="stays"),
        pytest.param("caf\udce9", "caf\\xe9", id="byte"),
        pytest.param("\ud800", "\\ud800", id="surrogate"),
        pytest.param("a\x1b]0;x\x07", "a\\x1b]0;x\\x07", id="escape-sequence"),
        pytest.param("\x9b31m", "\\x9b31m", id="c1"),
        pytest.param("\u202eabc", "\\u202eabc", id="right-to-left"),
        pytest.param("a\tb\rc", "a\\tb\\rc", id="tab-and-return"),
        pytest.param("a\nb", "a\nb", id="line-break-stays"),
        pytest.param("", "", id="empty"),
    ],
)
def test_text_is_made_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_valid_text_keeps_control_characters() -> None:
    assert valid("a/é\udcff\n\x1b") == "a/é\\xff\n\x1b"


@given(ANY_TEXT)
def test_whatever_is_shown_can_be_sent_and_printed(text: str) -> None:
    valid(text).encode()
    json.dumps(on_a_line(text), ensure_ascii=False).encode()

    assert on_a_line(text).isprintable()
    assert all(line.isprintable() for line in printable(text).split("\n"))


@pytest.mark.parametrize(
    ("text", "max_chars", "counted", "expected"),
    [
        pytest.param("abc", 3, False, "abc", id="fits"),
        pytest.param("abcd", 3, False, "ab…", id="cut"),
        pytest.param("x" * 2000, 10, True, "xxxxxxxxx… (+1,991)", id="counted"),
        pytest.param("abc", 0, False, "…", id="no-room"),
    ],
)
def test_text_is_shortened(text: str, max_chars: int, counted: bool, expected: str) -> None:
    assert shortened(text, max_chars, counted=counted) == expected


@pytest.mark.parametrize(
    ("items", "options", "expected"),
    [
        pytest.param([], {}, "", id="none"),
        pytest.param(["a"], {}, "a", id="one"),
        pytest.param(["a", "b"], {}, "a and b", id="two"),
        pytest.param(["a", "b", "c"], {"word": "or"}, "a, b or c", id="three"),
        pytest.param(["a", "b", "c"], {"most": 3}, "a, b and c", id="as-many-as-shown"),
        pytest.param(["a", "b", "c", "d"], {"most": 2}, "a, b and 2 more", id="more"),
    ],
)
def test_items_are_listed(items: list[str], options: dict[str, object], expected: str) -> None:
    assert listed(items, **options) == expected  # type: ignore[arg-type]


def test_output_is_plain_text_or_has_colours_only() -> None:
    output = "\x1b[1;31mred\x1b[0m\t\x1b]0;t\x07\x1b[2J\x9b\n"

    assert plain(output) == "red\t\\x1b]0;t\\x07\\x1b[2J\\x9b\n"
    assert coloured(output) == "\x1b[1;31mred\x1b[0m\t\\x1b]0;t\\x07\\x1b[2J\\x9b\n"
