"""Whether a lower or a higher value of a metric is better, and who said so.

Names are never guessed from: a metric has a direction if the request names it, or if a batch of one
of the runs was asked to optimise it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gage._internal.errors import OptionError
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Direction", "directions_of"]

MINIMIZE, MAXIMIZE = "minimize", "maximize"


class Direction(NamedTuple):
    """What is better of a metric, and who said so; `goal` is `minimize` or `maximize`."""

    goal: str
    source: str

    @property
    def sign(self) -> int:
        """1 if higher values are better, else -1."""
        return 1 if self.goal == MAXIMIZE else -1

    @property
    def words(self) -> str:
        """Which values are better: `lower is better (batch gafib-nusat)`."""
        return f"{'higher' if self.sign > 0 else 'lower'} is better ({self.source})"


def directions_of(
    metrics: Sequence[str],
    asked: Mapping[str, Iterable[str]],
    objectives: Iterable[tuple[str, str]] = (),
) -> dict[str, Direction]:
    """Return the direction of each metric that has one.

    Parameters
    ----------
    asked
        The metrics that a request names, by `minimize` and `maximize`.
    objectives
        The objectives of batches, such as `minimize:loss`, each with the batch's name. If batches
        contradict each other, the metric has no direction.

    Raises
    ------
    OptionError
        If a named metric does not exist, or is named with both directions.
    """
    found: dict[str, Direction] = {}
    contradicted = set()
    for objective, batch in objectives:
        goal, _, metric = objective.partition(":")
        if metric in found and found[metric].goal != goal:
            contradicted.add(metric)
        if metric in metrics and goal in (MINIMIZE, MAXIMIZE):
            found.setdefault(metric, Direction(goal, f"batch {batch}"))
    for metric in contradicted:
        del found[metric]
    named: set[str] = set()
    for goal in (MINIMIZE, MAXIMIZE):
        for given in asked.get(goal, ()):
            metric = given.removeprefix("metric.")
            if metric not in metrics:
                near = did_you_mean(metric, metrics)
                listed = near or f"Metrics: {', '.join(metrics) or 'none'}"
                raise OptionError(f"{goal}: no run has a metric {metric!r}. {listed}")
            if metric in named:
                raise OptionError(f"{metric} cannot be both minimized and maximized")
            named.add(metric)
            found[metric] = Direction(goal, "as asked")
    return found
