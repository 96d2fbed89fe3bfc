"""IPython's own syntax, found by IPython's own transformers."""

from __future__ import annotations

import pytest

from gage_nb.ipython_syntax import find_ipython_syntax


def test_every_statement_is_found_with_its_line() -> None:
    source = "%load_ext x\nif True:\n    !ls \\\n      -l\n    y = 1\nz?\n"

    found, rest = find_ipython_syntax(source)

    assert [(item.line, item.text) for item in found] == [
        (1, "%load_ext x"),
        (3, "!ls \\\n      -l"),
        (6, "z?"),
    ]
    assert rest == "pass\nif True:\n    pass\n\n    y = 1\npass\n"


def test_a_form_feed_is_no_line() -> None:
    found, _ = find_ipython_syntax("x = 1\f\n!ls\n")

    assert [item.line for item in found] == [2]


@pytest.mark.parametrize("source", ["", "x = 1\n", "x = '%magic'\n", "x = a % b\n"])
def test_python_holds_none(source: str) -> None:
    assert find_ipython_syntax(source) == ([], source)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("%pip install numpy", "a cell of its own"),
        ("x = !ls *.py", "stdout.splitlines()"),
        ("x?", "help"),
        ("/f 1 2", "parentheses"),
    ],
)
def test_what_to_write_instead_is_said(line: str, advice: str) -> None:
    found, _ = find_ipython_syntax(f"{line}\n")

    assert advice in found[0].advice
