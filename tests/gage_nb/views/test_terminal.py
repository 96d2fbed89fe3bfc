"""What a terminal would show of a program's output."""

from __future__ import annotations

import io

import pytest
import tqdm
from hypothesis import given
from hypothesis import strategies as st

from gage_nb.views.terminal import Line, Span, Terminal, render
from gage_nb.views.text_style import Style


def shown(*data: bytes) -> list[str]:
    return [line.text for line in render([(0, piece) for piece in data])]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a\nb\n", ["a", "b"], id="lines"),
        pytest.param(b"a\r\nb", ["a", "b"], id="crlf"),
        pytest.param(b"12345\rab", ["ab345"], id="carriage-return"),
        pytest.param(b"abc\b\bX", ["aXc"], id="backspace"),
        pytest.param(b"\b\b\ba", ["a"], id="backspace-at-the-edge"),
        pytest.param(b"a\tb\t\tc", ["a       b               c"], id="tabs"),
        pytest.param(b"12345\r\x1b[Kab", ["ab"], id="erase-to-the-end"),
        pytest.param(b"12345\b\b\x1b[1KX", ["   X5"], id="erase-to-the-cursor"),
        pytest.param(b"12345\x1b[2K\rab", ["ab"], id="erase-line"),
        pytest.param(b"1\n2\n3\x1b[2A\x1b[J", ["1"], id="erase-below"),
        pytest.param(b"1\n2\n3\x1b[1J4", ["", "", " 4"], id="erase-above"),
        pytest.param(b"1\n2\x1b[H\x1b[2Jnew", ["new"], id="clear"),
        pytest.param(b"1\n2\n\x1b[2AX\x1b[BY", ["X", "2Y"], id="up-and-down"),
        pytest.param(b"a\x1b[99Ab\x1b[99Bc", ["abc"], id="up-and-down-at-the-edge"),
        pytest.param(b"a\x1b[3Cb\x1b[2Dc", ["a  cb"], id="forward-and-back"),
        pytest.param(b"abc\x1b[2GX", ["aXc"], id="to-a-column"),
        pytest.param(b"a\nb\x1b[Fc\x1b[Ed", ["c", "d"], id="previous-and-next-line"),
        pytest.param(b"a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", ["abc"], id="osc"),
        pytest.param(b"a\x1bPq#0\x1b\\b\x1b(Bc\x1b7d", ["abcd"], id="other-strings"),
        pytest.param(b"a\x1b[?25lb\x1b[6nc\x1b[5;3Hd", ["abcd"], id="unknown-sequences"),
        pytest.param(b"a\x00\x07\x0cb\x7fc", ["abc"], id="controls"),
        pytest.param(b"a\xffb\xe2\x82", ["a\ufffdb\ufffd"], id="not-utf-8"),
        pytest.param("ü€😀".encode(), ["ü€😀"], id="utf-8"),
        pytest.param(b"a\n\n\n", ["a"], id="empty-lines-at-the-end"),
        pytest.param(b"a  \n", ["a"], id="blanks-at-the-end"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_output_is_shown_as_a_terminal_does(data: bytes, expected: list[str]) -> None:
    assert shown(data) == expected


@given(st.data())
def test_where_the_output_is_cut_makes_no_difference(data: st.DataObject) -> None:
    output = "ü\x1b[31mred\x1b[0m\r\x1b]0;t\x07😀\x1b[2K\x1b[38;5;208mx\n€\x1b[Ay".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(output)))))
    pieces = [output[a:b] for a, b in zip([0, *cuts], [*cuts, len(output)], strict=True)]
    assert render((0, piece) for piece in pieces) == render([(0, output)])


def test_a_character_cut_by_the_other_stream_is_whole() -> None:
    lines = render([(0, b"\xe2\x82"), (1, b"x"), (0, b"\xac\n")])
    assert [line.text for line in lines] == ["x€"]


def test_nested_bars_stay_in_place() -> None:
    out = io.StringIO()
    for _ in tqdm.tqdm(range(3), file=out, desc="epoch", mininterval=0):
        for _ in tqdm.tqdm(range(2), file=out, desc="batch", leave=False, mininterval=0):
            last = shown(b"start\n", out.getvalue().encode())
    assert [line.partition(":")[0] for line in last] == ["start", "epoch", "batch"]
    assert "67%" in last[1]
    assert "50%" in last[2]


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", Style(fg=1)),
        ("97;41", Style(fg=15, bg=1)),
        ("100", Style(bg=8)),
        ("1;2;3;4;7;9", Style(None, None, True, True, True, True, True, True)),
        ("1;22", Style()),
        ("31;39", Style()),
        ("4:3", Style(underline=True)),
        ("4:0", Style()),
        ("38;5;9", Style(fg=9)),
        ("38;5;208", Style(fg="#ff8700")),
        ("48;5;244", Style(bg="#808080")),
        ("38;2;1;2;3;1", Style(fg="#010203", bold=True)),
        ("38:2::1:2:3", Style(fg="#010203")),
        ("38:2:1:2:3", Style(fg="#010203")),
        ("38:5:9", Style(fg=9)),
        ("31;0", Style()),
        ("31;", Style()),
        ("38", Style()),
        ("38;5", Style()),
        ("38;2;1", Style()),
        ("999;31", Style(fg=1)),
    ],
)
def test_colors_and_weights(codes: str, style: Style) -> None:
    (line,) = render([(0, f"\x1b[{codes}mx".encode())])
    assert line == Line((Span("x", style, 0),))


def test_streams_are_told_apart_within_a_line() -> None:
    (line,) = render([(0, b"out "), (1, b"err "), (0, b"out\n")])
    assert [(span.text, span.stream) for span in line.spans] == [
        ("out ", 0),
        ("err ", 1),
        ("out", 0),
    ]


def test_more_columns_than_are_kept_are_counted() -> None:
    lines = render([(0, b"x" * 1500 + b"\n" + b"y" * 10)], max_columns=1000)
    assert lines[0].more == 500
    assert [line.text for line in lines] == ["x" * 1000, "y" * 10]


def test_moving_the_cursor_is_no_text() -> None:
    (line,) = render([(0, b"a\x1b[999999999Cb")], max_columns=50)
    assert line == Line((Span("a" + " " * 48 + "b", Style(), 0),))


def test_only_the_last_lines_are_kept() -> None:
    terminal = Terminal(max_lines=3)
    terminal.feed(0, b"".join(b"%d\n" % number for number in range(100)))
    assert [line.text for line in terminal.lines] == ["98", "99"]
