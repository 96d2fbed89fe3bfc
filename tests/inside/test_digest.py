"""Digests of values: equal for equal ones, in any process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gage.inside.digest import digest_of


@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, {"a": (2, 3)}, {"x", "y"}],
        lambda: np.arange(6).reshape(2, 3)[:, ::2],
        lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
        lambda: pd.Series([1.5, 2.5], name="s"),
    ],
    ids=["plain", "array", "frame", "series"],
)
def test_equal_values_have_equal_digests(make: Any) -> None:
    first = digest_of(make())

    assert first
    assert digest_of(make()) == first


def test_the_order_of_a_set_does_not_count() -> None:
    assert digest_of({8, 16, 0}) == digest_of({16, 0, 8})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        (1, 1.0),
        ([1], (1,)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.zeros(2), np.zeros(2, dtype="float32")),
        (np.zeros((2, 1)), np.zeros((1, 2))),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[5])),
    ],
)
def test_other_types_and_values_have_other_digests(first: Any, second: Any) -> None:
    assert digest_of(first) != digest_of(second)


@pytest.mark.parametrize("value", [object(), np.array([{}]), [[]] * 2])
def test_what_cannot_be_compared_has_none(value: Any) -> None:
    assert digest_of(value) == ""
