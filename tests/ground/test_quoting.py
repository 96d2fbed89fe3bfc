"""Any text stands on one line and comes back as it was."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.quoting import quote, unquote

# What a name of a file can hold: anything but "/" and NUL, UTF-8 or not.
_NAMES = st.binary().map(os.fsdecode)


@pytest.mark.parametrize(
    "text",
    ["train.py", "a b.py", "it's", 'a"b', "naïve 😀", "-dash", "a\\b", "=", "a\u00a0b"],
    ids=ascii,
)
def test_an_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert quote(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '""'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("a\nb", '"a\\nb"'),
        ("a\tb", '"a\\tb"'),
        ('"a', '"\\"a"'),
        ("\n\\", '"\\n\\\\"'),
        ("\x01", '"\\001"'),
        ("\x7f", '"\\177"'),
        ("\u2028", '"\\342\\200\\250"'),
        (os.fsdecode(b"\xff"), '"\\377"'),
    ],
    ids=ascii,
)
def test_what_would_break_the_line_is_escaped_as_git_does(text: str, expected: str) -> None:
    assert quote(text) == expected


@given(_NAMES)
def test_every_name_comes_back(name: str) -> None:
    assert unquote(quote(name)) == name


@given(_NAMES)
def test_every_name_stands_on_one_line(name: str) -> None:
    line = quote(name)

    assert len(f"{line}\n".splitlines()) == 1
    assert line == line.strip()


@pytest.mark.parametrize("line", ["git", "a\\nb", ""], ids=repr)
def test_a_line_without_quotes_is_the_text(line: str) -> None:
    assert unquote(line) == line


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"', "no closing quote"),
        ('"abc', "no closing quote"),
        ('"a\\"', "bad escape"),
        ('"a\\x41"', "bad escape at offset 2"),
        ('"\\400"', "bad escape"),
        ('"\\18"', "bad escape"),
        ('"\\7"', "bad escape"),
    ],
    ids=repr,
)
def test_a_malformed_line_is_refused(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unquote(line)
