"""What a filter that finds nothing may have meant: values near to those that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gage._internal.index.language import And, Comparison, Not, Or, Word, parse_filter
from gage._internal.index.listing import filter_of
from gage._internal.index.runs import run_index
from gage._internal.suggestions import near_misses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gage._internal.index.language import Condition

__all__ = ["meant_instead"]


def meant_instead(home: str, where: Sequence[str]) -> str:
    """Return the question for a filter that found nothing; "" if no value is near to its own.

    Did you mean operation=train?
    """
    condition = parse_filter(filter_of(where))
    index = run_index(home)
    near = []
    for comparison in _equalities(condition):
        name, value = comparison.name.text, comparison.value
        text = value.text if isinstance(value, Word) else value
        if isinstance(text, str):
            known = index.values(name)
            found = [] if text in known else near_misses(text, known, 1)
            near += [f"{name}={_word(choice)}" for choice in found]
    return f"Did you mean {' '.join(near)}?" if near else ""


def _equalities(condition: Condition | None) -> Iterator[Comparison]:
    """Yield the comparisons for equality that can be what makes a condition false."""
    match condition:
        case Comparison(_, "="):
            yield condition
        case And(parts) | Or(parts):
            for part in parts:
                yield from _equalities(part)
        case Not() | None | Comparison():
            return


def _word(value: str) -> str:
    return f'"{value}"' if set(value) & set(" \"'()=<>~,!`") else value
