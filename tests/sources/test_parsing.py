"""Patterns of files, and what is wrong with malformed ones."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import PatternError
from gage._internal.sources.matching import match_path
from gage._internal.sources.parsing import parse_pattern, quote_pattern

NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)


def test_modifiers_are_read() -> None:
    pattern = parse_pattern("- **/*.csv text size<5MB size>10 max-matches=20")

    assert pattern.exclude
    assert pattern.type == "text"
    assert (pattern.size_min, pattern.size_max) == (11, 4_999_999)
    assert pattern.max_matches == 20


def test_sentinel_may_hold_blanks() -> None:
    pattern = parse_pattern('-**/* dir sentinel="my env/bin"')

    assert pattern.sentinel is not None
    assert [part.literal for part in pattern.sentinel] == ["my env", "bin"]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        pytest.param("", 0, "expected a path", id="empty"),
        pytest.param("  ", 2, "expected a path", id="blanks"),
        pytest.param("- ", 2, "expected a path", id="only-a-dash"),
        pytest.param('""', 0, "expected a path", id="empty-quotes"),
        pytest.param("my file.py", 3, "in quotes", id="blank-without-quotes"),
        pytest.param("a.py Text", 5, "expected text, binary", id="unknown-modifier"),
        pytest.param("it's.py", 2, "no closing '", id="open-quote"),
        pytest.param(r"src\train.py", 3, '"/" separates', id="backslash-as-separator"),
        pytest.param("a\\", 1, "special character", id="backslash-at-the-end"),
        pytest.param("a/[bc", 2, "no closing ]", id="open-set"),
        pytest.param("[z-a]", 1, "empty range", id="empty-range"),
        pytest.param("a/../b", 2, "leads out", id="out-of-the-project"),
        pytest.param("a size<x", 7, "expected a number", id="size-is-no-number"),
        pytest.param("a size<5TB", 7, "expected a number", id="unknown-unit"),
        pytest.param("a size<", 7, "expected a number", id="no-size"),
        pytest.param("a max-matches=-1", 14, "expected a number", id="negative-count"),
        pytest.param("a text text", 7, "a second", id="twice"),
        pytest.param("a text binary", 7, "a second", id="text-and-binary"),
        pytest.param("a dir sentinel=", 15, "expected a path", id="empty-sentinel"),
        pytest.param("a sentinel=x", 12, "add dir", id="sentinel-without-dir"),
        pytest.param("a dir size<5", 12, "no size", id="size-of-a-directory"),
    ],
)
def test_malformed_pattern_names_its_place(text: str, position: int, message: str) -> None:
    with pytest.raises(PatternError, match=message) as caught:
        parse_pattern(text)

    assert caught.value.position == position
    assert caught.value.pattern == text
    assert pickle.loads(pickle.dumps(caught.value)).position == position


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_quoted_path_matches_itself(names: list[str]) -> None:
    path = "/".join(names)

    pattern = parse_pattern(quote_pattern(path))

    assert not pattern.exclude
    assert match_path(pattern, path)
    assert match_path(pattern, f"{path}/below")
    assert not match_path(pattern, f"{path}x")
    assert not match_path(pattern, f"x/{path}")


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_an_error_with_a_place(text: str) -> None:
    position = 0
    try:
        parse_pattern(text)
    except PatternError as error:
        position = error.position

    assert 0 <= position <= len(text)
