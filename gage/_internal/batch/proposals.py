"""The search of a running batch: it proposes values for a trial and learns from its metric."""

from __future__ import annotations

import os

from gage._internal.batch.record import asked_of
from gage._internal.errors import MetaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gage._internal.batch.work import Work
    from gage._internal.types import Run

__all__ = ["Proposals"]


class Proposals:
    """The proposals of a batch that searches.

    Parameters
    ----------
    done
        The trials that an earlier start has completed; the search learns from them.
    """

    def __init__(self, work: Work, done: Iterable[int]) -> None:
        from gage._internal.batch.axes import Distribution
        from gage._internal.batch.plan import parse_objective
        from gage._internal.batch.search import Search

        # The libraries that Optuna uses would start a thread for each processor, for tiny sums.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        plan = work.plan
        space = {
            key: Distribution(name, tuple(args), text)
            for key, (name, args, text) in plan["space"].items()
        }
        objective = parse_objective(plan["objective"])
        self._metric = objective.metric
        self._keys = tuple(space)
        runs = [work.run_of(work.log.runs[index]) for index in sorted(done)]
        past = [given for given in map(self._given_by, runs) if given is not None]
        self._search = Search(space, objective.direction, int(plan["seed"]), past)

    def propose(self, index: int) -> dict[str, Any]:
        """Propose values for a trial."""
        return self._search.propose(index)

    def report(self, index: int, run: Run | None) -> None:
        """Add the run of a trial; None means that it failed."""
        if self._search.has_proposed(index):
            self._search.report(index, None if run is None else _last_metric(run, self._metric))
        elif run is not None and (given := self._given_by(run)) is not None:
            self._search.learn(*given)  # proposed by a supervisor that was killed

    def _given_by(self, run: Run) -> tuple[dict[str, Any], float] | None:
        """Return the searched values of a run and its metric, None if one of them is missing."""
        metric, asked = _last_metric(run, self._metric), asked_of(run)
        if metric is None or not all(key in asked for key in self._keys):
            return None
        return asked, metric


def _last_metric(run: Run, name: str) -> float | None:
    from gage._internal.metrics.summary_file import read_summary

    try:
        value = read_summary(run)["metrics"].get(name)
    except MetaError:
        return None
    return None if value is None else float(value)
