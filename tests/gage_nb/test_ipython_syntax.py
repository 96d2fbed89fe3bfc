"""IPython's own syntax, found by IPython's own transformers."""

from __future__ import annotations

import pytest

from gage_nb.ipython_syntax import find_ipython_syntax, has_other_language


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
    ("line", "refusal"),
    [
        ("%pip install numpy", ""),
        ("x = !ls *.py", ""),
        ("x?", ""),
        ("%load_ext autoreload", ""),
        ("%load_ext gage_nb", "a run does not start runs"),
        ("%debug", "a debugger"),
    ],
)
def test_what_cannot_be_run_is_said(line: str, refusal: str) -> None:
    found, _ = find_ipython_syntax(f"{line}\n")

    assert found[0].refusal.startswith(refusal)
    assert bool(found[0].refusal) == bool(refusal)


@pytest.mark.parametrize(
    ("source", "expected"),
    [("%%bash\nls", True), ("\n%%html\n<b>", True), ("%%time\nx", False), ("x %%y", False)],
)
def test_a_body_in_another_language_is_known(source: str, expected: bool) -> None:
    assert has_other_language(source) is expected
