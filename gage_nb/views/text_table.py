"""A table as lines of text: columns of one width, numbers at the right, no line too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gage._internal.text import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["text_table"]

_GAP = "  "
_LEAST = 8


def text_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[int] = (),
    width: int | None = None,
    whole: Collection[int] = (),
    indent: str = "  ",
) -> list[str]:
    """Return the lines of a table.

    Parameters
    ----------
    numbers
        The positions of columns that are aligned at their right.
    width
        How many columns of characters a line may have. The widest columns are cut with `…` as far
        as needed; what does not fit even then is left out from the right.
    whole
        The positions of columns that are never cut; numbers are not either.
    """
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(line[position]) for line in lines) for position in range(len(headings))]
    if width is not None:
        widths = _fitted(widths, {*numbers, *whole}, width - len(indent))
    shown = []
    for line in lines:
        cells = []
        for position, size in enumerate(widths):
            text = shortened(line[position], size)
            cells.append(text.rjust(size) if position in numbers else text.ljust(size))
        shown.append((indent + _GAP.join(cells)).rstrip())
    return shown


def _fitted(widths: Sequence[int], whole: Collection[int], room: int) -> list[int]:
    fitted = list(widths)
    while _total(fitted) > room:
        wide = [i for i in range(len(fitted)) if i not in whole and fitted[i] > _LEAST]
        if not wide:
            break
        widest = max(wide, key=lambda i: fitted[i])
        fitted[widest] = max(_LEAST, fitted[widest] - (_total(fitted) - room))
    while len(fitted) > 1 and _total(fitted) > room:
        fitted.pop()
    return fitted


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
