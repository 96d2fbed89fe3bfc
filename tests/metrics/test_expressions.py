"""Expressions that find metrics: their groups, or the number after a name."""

from __future__ import annotations

import pytest

from gage._internal.metrics.expressions import expression, values_in


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        (r"(\w+) is (\S+)", "loss is 0.5", [("loss", "0.5")]),
        (r"(?P<value>\S+) for (?P<name>\w+)", "0.5 for loss", [("loss", "0.5")]),
        (r"loss (?P<loss>\S+) acc (?P<acc>\S+)", "loss 1 acc 2", [("loss", "1"), ("acc", "2")]),
        ("reward|frames", "reward 3.5 at frames: 12", [("reward", "3.5"), ("frames", "12")]),
        ("reward", "reward = -1e-3, rewards 2", [("reward", "-1e-3")]),
        ("reward", "my_reward 2 reward 2s reward of 3", []),
        (r"mean reward", "mean reward=nan", [("mean reward", "nan")]),
    ],
)
def test_what_an_expression_finds(pattern: str, line: str, found: list[tuple[str, str]]) -> None:
    assert [*values_in(line, [expression(pattern)])] == found


def test_a_metric_with_a_name_has_one_group() -> None:
    assert [*values_in("l=2", [expression("l=(.)", "loss")])] == [("loss", "2")]


@pytest.mark.parametrize(
    ("pattern", "name", "message"),
    [
        ("(", None, "unterminated"),
        ("(x)", None, "groups for name and value"),
        ("(?P<name>x)", None, "groups for name and value"),
        ("(?P<name>x)(?P<loss>y)", None, "groups for name and value"),
        ("x", "loss", "groups for the value"),
        ("(?P<other>x)", "loss", "groups for the value"),
        ("x{99999999999999999999}", None, "in the expression"),
    ],
)
def test_an_expression_that_cannot_be_used(pattern: str, name: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expression(pattern, name)
