"""A search for the best values: Optuna proposes values, and trials return their metric.

The space consists of a plan's distributions. Optuna gets the last value of the metric of every
ended run, or a failure if the run has none, and proposes the next values from all of them. Optuna
is imported when a search begins: the import takes longer than many trials.
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
    """Raise an error that says how to install Optuna if it is missing.

    Raises
    ------
    GageError
        If Optuna is missing.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise GageError(_INSTALL)


class Search:
    """A study of Optuna: it proposes values and learns their metrics.

    Parameters
    ----------
    space
        The distribution of each key.
    direction
        `minimize` or `maximize`.
    seed
        With one run at a time, the same seed gives the same values.
    past
        Values and metric of the runs that earlier starts of this search have completed.
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
        # With the seed alone, the proposals would repeat those of the first start.
        sampler = optuna.samplers.TPESampler(seed=seed + len(past), multivariate=False)
        self._study = optuna.create_study(
            direction="maximize" if direction == "maximize" else "minimize", sampler=sampler
        )
        for values, metric in past:
            self.learn(values, metric)
        self._proposed: dict[int, Any] = {}

    def learn(self, values: Mapping[str, Any], metric: float) -> None:
        """Add the metric of a run whose values this search did not propose."""
        params = {
            key: dist.args.index(values[key]) if dist.name == "choice" else values[key]
            for key, dist in self._space.items()
        }
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=params, distributions=self._distributions, value=metric
            )
        )

    def has_proposed(self, index: int) -> bool:
        """Return whether this search proposed values for a trial and waits for its metric."""
        return index in self._proposed

    def propose(self, index: int) -> dict[str, Any]:
        """Propose values for a trial of the plan."""
        trial = self._study.ask(self._distributions)
        self._proposed[index] = trial
        return {
            key: dist.args[trial.params[key]] if dist.name == "choice" else trial.params[key]
            for key, dist in self._space.items()
        }

    def report(self, index: int, metric: float | None) -> None:
        """Add the metric of a trial; None or NaN means that it failed."""
        trial = self._proposed.pop(index)
        if metric is None or metric != metric:  # noqa: PLR0124  # NaN
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, metric)

    def _distribution(self, dist: Distribution) -> Any:
        kinds = self._optuna.distributions
        if dist.name == "choice":
            # Choices by position: Optuna compares choices and does not accept lists.
            return kinds.CategoricalDistribution(tuple(range(len(dist.args))))
        low, high = dist.args
        if dist.name == "randint":
            return kinds.IntDistribution(low, high)
        return kinds.FloatDistribution(low, high, log=dist.name == "loguniform")
