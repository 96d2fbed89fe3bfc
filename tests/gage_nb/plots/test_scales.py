"""Scales that are found from the values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage_nb.plots.scales import is_logarithmic, scale_of


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.1, 0.2, 0.3], "linear"),
        ([1e-4, 1e-3, 1e-2], "log"),
        ([16, 32, 64, 128, 512], "log"),
        ([1, 2, 1000, 1001, 999, 500], "linear"),
        ([0, 1e-3, 1e-2], "linear"),
        ([-1e-3, 1e-2, 1], "linear"),
        ([1e-5, 1.0], "linear"),
        (["adam", "sgd", None], "words"),
        ([True, False], "words"),
        ([0.1, "auto"], "words"),
        ([[1, 2], [3]], "words"),
        ([None, float("nan"), float("inf")], "linear"),
        ([], "linear"),
    ],
)
def test_kinds(values: list[Any], kind: str) -> None:
    assert scale_of(values).kind == kind


@given(st.lists(st.floats(allow_nan=True) | st.integers() | st.none() | st.text(max_size=3)))
def test_every_value_has_its_place_between_0_and_1(values: list[Any]) -> None:
    scale = scale_of(values)

    places = [scale.place(value) for value in values]
    assert all(place is None or -1e-9 <= place <= 1 + 1e-9 for place in places)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place, _ in scale.ticks())
    if scale.kind == "words":
        assert all(
            (place is None) == (value is None) for place, value in zip(places, values, strict=True)
        )


def test_ticks_are_round_numbers() -> None:
    assert [text for _, text in scale_of([0.0, 0.23, 0.47]).ticks()] == [
        *("0", "0.1", "0.2", "0.3", "0.4")
    ]
    assert [text for _, text in scale_of([0.0002, 0.003, 0.05]).ticks()] == ["0.001", "0.01"]
    assert scale_of([1e-15, 2e-15, 3e-15]).ticks()[0][1] == "1e-15"
    assert scale_of([3, 3]).ticks() == [(0.5, "3")]
    assert scale_of(["b", "a"]).ticks() == [(0.25, "a"), (0.75, "b")]


def test_a_logarithm_needs_values_that_spread_so() -> None:
    assert is_logarithmic([1, 10, 100])
    assert not is_logarithmic([1, 10, 100], least_ratio=1000)
