"""A search for the best values: Optuna proposes them, trials answer.

The space is what a plan's distributions allow. Every run that has ended is told with the last
value of the metric, or as failed where it has none, and the next one is proposed from all of
them. Optuna is imported when a search begins: it takes longer than many a trial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.errors import GageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gage._internal.batch.axes import Distribution

__all__ = ["Search", "require_optuna"]

_INSTALL = "--optimize needs Optuna: pip install 'gage[sweeps]'"


def require_optuna() -> None:
    """Raise what says how to install Optuna where it is missing.

    Raises
    ------
    GageError
        If it is.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise GageError(_INSTALL)


class Search:
    """A study of Optuna, asked and told.

    Parameters
    ----------
    space
        What each key can be.
    direction
        `minimize` or `maximize`.
    seed
        With one run at a time, the same seed proposes the same values.
    past
        Values and metric of runs of this search that an earlier start has completed.
    """

    def __init__(
        self,
        space: Mapping[str, Distribution],
        direction: str,
        seed: int,
        past: Sequence[tuple[Mapping[str, Any], float]] = (),
    ) -> None:
        try:
            import optuna
        except ImportError as error:
            raise GageError(_INSTALL) from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._space = dict(space)
        self._distributions = {key: self._distribution(dist) for key, dist in space.items()}
        # With a seed alone the first proposals would be those of the first start again.
        sampler = optuna.samplers.TPESampler(seed=seed + len(past), multivariate=False)
        self._study = optuna.create_study(
            direction="maximize" if direction == "maximize" else "minimize", sampler=sampler
        )
        for values, metric in past:
            self.learn(values, metric)
        self._asked: dict[int, Any] = {}

    def learn(self, values: Mapping[str, Any], metric: float) -> None:
        """Add what a run has given that this search has not asked for."""
        params = {
            key: dist.args.index(values[key]) if dist.name == "choice" else values[key]
            for key, dist in self._space.items()
        }
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=params, distributions=self._distributions, value=metric
            )
        )

    def has_asked(self, index: int) -> bool:
        """Return whether a trial has values of this search and was not told yet."""
        return index in self._asked

    def ask(self, index: int) -> dict[str, Any]:
        """Return values for a trial of the plan."""
        asked = self._study.ask(self._distributions)
        self._asked[index] = asked
        return {
            key: dist.args[asked.params[key]] if dist.name == "choice" else asked.params[key]
            for key, dist in self._space.items()
        }

    def tell(self, index: int, metric: float | None) -> None:
        """Tell what a trial gave; None and NaN: it failed."""
        asked = self._asked.pop(index)
        if metric is None or metric != metric:  # noqa: PLR0124  # NaN
            self._study.tell(asked, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(asked, metric)

    def _distribution(self, dist: Distribution) -> Any:
        kinds = self._optuna.distributions
        if dist.name == "choice":
            # By position: Optuna compares choices, and takes no lists.
            return kinds.CategoricalDistribution(tuple(range(len(dist.args))))
        low, high = dist.args
        if dist.name == "randint":
            return kinds.IntDistribution(low, high)
        return kinds.FloatDistribution(low, high, log=dist.name == "loguniform")
