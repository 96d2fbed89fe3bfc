"""Scales of axes, found from the values: linear, logarithmic, or a place for each word."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gage._internal.people import format_number, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Scale", "is_logarithmic", "number_of", "scale_of"]

_MOST_CHARS = 16
_MOST_WORDS = 12
_TICKS = 5
_LEAST_RATIO = 20.0


@dataclass(frozen=True)
class Scale:
    """The scale of one key: where a value is on its axis, from 0 to 1, and where its ticks are.

    Attributes
    ----------
    kind
        `linear`, `log` or `words`.
    low, high
        The ends of a scale of numbers.
    words
        The texts of values that are not numbers, in their order on the axis.
    """

    kind: str
    low: float = 0.0
    high: float = 1.0
    words: tuple[str, ...] = ()

    def place(self, value: Any) -> float | None:
        """Return where a value is; None for one that is missing or not finite."""
        if self.kind == "words":
            text = _word(value)
            if value is None or text not in self.words:
                return None
            return (self.words.index(text) + 0.5) / len(self.words)
        number = number_of(value)
        if number is None:
            return None
        if self.high / 2 - self.low / 2 == 0:
            return 0.5
        if self.kind == "log":
            low, high = math.log(self.low), math.log(self.high)
            return (math.log(number) - low) / (high - low)
        # Halves, since the difference of two floats may be infinite.
        return (number / 2 - self.low / 2) / (self.high / 2 - self.low / 2)

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and texts for the axis; of many words, as many as there is room for."""
        if self.kind == "words":
            every = math.ceil(len(self.words) / _MOST_WORDS)
            return [(self.place(word) or 0.0, word) for word in self.words[::every]]
        if self.low == self.high:
            return [(0.5, format_number(self.low))]
        numbers = (
            _decades(self.low, self.high) if self.kind == "log" else _round(self.low, self.high)
        )
        found = ((self.place(number), format_number(number)) for number in numbers)
        return [(place, text) for place, text in found if place is not None]


def scale_of(values: Sequence[Any]) -> Scale:
    """Return the scale for values: of words if one of them is not a number."""
    given = [value for value in values if value is not None]
    numbers = [number for value in given if (number := number_of(value)) is not None]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in given):
        return Scale("words", words=tuple(sorted({_word(value) for value in given})))
    if not numbers:
        return Scale("linear")
    kind = "log" if is_logarithmic(numbers) else "linear"
    return Scale(kind, min(numbers), max(numbers))


def is_logarithmic(values: Sequence[float], least_ratio: float = _LEAST_RATIO) -> bool:
    """Return whether numbers spread more evenly over a logarithmic axis than over a linear one."""
    numbers = sorted(set(values))
    if len(numbers) < 3 or numbers[0] <= 0 or numbers[-1] / numbers[0] < least_ratio:
        return False
    logarithms = [math.log(number) for number in numbers]
    return _largest_gap(logarithms) < _largest_gap(numbers)


def number_of(value: Any) -> float | None:
    """Return a value that is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _largest_gap(numbers: Sequence[float]) -> float:
    """Return the largest distance of neighbours as a part of the whole extent."""
    gaps = [after / 2 - before / 2 for before, after in pairwise(numbers)]
    return max(gaps) / max(numbers[-1] / 2 - numbers[0] / 2, sys.float_info.min)


def _decades(low: float, high: float) -> list[float]:
    """Return powers of ten between the ends, and the ends if these are few."""
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    every = max(1, math.ceil(len(powers) / _TICKS))
    numbers = [10.0**power for power in powers][::every]
    return numbers if len(numbers) >= 2 else [low, high]


def _round(low: float, high: float) -> list[float]:
    """Return round numbers between the ends."""
    rough = (high - low) / _TICKS
    if not sys.float_info.min < rough < math.inf:
        return [low, high]
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    numbers = [float(f"{place * step:.12g}") for place in range(first, last + 1)]
    return [min(max(number, low), high) for number in numbers]


def _word(value: Any) -> str:
    return format_value(value, _MOST_CHARS)
