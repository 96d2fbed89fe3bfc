"""Paths that patterns match."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import PatternError
from gage._internal.sources.matching import match_path
from gage._internal.sources.parsing import parse_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        pytest.param("train.py", "train.py", True, id="name"),
        pytest.param("train.py", "src/train.py", False, id="name-is-of-the-top"),
        pytest.param("/train.py", "train.py", True, id="leading-slash"),
        pytest.param("./train.py", "train.py", True, id="leading-dot"),
        pytest.param("src", "src/a/b.py", True, id="directory-means-what-is-below"),
        pytest.param("src/", "src/a/b.py", True, id="directory-with-slash"),
        pytest.param("src/", "src", False, id="directory-with-slash-is-no-file"),
        pytest.param("src/**", "src/a/b.py", True, id="two-stars-at-the-end"),
        pytest.param("src/**", "src", False, id="two-stars-at-the-end-is-no-file"),
        pytest.param("src", "lib/src/b.py", False, id="directory-is-of-the-top"),
        pytest.param("**/src", "lib/src/b.py", True, id="directory-anywhere"),
        pytest.param("*.py", "a.py", True, id="star"),
        pytest.param("*.py", "a/a.py", False, id="star-stays-in-its-directory"),
        pytest.param("*", "a/a.py", False, id="wildcards-mean-files"),
        pytest.param("*/", "a/a.py", True, id="wildcards-with-slash-mean-directories"),
        pytest.param("*/", "a.py", False, id="wildcards-with-slash-are-no-file"),
        pytest.param("data-*/", "data-1/x/y", True, id="directories-by-wildcard"),
        pytest.param("**/*.py", "a.py", True, id="anywhere-is-also-the-top"),
        pytest.param("**/*.py", "a/b/c.py", True, id="anywhere"),
        pytest.param("a/**/c.py", "a/c.py", True, id="no-directory-between"),
        pytest.param("a/**/c.py", "a/x/y/c.py", True, id="directories-between"),
        pytest.param("a/**/b/**/c", "a/b/x/b/c", True, id="several-ways"),
        pytest.param("a/**/b/**/c", "a/x/c", False, id="a-part-is-missing"),
        pytest.param("**", "a/b", True, id="everything"),
        pytest.param(".", "a/b", True, id="the-project"),
        pytest.param("a*b*c", "aXbXbc", True, id="stars-resume"),
        pytest.param("a*b*c", "aXbXb", False, id="stars-run-out"),
        pytest.param("?.py", "a.py", True, id="one-character"),
        pytest.param("?.py", ".py", False, id="question-mark-is-one-character"),
        pytest.param("[a-c]?", "bx", True, id="set"),
        pytest.param("[!a-c]?", "bx", False, id="negated-set"),
        pytest.param("[]]", "]", True, id="bracket-comes-first"),
        pytest.param("[a-]", "-", True, id="dash-comes-last"),
        pytest.param("*", ".env", True, id="star-matches-a-leading-dot"),
        pytest.param('"my file.py"', "my file.py", True, id="double-quotes"),
        pytest.param("'my dir/*.py'", "my dir/a.py", True, id="wildcard-in-quotes"),
        pytest.param(r"my\ file.py", "my file.py", True, id="escaped-blank"),
        pytest.param(r"\-x.py", "-x.py", True, id="escaped-dash"),
        pytest.param(r"\*.py", "a.py", False, id="escaped-star"),
        pytest.param(r"\*.py", "*.py", True, id="escaped-star-itself"),
        pytest.param("A.py", "a.py", False, id="case-counts"),
        pytest.param("\udcff*", "\udcffx", True, id="bytes-that-are-not-utf-8"),
    ],
)
def test_path_is_matched(pattern: str, path: str, expected: bool) -> None:
    assert match_path(parse_pattern(pattern), path) is expected


@given(st.text("ab*?[]!-.", min_size=1, max_size=8), st.text("ab-.!]", min_size=1, max_size=8))
def test_wildcards_match_as_fnmatch_does(glob: str, name: str) -> None:
    text = f"\\{glob}" if glob.startswith("-") else glob
    try:
        pattern = parse_pattern(text)
    except PatternError:
        return
    plain = glob.strip("*")
    if not plain or glob in {".", ".."} or "[" in glob:
        return  # `**` and `.` mean more here, and fnmatch reads odd sets in its own way

    assert match_path(pattern, name) == fnmatch.fnmatchcase(name, glob)
