"""Plain values as JSON: exactly what they were, or refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from gage._internal.light_json import loads
from gage.inside.plain import NotPlain, decode, encode


def round_trip(value: Any) -> Any:
    return decode(loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1.5,
        1e300,
        "ü\n\x00",
        "\ud800",
        [],
        {},
        (),
        [1, [2, (3, {4})]],
        {"a": {"b": None}},
        {1: "a", (1, 2): "b", None: "c"},
        {"$tuple": [1]},
        {"$x": 1, "y": 2},
        {"\ud800": 1},
        frozenset({1, 2}),
        b"\x00\xff",
        bytearray(b"ab"),
        1 + 2j,
        complex(math.inf, -0.0),
        math.inf,
        -math.inf,
        2**70,
        10**5000,
        -(10**5000),
    ],
    ids=lambda value: repr(value)[:30] if not isinstance(value, int) else str(hash(value)),
)
def test_what_comes_back_is_the_same(value: Any) -> None:
    found = round_trip(value)

    assert type(found) is type(value)
    assert found == value


def test_nan_and_the_sign_of_zero_come_back() -> None:
    assert math.isnan(round_trip(math.nan))
    assert math.copysign(1, round_trip(-0.0)) == -1


def test_types_within_are_exact() -> None:
    found = round_trip([1, True, 1.0, (1,), [1]])

    assert [type(item) for item in found] == [int, bool, float, tuple, list]


class Special(dict[str, int]):
    pass


TWICE: list[int] = []
WITHIN: list[Any] = []
WITHIN.append(WITHIN)


@pytest.mark.parametrize(
    "value",
    [object(), Special(), [Special()], [TWICE, TWICE], WITHIN, print],
    ids=["object", "subclass", "inner", "twice", "within", "function"],
)
def test_what_json_would_change_is_refused(value: Any) -> None:
    with pytest.raises(NotPlain):
        encode(value)


def test_a_value_above_the_limit_is_refused() -> None:
    with pytest.raises(NotPlain):
        encode(list(range(101)), limit=100)


def test_nonsense_is_named() -> None:
    with pytest.raises(ValueError, match=r"\$thing"):
        decode({"$thing": 1})
