"""Groups of runs are those of pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.compare.groups import Grouping, group_rows, grouping_of
from gage._internal.errors import OptionError


def row(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    rest: dict[str, Any] = {"operation": "train", "status": "completed", "label": None, "tags": []}
    return {**rest, "config": config, "attributes": {}, "metrics": {}, **more}


ROWS = [row({"lr": lr, "seed": seed, "epochs": 5}) for lr in (0.1, 0.2) for seed in (1, 2)]


@pytest.mark.parametrize(
    ("by", "keys", "others"),
    [
        ("all but seed", ("config.lr",), ("config.seed",)),
        ("all  but seed, lr", (), ("config.lr", "config.seed")),
        ("lr, seed", ("config.lr", "config.seed"), ()),
        ("config.lr", ("config.lr",), ("config.seed",)),
        (["epochs", "lr"], ("config.epochs", "config.lr"), ("config.seed",)),
        ("operation", ("operation",), ("config.lr", "config.seed")),
    ],
)
def test_keys(by: Any, keys: tuple[str, ...], others: tuple[str, ...]) -> None:
    assert grouping_of(by, ROWS) == Grouping(keys, others)


def test_other_operations_are_other_groups() -> None:
    rows = [*ROWS, row({"lr": 0.1}, operation="test")]

    assert grouping_of("all but seed", rows).keys == ("operation", "config.lr", "config.epochs")


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("all but sed", "no run has a key 'sed' to group by. Did you mean 'seed'?"),
        ("zzz", "no run has a key 'zzz' to group by. Keys: lr, seed, epochs, operation"),
        ("", "expected keys to group by"),
        ("all but ", "expected keys to group by|no run has a key 'all'"),
        ([], "expected keys to group by"),
    ],
)
def test_an_unknown_key_is_an_error(by: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        grouping_of(by, ROWS)


def test_equal_values_are_one_group() -> None:
    values = [1, 1.0, True, "1", None, [1, 2], [1, 2], {"a": 1}, {"a": 1}]

    groups = group_rows([row({"x": value}) for value in values], ["config.x"])

    found = [(group.key_values["config.x"], len(group.rows)) for group in groups]
    assert found == [(None, 1), (1, 2), (True, 1), ("1", 1), ([1, 2], 2), ({"a": 1}, 2)]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b"])), min_size=1))
def test_groups_are_those_of_pandas(values: list[tuple[int, str]]) -> None:
    groups = group_rows([row({"x": x, "y": y}) for x, y in values], ["config.x", "config.y"])

    sizes = pd.DataFrame(values, columns=["x", "y"]).groupby(["x", "y"]).size()
    assert {
        tuple(group.key_values.values()): len(group.rows) for group in groups
    } == sizes.to_dict()
    assert [tuple(group.key_values.values()) for group in groups] == sorted(set(values))
