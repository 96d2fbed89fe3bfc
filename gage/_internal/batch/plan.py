r"""Which runs a request for several asks for: the plan of a batch.

A value asks for several runs when it is

    [0.1, 0.01]             a grid: a run for each; texts need no quotes: [adam, sgd]
    range(1, 5)             a grid of integers, as Python counts them: 1, 2, 3, 4
    uniform(0, 1)           a number drawn between the two
    loguniform(1e-4, 1e-1)  the same with a logarithm that is uniform
    randint(1, 10)          an integer drawn from 1 to 10, both included
    choice(a, b, c)         one of these, each as likely; choice([a, b, c]) is the same

Where the default of the key is itself a list, `[…]` is a value and a list of lists is a grid. Where
it is a text, brackets around one word are the text: `[a-z]`. A grid of one quoted value keeps
anything from being read: `["uniform(0, 1)"]`.

The plan is every row (a file, a DataFrame), with every point of the grid, with N draws from the
distributions: rows x points x N runs, in this order, the last key of the grid varying fastest.
What is drawn depends on the seed alone: on no library and no version of Python.

With an objective nothing is drawn beforehand: what distributions and grids allow is the space that
is searched, and the plan has N runs whose values are found one after the other.
"""

from __future__ import annotations

import ast
import itertools
import math
import os
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.config import Text, parse_value, resolve_values
from gage._internal.config.typed import simple_value
from gage._internal.errors import ConfigError
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gage._internal.config import Config

__all__ = [
    "MAX_RUNS",
    "Distribution",
    "Objective",
    "Plan",
    "PlannedTrial",
    "Request",
    "make_plan",
    "parse_objective",
    "read_rows",
]

MAX_RUNS = 100_000
_SHOWN_VALUES = 8
_SHOWN_FAULTS = 20
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
_DISTRIBUTIONS = {
    "uniform": "uniform(low, high)",
    "loguniform": "loguniform(low, high)",
    "randint": "randint(low, high)",
    "choice": "choice(a, b, ...)",
}
_CALLS = {**_DISTRIBUTIONS, "range": "range(start, stop, step)"}
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Distribution(NamedTuple):
    """What values are drawn from: `name` as on the line, its bounds or its choices, its text."""

    name: str
    args: tuple[Any, ...]
    text: str

    def draw(self, chance: random.Random) -> Any:
        """Return a value."""
        share = chance.random()
        if self.name == "choice":
            return self.args[min(int(share * len(self.args)), len(self.args) - 1)]
        low, high = self.args
        if self.name == "randint":
            return low + min(int(share * (high - low + 1)), high - low)
        if self.name == "loguniform":
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        return min(max(value, low), high)


class Objective(NamedTuple):
    """What a search is for: `minimize` or `maximize`, and the name of the metric."""

    direction: str
    metric: str

    def __str__(self) -> str:
        return f"{self.direction}:{self.metric}"


