"""Axes: what a value that stands for several is read as."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gage._internal.batch.axes import Distribution, Grid, default_of, read_axis, shown
from gage._internal.config import Text, read_config
from gage._internal.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "default", "found"),
    [
        (Text("[1, 2]"), 0.5, Grid([Text("1"), Text("2")])),
        (Text("[1, 2]"), [5], Text("[1, 2]")),
        (Text("[[1], [2]]"), [5], Grid([[1], [2]])),
        (Text("[a-z]"), "x", Text("[a-z]")),
        (range(2), 0, Grid([0, 1])),
        ([1, 2], 0, Grid([1, 2])),
        ([1, 2], [0], [1, 2]),
        (Text("uniform(0, 1)"), 0.5, Distribution("uniform", (0, 1), "uniform(0, 1)")),
        (7, 0, 7),
    ],
)
def test_the_default_says_what_a_value_is(value: Any, default: Any, found: Any) -> None:
    assert read_axis(value, default, known=True) == found


@pytest.mark.parametrize("text", ["choice(a, (b)", "loguniform(-1, 1)", "randint(1, 2.5)"])
def test_a_distribution_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=f"expected {text.partition('(')[0]}"):
        read_axis(Text(text), 0.5, known=True)


@pytest.mark.parametrize("text", ["[", "[1, (2]", "choice(a, b", "f(1)"])
def test_brackets_that_do_not_match_are_left_to_the_default(text: str) -> None:
    assert read_axis(Text(text), "x", known=True) == text


def test_the_last_part_of_a_key_finds_its_default(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("batch_size = 8\nlr = 0.1\n")
    (tmp_path / "model.py").write_text("lr = 0.5\n")
    config = read_config(str(tmp_path), [{"keys": ["*.py#*"]}])

    assert default_of(config, "batch-size") == (8, True)
    assert default_of(config, "train.py#lr") == (0.1, True)
    assert default_of(config, "batch") == (None, False)


def test_a_draw_reaches_both_ends_of_integers_and_every_choice() -> None:
    chance = random.Random(1)

    drawn = {Distribution("randint", (1, 3), "").draw(chance) for _ in range(100)}
    chosen = {Distribution("choice", ("a", "b"), "").draw(chance) for _ in range(100)}

    assert drawn == {1, 2, 3}
    assert chosen == {"a", "b"}


def test_a_value_is_shown_as_one_writes_it() -> None:
    assert shown([Text("adam"), "x", [1, 0.5]]) == "[adam, 'x', [1, 0.5]]"
