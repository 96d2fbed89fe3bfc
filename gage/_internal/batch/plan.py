"""The plan of a batch: which runs a request for several runs asks for.

The plan combines every row (`rows`: a file, a DataFrame) with every point of the grid and with N
draws from the distributions (`axes`): rows x points x N runs, in this order. The last key of the
grid varies fastest. The drawn values depend only on the seed, not on a library or the version of
Python.

With an objective, nothing is drawn in advance: distributions and grids are the space of a search,
and the plan has N runs whose values are found one after the other.
"""

from __future__ import annotations

import itertools
import math
import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.batch.axes import (
    CALLS,
    DISTRIBUTIONS,
    Distribution,
    Grid,
    default_of,
    read_axis,
    shown,
)
from gage._internal.batch.record import MAX_RUNS
from gage._internal.batch.rows import clean_rows, first_faults
from gage._internal.config import Text, parse_value, resolve_values
from gage._internal.config.resolving import check_required
from gage._internal.config.typed import simple_value
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gage._internal.config import Config

__all__ = ["Objective", "Plan", "PlannedTrial", "Request", "make_plan", "parse_objective"]

_SHOWN_VALUES = 8


class Objective(NamedTuple):
    """The objective of a search: `minimize` or `maximize`, and the name of the metric."""

    direction: str
    metric: str

    def __str__(self) -> str:
        return f"{self.direction}:{self.metric}"


@dataclass(frozen=True)
class Request:
    """A request as given; it can be compared with another one.

    Parameters
    ----------
    given
        Values by key, typed words or Python values, with grids and distributions.
    rows
        Values by key for each row of a file or DataFrame.
    trials
        The number of draws, or the number of runs of a search.
    seed
        The seed for drawing or searching; None picks a random one.
    objective
        The objective of a search.
    """

    given: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] | None = None
    trials: int | None = None
    seed: int | None = None
    objective: Objective | None = None

    def identity(self) -> list[Any]:
        """Return data for JSON that is equal for equal requests."""
        return [
            {key: shown(value) for key, value in self.given.items()},
            None
            if self.rows is None
            else [{key: shown(value) for key, value in row.items()} for row in self.rows],
            self.trials,
            self.seed,
            None if self.objective is None else str(self.objective),
        ]


@dataclass(frozen=True)
class PlannedTrial:
    """A run of a plan.

    Parameters
    ----------
    values
        The value of every key of the configuration.
    asked
        The values of the keys that vary in the plan, by key as given.
    """

    values: dict[str, Any]
    asked: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The runs of a batch; `trials` is empty for a search.

    `columns` are the keys that vary, `space` the distributions of a search, `fixed` the values that
    every run gets, `notes` the notes for readers of the runs.
    """

    count: int
    text: str
    columns: tuple[str, ...]
    trials: tuple[PlannedTrial, ...] = ()
    seed: int | None = None
    objective: Objective | None = None
    space: Mapping[str, Distribution] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def make_plan(config: Config, request: Request, *, strict: bool = False) -> Plan:
    """Return the plan of a request.

    Parameters
    ----------
    config
        The keys and their defaults.
    strict
        Whether a value whose type differs from its default's is an error.

    Raises
    ------
    ConfigError
        If anything is wrong with the request; the error names all faults.
    """
    faults: list[str] = []
    fixed: dict[str, Any] = {}
    axes: dict[str, list[Any]] = {}
    draws: dict[str, Distribution] = {}
    for key, value in request.given.items():
        try:
            found = read_axis(value, *default_of(config, key))
        except ConfigError as error:
            faults.append(f"{key}: {error}")
            continue
        if isinstance(found, Distribution):
            draws[key] = found
        elif isinstance(found, Grid):
            axes[key] = found.values
        else:
            fixed[key] = value
    rows: list[dict[str, Any]] = [{}]
    overridden: list[str] = []
    if request.rows is not None:
        rows, overridden = clean_rows(request.rows, request.given, faults)
    _check_trials(request, axes, draws, faults)
    if faults:
        raise ConfigError("\n".join(faults))
    if request.objective is not None:
        return _search(config, request, fixed, axes, draws, strict=strict)
    per_point = request.trials if draws and request.trials else 1
    count = len(rows) * math.prod(map(len, axes.values())) * per_point
    if count > MAX_RUNS:
        raise ConfigError(f"expected at most {MAX_RUNS:,} runs, found {count:,}: split the batch")
    seed = (request.seed if request.seed is not None else _new_seed()) if draws else request.seed
    columns = tuple(dict.fromkeys([*(key for row in rows for key in row), *axes, *draws]))
    given = _given(rows, axes, draws, per_point, random.Random(seed))
    trials, notes = _resolve(config, fixed, given, request, strict=strict)
    text = _text(count, request, axes, draws, seed)
    return Plan(count, text, columns, trials, seed, None, {}, fixed, (*overridden, *notes))


def parse_objective(text: str) -> Objective:
    """Return the objective of `minimize:METRIC` or `maximize:METRIC`.

    Raises
    ------
    ConfigError
        If the string is neither.
    """
    direction, colon, metric = text.partition(":")
    if direction not in ("minimize", "maximize") or not colon or not metric.strip():
        raise ConfigError(f"expected minimize:METRIC or maximize:METRIC, found {text!r}")
    return Objective(direction, metric.strip())


def _check_trials(
    request: Request,
    axes: Mapping[str, Any],
    draws: Mapping[str, Distribution],
    faults: list[str],
) -> None:
    if request.trials is not None and request.trials < 1:
        faults.append(f"expected at least 1 run (--trials), found {request.trials}")
    if request.objective is not None:
        if request.rows is not None:
            faults.append("expected distributions to search in, found rows (--batch, --each) too")
        if request.trials is None:
            faults.append("expected the number of runs of the search: add --trials N")
        if not axes and not draws:
            faults.append(
                f"expected distributions to search in, found none: {', '.join(CALLS.values())}"
            )
        return
    if draws and request.trials is None:
        keys = ", ".join(f"{key}={draw.text}" for key, draw in draws.items())
        faults.append(f"expected the number of runs to draw for {keys}: add --trials N")
    if request.seed is not None and not draws:
        faults.append(
            "expected distributions to draw from (--seed), found none: leave it out, or use "
            f"{', '.join(DISTRIBUTIONS.values())}"
        )
    if request.trials is not None and not draws:
        faults.append(
            "expected distributions to draw from (--trials), found none: "
            f"{', '.join(DISTRIBUTIONS.values())}"
        )


def _given(
    rows: Sequence[dict[str, Any]],
    axes: Mapping[str, list[Any]],
    draws: Mapping[str, Distribution],
    per_point: int,
    chance: random.Random,
) -> Iterable[dict[str, Any]]:
    for row in rows:
        for point in itertools.product(*axes.values()):
            for _ in range(per_point):
                drawn = {key: draw.draw(chance) for key, draw in draws.items()}
                yield {**row, **dict(zip(axes, point, strict=True)), **drawn}


def _resolve(
    config: Config,
    fixed: Mapping[str, Any],
    given: Iterable[dict[str, Any]],
    request: Request,
    *,
    strict: bool,
) -> tuple[tuple[PlannedTrial, ...], list[str]]:
    """Type the values of every run; each fault or note appears once, with the rows it is about."""
    trials: list[tuple[dict[str, Any], dict[str, Any]]] = []
    faults: dict[str, list[int]] = {}
    notes: dict[str, list[int]] = {}
    number = -1
    for number, asked in enumerate(given):
        try:
            values, warnings = resolve_values(config, {**fixed, **asked}, strict=strict)
            check_required(config, values)
        except ConfigError as error:
            for line in str(error).splitlines():
                faults.setdefault(line, []).append(number)
            continue
        for line in warnings:
            notes.setdefault(line, []).append(number)
        trials.append((values, asked))
    by_row = request.rows is not None and number + 1 == len(request.rows)
    if faults:
        raise ConfigError(first_faults(_with_rows(faults, number + 1, by_row=by_row)))
    columns = dict.fromkeys(key for _, asked in trials for key in asked)
    planned = [
        PlannedTrial(values, {key: _shown_value(key, asked, values) for key in columns})
        for values, asked in trials
    ]
    return tuple(planned), _with_rows(notes, number + 1, by_row=by_row)


def _with_rows(found: Mapping[str, list[int]], count: int, *, by_row: bool) -> list[str]:
    lines = []
    for line, numbers in found.items():
        where = ""
        if by_row and len(numbers) < count:
            listed = ", ".join(str(number + 1) for number in numbers[:_SHOWN_VALUES])
            more = len(numbers) - _SHOWN_VALUES
            where = f" (row {listed}{f' and {more} more' if more > 0 else ''})"
        lines.append(line + where)
    return lines


def _shown_value(key: str, asked: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """Return a run's value of a key as it was given, or the default for an empty cell."""
    for name in (key, key.replace("-", "_")):
        if name in values:
            return values[name]
    shared = [name for name in values if name.endswith(f"#{key}")]
    if shared:
        return values[shared[0]]
    value = asked.get(key)
    return parse_value(value) if isinstance(value, Text) else simple_value(value)