@dataclass(frozen=True)
class Request:
    """What was asked for, as given: it says whether two requests are the same.

    Parameters
    ----------
    given
        Values by key, as typed or of Python, grids and distributions among them.
    rows
        Values by key for each row of a file or DataFrame.
    trials
        How often is drawn, or how many runs a search has.
    seed
        Of what is drawn or searched; None for one that the system gives.
    objective
        What a search is for.
    """

    given: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] | None = None
    trials: int | None = None
    seed: int | None = None
    objective: Objective | None = None

    def identity(self) -> list[Any]:
        """Return what makes the request this one, as data for JSON."""
        return [
            {key: _shown(value) for key, value in self.given.items()},
            None
            if self.rows is None
            else [{key: _shown(value) for key, value in row.items()} for row in self.rows],
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
        The values of the keys that vary in the plan, by these keys as they were given.
    """

    values: dict[str, Any]
    asked: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The runs of a batch; `trials` is empty where they are searched for.

    `columns` are the keys that vary, `space` the distributions of a search, `fixed` what is given
    to every run, `notes` what whoever looks at the runs should know.
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
        Whether a value of another type than its default is an error.

    Raises
    ------
    ConfigError
        For whatever is wrong with the request, all of it in one error.
    """
    faults: list[str] = []
    fixed: dict[str, Any] = {}
    axes: dict[str, list[Any]] = {}
    draws: dict[str, Distribution] = {}
    for key, value in request.given.items():
        try:
            found = _read(value, *_default(config, key))
        except ConfigError as error:
            faults.append(f"{key}: {error}")
            continue
        if isinstance(found, Distribution):
            draws[key] = found
        elif isinstance(found, _Grid):
            axes[key] = found.values
        else:
            fixed[key] = value
    rows = [{}] if request.rows is None else _clean_rows(request, faults)
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
    return Plan(count, text, columns, trials, seed, None, {}, fixed, tuple(notes))


def parse_objective(text: str) -> Objective:
    """Return the objective that `minimize:METRIC` or `maximize:METRIC` says.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    direction, colon, metric = text.partition(":")
    if direction not in ("minimize", "maximize") or not colon or not metric.strip():
        raise ConfigError(f"expected minimize:METRIC or maximize:METRIC, found {text!r}")
    return Objective(direction, metric.strip())


def read_rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file (values as typed) or a JSON file (a list of objects).

    An empty cell gives no value.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not of that form; the message names the line.
    """
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8: {error}") from error
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".csv":
        return _csv_rows(path, text)
    if suffix == ".json":
        return _json_rows(path, text)
    raise ConfigError(f"{path}: expected a .csv or .json file with the values of a run in each row")


# What is asked for


class _Grid(NamedTuple):
    values: list[Any]


def _default(config: Config, key: str) -> tuple[Any, bool]:
    """Return the default that a given key stands for, and whether there is one."""
    for name in (key, key.replace("-", "_")):
        if name in config:
            return config[name].value, True
    for name in config:
        if name.endswith(f"#{key}"):
            return config[name].value, True
    return None, False


def _read(value: Any, default: Any, known: bool) -> Any:  # noqa: FBT001
    """Return a grid, a distribution, or the value itself."""
    if isinstance(value, str):
        return _read_text(value, default, known)
    if isinstance(value, range):
        return _Grid(_checked_range(value))
    if isinstance(value, (list, tuple)) and _depth(value) > _depth(default):
        if not value:
            raise ConfigError("expected a value at least, found an empty grid")
        return _Grid(list(value))
    return value


def _read_text(value: str, default: Any, known: bool) -> Any:  # noqa: FBT001
    text = value.strip()
    call = _CALL.fullmatch(text)
    if call is not None and call.group(1) in _CALLS:
        return _read_call(call.group(1), call.group(2), text, default)
    if call is not None and not isinstance(default, str) and known:
        near = did_you_mean(call.group(1), _CALLS)
        if near:
            raise ConfigError(
                f"expected one of {', '.join(_CALLS.values())}, found {text!r:.80}. {near}"
            )
    if not (text.startswith("[") and text.endswith("]")) or isinstance(parse_value(text), dict):
        return value
    items = _items(text[1:-1])
    if items is None:
        return value  # brackets that do not match: the default says what to make of it
    if isinstance(default, (list, tuple)):
        literal = parse_value(text)
        if not isinstance(literal, list) or _depth(literal) <= _depth(default):
            return value
        return _Grid(literal)
    if isinstance(default, str) and len(items) == 1 and items[0][:1] not in {"'", '"'}:
        return value
    if not items or "" in items:
        what = f"nothing between two commas of {text:.80}" if items else "an empty grid"
        raise ConfigError(f"expected a value at least, found {what}")
    return _Grid([_item(item) for item in items])


def _read_call(name: str, inner: str, text: str, default: Any) -> Any:
    items = _items(inner)
    if items is None:
        raise ConfigError(f"expected {_CALLS[name]}, found {text!r:.80}: brackets do not match")
    if name == "choice":
        if len(items) == 1 and items[0].startswith("[") and items[0].endswith("]"):
            items = _items(items[0][1:-1]) or []
        if not items or "" in items:
            raise ConfigError(f"expected {_CALLS[name]}, found {text!r:.80}")
        return Distribution(name, tuple(_item(item) for item in items), text)
    numbers = [parse_value(item) for item in items]
    whole = name in ("randint", "range")
    wanted = (1, 2, 3) if name == "range" else (2,)
    if len(numbers) not in wanted or not all(_is_number(number, whole=whole) for number in numbers):
        what = "integers" if whole else "numbers"
        raise ConfigError(f"expected {_CALLS[name]} with {what}, found {text!r:.80}")
    if name == "range":
        if len(numbers) == 3 and numbers[2] == 0:
            raise ConfigError(f"expected a step that is not 0, found {text!r:.80}")
        return _Grid(_checked_range(range(*numbers)))
    low, high = numbers
    if low > high or (name == "loguniform" and low <= 0):
        above = "0 < low" if name == "loguniform" else "low"
        raise ConfigError(f"expected {_CALLS[name]} with {above} <= high, found {text!r:.80}")
    if not whole and isinstance(default, int) and not isinstance(default, bool):
        raise ConfigError(
            f"expected integers as the default is ({default!r}), found {text!r:.80}: "
            "draw them with randint(low, high) or choice(...)"
        )
    return Distribution(name, (low, high), text)


def _checked_range(values: range) -> list[int]:
    if not values:
        raise ConfigError(f"expected a value at least, found the empty {values}")
    if len(values) > MAX_RUNS:
        raise ConfigError(f"expected at most {MAX_RUNS:,} runs, found {len(values):,} in {values}")
    return list(values)


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) if whole else isinstance(value, (int, float))


def _items(text: str) -> list[str] | None:
    """Split at the commas that no bracket or quote holds; None where these do not match."""
    items, closing, quote, start = [], [], "", 0
    escaped = False
    for position, char in enumerate(text):
        if quote:
            if char == quote and not escaped:
                quote = ""
            escaped = char == "\\" and not escaped
        elif char in "'\"" and not text[start:position].strip():
            quote = char  # only at the start of an item: don't is a word
        elif char in _PAIRS:
            closing.append(_PAIRS[char])
        elif char in _PAIRS.values():
            if not closing or closing.pop() != char:
                return None
        elif char == "," and not closing:
            items.append(text[start:position].strip())
            start = position + 1
    if quote or closing:
        return None
    last = text[start:].strip()
    return [*items, last] if last else items


