"""A terminal's lines in HTML."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from gage_nb.views.terminal import render
from gage_nb.views.terminal_html import to_html


def test_html_tells_streams_apart() -> None:
    lines = render([(0, b"out "), (1, b"err "), (0, b"out\n")])
    assert to_html(lines)[0] == 'out <i class="err">err </i>out'


def test_html_counts_characters_beyond_the_columns() -> None:
    lines = render([(0, b"x" * 1500 + b"\n" + b"y" * 10)], max_columns=1000)
    assert "… 500 more characters" in to_html(lines)[0]


def test_html_has_elements_for_weights_and_classes_for_colors() -> None:
    lines = render([(0, b"\x1b[1;31mbold\x1b[0m \x1b[3;4;9mx\x1b[0m \x1b[7;38;2;1;2;3my")])
    assert to_html(lines)[0] == (
        '<span class="f1"><b>bold</b></span> <em><s><u>x</u></s></em> '
        '<span class="inv" style="color:#010203">y</span>'
    )


def test_html_of_many_colors_is_the_text_where_it_is_too_long() -> None:
    data = b"".join(b"\x1b[38;5;%dm<" % (number % 256) for number in range(900))
    text, count = to_html(render([(0, b"before\n" + data)]), max_bytes=5000)
    assert (text, count) == ("before\n" + "&lt;" * 900, 2)


def test_html_has_as_many_of_the_last_lines_as_fit() -> None:
    lines = render([(0, b"0123456789\n" * 100)])
    assert to_html(lines, max_bytes=55) == ("\n".join(["0123456789"] * 5), 5)
    assert to_html(lines, max_bytes=5) == ("", 0)


FRAGMENTS = [
    b"\x1b[", b"\x1b]", b"\x1b", b"m", b"38;5;", b"1;31m", b"999999999999", b"A", b"B", b"K", b"J",
    b"\r", b"\n", b"\b", b"\t", b"<script>", b"&", b'"', b"\xff", b"\xe2\x82", b"text", b";", b":",
]  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.binary() | st.lists(st.sampled_from(FRAGMENTS)).map(b"".join)
        )
    )
)
def test_any_bytes_become_bounded_escaped_html(chunks: list[tuple[int, bytes]]) -> None:
    lines = render(chunks, max_lines=20, max_columns=30)
    assert len(lines) <= 20
    assert all(len(line.text) <= 30 for line in lines)
    text, count = to_html(lines, max_bytes=4000)
    assert len(text.encode()) <= 4000
    tags = re.compile(r'</?(?:b|u|s|em|i|span)(?: class="[a-z0-9 ]+")?(?: style="[a-z0-9:#;]+")?>')
    without_tags = tags.sub("", text)
    assert "<" not in without_tags
    assert (
        html.unescape(without_tags).split("\n")
        == [
            line.text + (f"… {line.more:,} more characters" if line.more else "")
            for line in lines[len(lines) - count :]
        ]
        or not count
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
