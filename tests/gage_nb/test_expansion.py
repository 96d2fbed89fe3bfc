"""Expressions in braces in a line of a magic, which have the notebook's values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gage_nb.expansion import ExpansionError, expand

NAMES: dict[str, Any] = {
    "base": 0.1,
    "name": "a b",
    "options": {"depth": 3},
    "sizes": [1, 2],
    "none": None,
    "array": np.array([1.5, 2.5]),
    "count": np.int64(7),
}


@pytest.mark.parametrize(
    ("word", "expanded"),
    [
        pytest.param("lr={base*2}", "lr=0.2", id="value"),
        pytest.param("{name}.py", "{name}.py", id="part of a word"),
        pytest.param("{name}", "a b", id="whole word"),
        pytest.param("model.depth={options['depth']}", "model.depth=3", id="key of several"),
        pytest.param("train.py#x={base}", "train.py#x=0.1", id="key with its file"),
        pytest.param("x={sizes}", "x=[1, 2]", id="list"),
        pytest.param("x={array}", "x=[1.5, 2.5]", id="array"),
        pytest.param("x={count}", "x=7", id="number of NumPy"),
        pytest.param("x={none}", "x=None", id="none"),
        pytest.param("x={ base + 1 }", "x=1.1", id="spaces"),
        pytest.param("x={[a for a in sizes if a > base]}", "x=[1, 2]", id="comprehension"),
        pytest.param('x={"a": 1}', 'x={"a": 1}', id="dict"),
        pytest.param('x={"a": true}', 'x={"a": true}', id="json"),
        pytest.param("x={}", "x={}", id="empty"),
        pytest.param("x=$base", "x=$base", id="dollar"),
        pytest.param("x={base", "x={base", id="open"),
        pytest.param("a/b={base}", "a/b={base}", id="no key"),
        pytest.param("x=a=b", "x=a=b", id="two signs"),
    ],
)
def test_a_whole_value_in_braces_is_an_expression(word: str, expanded: str) -> None:
    assert expand(word, NAMES) == expanded


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "x={missing}",
            r"cannot evaluate \{missing\} in 'x=\{missing\}': NameError: name 'missing'",
        ),
        ("x={1/0}", "ZeroDivisionError: division by zero"),
    ],
    ids=["no such name", "raises"],
)
def test_an_expression_that_fails_is_named(word: str, said: str) -> None:
    with pytest.raises(ExpansionError, match=said):
        expand(word, NAMES)


def test_the_namespace_stays_as_it_was() -> None:
    names = dict(NAMES)

    expand("x={(y := 3)}", names)

    assert names == NAMES