def _item(text: str) -> Any:
    """Return an item of a grid: what quotes hold, else text whose key's default says what it is."""
    if text[:1] in {"'", '"'}:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return Text(text)
        if isinstance(value, str):
            return value
    return Text(text)


def _depth(value: Any) -> int:
    if not isinstance(value, (list, tuple)):
        return 0
    return 1 + min(map(_depth, value), default=0)


# Rows


def _clean_rows(request: Request, faults: list[str]) -> list[dict[str, Any]]:
    rows = []
    twice: dict[str, None] = {}
    for row in request.rows or ():
        rows.append({str(key): value for key, value in row.items() if not _is_missing(value)})
        twice.update(dict.fromkeys(key for key in row if key in request.given))
    faults += [f"{key}: expected one value, found a column and another value" for key in twice]
    if not rows:
        faults.append("expected a row at least, found none")
    return rows


def _is_missing(value: Any) -> bool:
    """Return whether a cell is empty: None in a row of a file, NaN or NA of pandas."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124  # NaN
    return type(value).__name__ in ("NAType", "NaTType")


def _csv_rows(path: str, text: str) -> list[dict[str, Any]]:
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header or not all(header) or len(set(header)) < len(header):
            raise ConfigError(
                f"{path}:1: expected the names of keys, each once, found {','.join(header)!r:.120}"
            )
        rows = []
        faults = []
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                faults.append(
                    f"{path}:{reader.line_num}: expected {len(header)} cells, found {len(cells)}"
                )
            pairs = zip(header, cells, strict=False)
            rows.append({key: Text(cell) for key, cell in pairs if cell.strip()})
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}") from error
    if faults:
        raise ConfigError(_shortened(faults))
    return rows


def _json_rows(path: str, text: str) -> list[dict[str, Any]]:
    import json

    try:
        rows = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path}: expected JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path}: expected a list of objects, one for each run")
    return rows


# Trials


def _check_trials(
    request: Request,
    axes: Mapping[str, Any],
    draws: Mapping[str, Distribution],
    faults: list[str],
) -> None:
    if request.trials is not None and request.trials < 1:
        faults.append(f"expected 1 run at least (--trials), found {request.trials}")
    if request.objective is not None:
        if request.rows is not None:
            faults.append("expected distributions to search in, found rows (--batch, --each) too")
        if request.trials is None:
            faults.append("expected the number of runs of the search: add --trials N")
        if not axes and not draws:
            faults.append(
                f"expected distributions to search in, found none: {', '.join(_CALLS.values())}"
            )
        return
    if draws and request.trials is None:
        keys = ", ".join(f"{key}={draw.text}" for key, draw in draws.items())
        faults.append(f"expected the number of runs to draw for {keys}: add --trials N")
    if request.trials is not None and not draws:
        faults.append(
            "expected distributions to draw from (--trials), found none: "
            f"{', '.join(_DISTRIBUTIONS.values())}"
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
    """Type the values of every run; faults and notes are said once, with the rows they are of."""
    trials: list[tuple[dict[str, Any], dict[str, Any]]] = []
    faults: dict[str, list[int]] = {}
    notes: dict[str, list[int]] = {}
    number = -1
    for number, asked in enumerate(given):
        try:
            values, warnings = resolve_values(config, {**fixed, **asked}, strict=strict)
        except ConfigError as error:
            for line in str(error).splitlines():
                faults.setdefault(line, []).append(number)
            continue
        for line in warnings:
            notes.setdefault(line, []).append(number)
        trials.append((values, asked))
    by_row = request.rows is not None and number + 1 == len(request.rows)
    if faults:
        raise ConfigError(_shortened(_with_rows(faults, number + 1, by_row=by_row)))
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
    """Return the value that a run has for a key as it was given, for an empty cell the default."""
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
            text = f"[{', '.join(map(_shown, axes[key]))}]"
            space[key] = Distribution("choice", tuple(axes[key]), text)
        elif key in draws:
            space[key] = draws[key]
    # What any run could be given is tried now, not when the search comes to it.
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


# Words


def _text(
    count: int,
    request: Request,
    axes: Mapping[str, list[Any]],
    draws: Mapping[str, Distribution],
    seed: int | None,
) -> str:
    parts = [] if request.rows is None else [f"{len(request.rows)} rows"]
    for key, values in axes.items():
        listed = ", ".join(_shown(value) for value in values[:_SHOWN_VALUES])
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


def _shown(value: Any) -> str:
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def _shortened(faults: list[str]) -> str:
    more = len(faults) - _SHOWN_FAULTS
    lines = faults[:_SHOWN_FAULTS]
    return "\n".join([*lines, f"and {more} more faults"] if more > 0 else lines)
