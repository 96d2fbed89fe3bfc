"""Which values of a metric are better: the request says it, or a batch, and nothing else."""

from __future__ import annotations

import pytest

from gage._internal.compare.directions import Direction, directions_of
from gage._internal.errors import OptionError

METRICS = ["loss", "accuracy"]


def test_a_request_says_what_is_better() -> None:
    found = directions_of(METRICS, {"minimize": ["loss"], "maximize": ["metric.accuracy"]})

    assert found == {
        "loss": Direction("minimize", "as asked"),
        "accuracy": Direction("maximize", "as asked"),
    }
    assert found["loss"].words == "lower is better (as asked)"


def test_an_objective_says_what_is_better() -> None:
    found = directions_of(METRICS, {}, [("maximize:accuracy", "kafom"), ("minimize:other", "x")])

    assert found == {"accuracy": Direction("maximize", "batch kafom")}
    assert found["accuracy"].words == "higher is better (batch kafom)"


def test_the_request_comes_before_objectives() -> None:
    found = directions_of(METRICS, {"minimize": ["loss"]}, [("maximize:loss", "kafom")])

    assert found == {"loss": Direction("minimize", "as asked")}


def test_objectives_that_contradict_each_other_say_nothing() -> None:
    assert not directions_of(METRICS, {}, [("maximize:loss", "a"), ("minimize:loss", "b")])


def test_names_are_not_guessed_from() -> None:
    assert not directions_of(METRICS, {})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"minimize": ["los"]}, "minimize: no run has a metric 'los'. Did you mean 'loss'?"),
        ({"maximize": ["zzz"]}, "Metrics: loss, accuracy"),
        ({"minimize": ["loss"], "maximize": ["loss"]}, "both minimized and maximized"),
    ],
)
def test_a_wrong_metric_is_an_error(asked: dict[str, list[str]], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        directions_of(METRICS, asked)