def _search(
    config: Config,
    request: Request,
    fixed: dict[str, Any],
    axes: Mapping[str, list[Any]],
    draws: Mapping[str, Distribution],
    *,
    strict: bool,
) -> Plan:
    """Return the plan of a search: grids are choices, and every bound has the type of its key."""
    space = {}
    for key in request.given:
        if key in axes:
            text = f"[{', '.join(map(shown, axes[key]))}]"
            space[key] = Distribution("choice", tuple(axes[key]), text)
        elif key in draws:
            space[key] = draws[key]
    # All possible values are checked now, not when the search proposes them.
    longest = max(len(dist.args) for dist in space.values())
    tried = [
        {key: dist.args[min(number, len(dist.args) - 1)] for key, dist in space.items()}
        for number in range(longest)
    ]
    trials, notes = _resolve(config, fixed, tried, request, strict=strict)
    space = {
        key: dist._replace(
            args=tuple(trials[number].asked[key] for number in range(len(dist.args)))
        )
        for key, dist in space.items()
    }
    count = request.trials or 0
    seed = request.seed if request.seed is not None else _new_seed()
    text = f"{_runs(count)} to {request.objective}: {_listed(space)} (seed {seed})"
    return Plan(count, text, tuple(space), (), seed, request.objective, space, fixed, tuple(notes))


def _new_seed() -> int:
    return int.from_bytes(os.urandom(4), "big")


def _text(
    count: int,
    request: Request,
    axes: Mapping[str, list[Any]],
    draws: Mapping[str, Distribution],
    seed: int | None,
) -> str:
    parts = [] if request.rows is None else [f"{len(request.rows)} rows"]
    for key, values in axes.items():
        listed = ", ".join(shown(value) for value in values[:_SHOWN_VALUES])
        more = f", … {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else ""
        parts.append(f"{key}=[{listed}{more}]")
    text = f"{_runs(count)}: {' x '.join(parts)}" if parts else f"{_runs(count)}:"
    if draws:
        times = " x" if parts else ""
        draw = "draw" if request.trials == 1 else "draws"
        text += f"{times} {request.trials} {draw} of {_listed(draws)} (seed {seed})"
    return text


def _listed(space: Mapping[str, Distribution]) -> str:
    return ", ".join(f"{key}={dist.text}" for key, dist in space.items())


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
