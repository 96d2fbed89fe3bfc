"""Grids and distributions: values of a request that mean several values, written and read.

    [0.1, 0.01]             a grid: a run for each; strings need no quotes: [adam, sgd]
    range(1, 5)             a grid of integers, as Python counts them: 1, 2, 3, 4
    uniform(0, 1)           a number drawn between the two
    loguniform(1e-4, 1e-1)  a number whose logarithm is drawn uniformly
    randint(1, 10)          an integer drawn from 1 to 10, both included
    choice(a, b, c)         one of these, equally likely; choice([a, b, c]) is the same

If the default of the key is a list, `[…]` is a value and a list of lists is a grid. If the default
is a string, brackets around one word are that string: `[a-z]`. A grid of one quoted value keeps a
string from being read as a distribution: `["uniform(0, 1)"]`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.batch.record import MAX_RUNS
from gage._internal.config import Text, parse_value
from gage._internal.config.resolving import template_of
from gage._internal.config.typed import read_item, split_items
from gage._internal.errors import ConfigError
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    import random

    from gage._internal.config import Config

__all__ = [
    "CALLS",
    "DISTRIBUTIONS",
    "Distribution",
    "Grid",
    "default_of",
    "read_axis",
    "shown",
]


_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
DISTRIBUTIONS = {
    "uniform": "uniform(low, high)",
    "loguniform": "loguniform(low, high)",
    "randint": "randint(low, high)",
    "choice": "choice(a, b, ...)",
}
CALLS = {**DISTRIBUTIONS, "range": "range(start, stop, step)"}


class Distribution(NamedTuple):
    """A distribution: its `name`, its bounds or choices, and `text` as it was written."""

    name: str
    args: tuple[Any, ...]
    text: str

    def draw(self, chance: random.Random) -> Any:
        """Draw a value."""
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


class Grid(NamedTuple):
    """The values of a key, each of which gets its own run."""

    values: list[Any]


def default_of(config: Config, key: str) -> tuple[Any, bool]:
    """Return the default of a key, and whether it has one."""
    entries = {**config.unlisted, **config.entries}
    for name in (key, key.replace("-", "_")):
        if name in entries:
            return template_of(entries[name]), True
    for name, entry in entries.items():
        if name.endswith(f"#{key}"):
            return template_of(entry), True
    return None, False


def read_axis(value: Any, default: Any, known: bool) -> Any:  # noqa: FBT001
    """Return the grid or distribution that a given value means, or the value itself.

    Parameters
    ----------
    default, known
        The default of the key and whether there is one (`default_of`).

    Raises
    ------
    ConfigError
        If the value begins like a grid or distribution and cannot be read as one.
    """
    if isinstance(value, str):
        return _read_text(value, default, known)
    if isinstance(value, range):
        return Grid(_checked_range(value))
    if isinstance(value, (list, tuple)) and _depth(value) > _depth(default):
        if not value:
            raise ConfigError("expected at least one value, found an empty grid")
        return Grid(list(value))
    return value


def _read_text(value: str, default: Any, known: bool) -> Any:  # noqa: FBT001
    text = value.strip()
    call = _CALL.fullmatch(text)
    if call is not None and call.group(1) in CALLS:
        return _read_call(call.group(1), call.group(2), text, default)
    if call is not None and not isinstance(default, str) and known:
        near = did_you_mean(call.group(1), CALLS)
        if near:
            raise ConfigError(
                f"expected one of {', '.join(CALLS.values())}, found {text!r:.80}. {near}"
            )
    if not (text.startswith("[") and text.endswith("]")) or isinstance(parse_value(text), dict):
        return value
    items = split_items(text[1:-1])
    if items is None:
        return value  # brackets that do not match: the type of the default decides
    if isinstance(default, (list, tuple)):
        literal = parse_value(text)
        if not isinstance(literal, list) or _depth(literal) <= _depth(default):
            return value
        return Grid(literal)
    if isinstance(default, str) and len(items) == 1 and items[0][:1] not in {"'", '"'}:
        return value
    if not items or "" in items:
        what = f"nothing between two commas of {text:.80}" if items else "an empty grid"
        raise ConfigError(f"expected at least one value, found {what}")
    return Grid([read_item(item) for item in items])


def _read_call(name: str, inner: str, text: str, default: Any) -> Any:
    items = split_items(inner)
    if items is None:
        raise ConfigError(f"expected {CALLS[name]}, found {text!r:.80}: brackets do not match")
    if name == "choice":
        if len(items) == 1 and items[0].startswith("[") and items[0].endswith("]"):
            items = split_items(items[0][1:-1]) or []
        if not items or "" in items:
            raise ConfigError(f"expected {CALLS[name]}, found {text!r:.80}")
        return Distribution(name, tuple(read_item(item) for item in items), text)
    numbers = [parse_value(item) for item in items]
    whole = name in ("randint", "range")
    wanted = (1, 2, 3) if name == "range" else (2,)
    if len(numbers) not in wanted or not all(_is_number(number, whole=whole) for number in numbers):
        what = "integers" if whole else "numbers"
        raise ConfigError(f"expected {CALLS[name]} with {what}, found {text!r:.80}")
    if name == "range":
        if len(numbers) == 3 and numbers[2] == 0:
            raise ConfigError(f"expected a step that is not 0, found {text!r:.80}")
        return Grid(_checked_range(range(*numbers)))
    low, high = numbers
    if low > high or (name == "loguniform" and low <= 0):
        above = "0 < low" if name == "loguniform" else "low"
        raise ConfigError(f"expected {CALLS[name]} with {above} <= high, found {text!r:.80}")
    if not whole and isinstance(default, int) and not isinstance(default, bool):
        raise ConfigError(
            f"expected integers like the default ({default!r}), found {text!r:.80}: "
            "draw them with randint(low, high) or choice(...)"
        )
    return Distribution(name, (low, high), text)


def _checked_range(values: range) -> list[int]:
    if not values:
        raise ConfigError(f"expected at least one value, found the empty {values}")
    if len(values) > MAX_RUNS:
        raise ConfigError(f"expected at most {MAX_RUNS:,} runs, found {len(values):,} in {values}")
    return list(values)


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) if whole else isinstance(value, (int, float))


def _depth(value: Any) -> int:
    if not isinstance(value, (list, tuple)):
        return 0
    return 1 + min(map(_depth, value), default=0)


def shown(value: Any) -> str:
    """Return a value of a request as a user would write it."""
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value)
