"""A table as lines of text: aligned columns, numbers to the right, no line too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gage._internal.text import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["INDENT", "columns_kept", "columns_that_fit", "cut_to_fit", "text_table"]

INDENT = _GAP = "  "
_LEAST = 8


def text_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[int] = (),
    width: int | None = None,
    whole: Collection[int] = (),
    indent: str = INDENT,
) -> list[str]:
    """Return the lines of a table.

    Parameters
    ----------
    numbers
        The positions of columns that are aligned to the right.
    width
        The maximum number of characters in a line. The widest columns are cut with `…` as far as
        needed; columns at the right that still do not fit are left out.
    whole
        The positions of columns that are never cut, like those of numbers.
    """
    widths = _widths(headings, rows)
    if width is not None:
        widths = _fitted(widths, {*numbers, *whole}, width - len(indent))
    shown = []
    for line in (headings, *rows):
        cells = []
        for position, size in enumerate(widths):
            text = shortened(line[position], size)
            cells.append(text.rjust(size) if position in numbers else text.ljust(size))
        shown.append((indent + _GAP.join(cells)).rstrip())
    return shown


def columns_that_fit(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Collection[int],
    width: int,
) -> int:
    """Return how many columns, from the first, fit into a table of this width without indent.

    `whole` are the positions of columns that are never cut, numbers among them.
    """
    return len(_fitted(_widths(headings, rows), whole, width))


def cut_to_fit(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Collection[int],
    width: int,
    *,
    wraps: bool,
) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of a table that is at most `width` wide, without indent.

    The widest columns are cut with `…`, except those of `whole`; columns at the right that still
    do not fit are left out. With `wraps`, a heading of several words has as many lines if that
    saves room that is needed.
    """
    needed = headings
    if wraps and _total(_widths(headings, rows)) > width:
        needed = [max(heading.split(" "), key=len) for heading in headings]
    sizes = _fitted(_widths(needed, rows), whole, width)
    cut = [
        _in_lines(heading, size) if wraps else shortened(heading, size)
        for heading, size in zip(headings, sizes, strict=False)
    ]
    return cut, [[shortened(row[at], size) for at, size in enumerate(sizes)] for row in rows]


def columns_kept(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Collection[int],
    width: int,
    first_out: Sequence[int],
) -> list[int]:
    """Return the positions of columns without as many of `first_out` as it takes to fit."""
    needed = [max(heading.split(" "), key=len) for heading in headings]
    widths = _widths(needed, rows)
    kept = list(range(len(headings)))
    for out in first_out:
        least = [widths[at] if at in whole else min(widths[at], _LEAST) for at in kept]
        if _total(least) > width:
            kept.remove(out)
    return kept


def _in_lines(heading: str, size: int) -> str:
    if len(heading) <= size:
        return heading
    return "\n".join(shortened(word, size) for word in heading.split(" "))


def _widths(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(headings, *rows, strict=True)]


def _fitted(widths: Sequence[int], whole: Collection[int], room: int) -> list[int]:
    """Return the widths of the columns that fit, with the widest cut as far as needed."""
    least = [size if i in whole else min(size, _LEAST) for i, size in enumerate(widths)]
    count = len(widths)
    while count > 1 and _total(least[:count]) > room:
        count -= 1
    fitted = list(widths[:count])
    while _total(fitted) > room:
        wide = [i for i, size in enumerate(fitted) if size > least[i]]
        if not wide:
            break
        widest = max(wide, key=lambda i: fitted[i])
        fitted[widest] = max(_LEAST, fitted[widest] - (_total(fitted) - room))
    return fitted


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
