"""Values as text, held to what IPython itself makes of them."""

from __future__ import annotations

import collections
import dataclasses
import random
import re
import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import PlainTextFormatter

from gage.inside.pretty import pretty

theirs = PlainTextFormatter()


class Plain:
    pass


class Listed(list[int]):
    pass


class Named(dict[str, int]):
    def __repr__(self) -> str:
        return "Named!"


class Meta(type):
    def __repr__(cls) -> str:
        return "Meta!"


class Made(metaclass=Meta):
    pass


class Own:
    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        with p.group(4, "Own(", ")"):
            p.text("a,")
            p.breakable()
            p.pretty([*range(40)])


@dataclasses.dataclass
class Record:
    x: int = 1
    y: str = "a" * 70


Pair = collections.namedtuple("Pair", "a b")  # noqa: PYI024 - that is what is shown


def function(x: int, y: int = 2) -> None:
    pass


circular: list[Any] = [1]
circular.append(circular)

VALUES: list[Any] = [
    *(Plain(), Plain, int, Listed([1] * 60), Named(), Made(), Made, Record(), Own(), [Own()] * 3),
    *(function, len, [].append, ValueError("x", 1), KeyError("x" * 100), circular, Pair(1, 2)),
    *(re.compile("a\\d"), re.compile(b"x", re.IGNORECASE), range(5), {1: 2}.keys(), object()),
    *(collections.Counter("hello"), collections.OrderedDict(a=1), collections.OrderedDict()),
    *(collections.defaultdict(list, {1: [2] * 50}), collections.deque([1] * 50, maxlen=60)),
    *(
        collections.UserList([1]),
        types.SimpleNamespace(a=1, b=[1] * 60),
        types.MappingProxyType({}),
    ),
    *(np.arange(200), [np.arange(30).reshape(3, 10)] * 3, {"a": np.eye(5), "b": "x" * 100}),
    *(pd.DataFrame({"a": range(3)}), [pd.Series([1, 2])], np.float64(1.5), [np.float64(1)]),
    *((1,), (), [], {}, set(), frozenset(), {1, "a"}, {(1, 2) * 20: [3] * 40}, b"x" * 100),
    *([*range(2000)], {i: i for i in range(1500)}, {*range(1200)}, None, True, ..., "a\nb"),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_are_laid_out_as_in_a_notebook(value: Any) -> None:
    assert pretty(value) == theirs(value)


SCALARS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.text("ab ", max_size=40),
    st.none(),
    st.integers(1, 40).map(np.arange),
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=8),
        st.lists(inner, max_size=8).map(tuple),
        st.dictionaries(st.text("kl", max_size=30), inner, max_size=6),
        st.frozensets(st.integers(), max_size=8),
    ),
    max_leaves=60,
)


@given(NESTED)
@settings(max_examples=300, deadline=None)
def test_nested_values(value: Any) -> None:
    assert pretty(value) == theirs(value)


def test_a_large_value_is_quick() -> None:
    value = [[random.random() for _ in range(20)] for _ in range(500)]

    assert pretty(value) == theirs(value)
