"""The differences of two lists of lines, found fast if there are few.

The common beginning and end are removed first, so that the work grows with the differing part. If
that has the same length on both sides, lines that are equal at the same place divide it, where many
of them follow each other. If a part is long, lines that occur once on both sides divide it (the
idea of Bram Cohen's "patience diff"), and `difflib` compares only the lines between them.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    Line = TypeVar("Line", str, bytes)

__all__ = ["Change", "changes", "unified"]


class Change(NamedTuple):
    """Lines [begin_a, end_a) of the first list become lines [begin_b, end_b) of the second."""

    begin_a: int
    end_a: int
    begin_b: int
    end_b: int


_CONTEXT = 3
_MOST_FOR_DIFFLIB = 2000
_EQUAL_IN_A_ROW = 8  # fewer may be equal at the same place by chance


def changes(a: Sequence[Line], b: Sequence[Line]) -> list[Change]:
    """Return the differences of two lists of lines, in order."""
    found: list[Change] = []
    _compare(a, b, Change(0, len(a), 0, len(b)), found)
    return found


def unified(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Return the lines of a unified diff without its header; none if nothing differs.

    Lines have no line ends.
    """
    out: list[str] = []
    for group in _groups(changes(a, b)):
        begin_a, begin_b = max(group[0].begin_a - _CONTEXT, 0), max(group[0].begin_b - _CONTEXT, 0)
        end_a = min(group[-1].end_a + _CONTEXT, len(a))
        end_b = min(group[-1].end_b + _CONTEXT, len(b))
        out.append(f"@@ -{_range(begin_a, end_a)} +{_range(begin_b, end_b)} @@")
        position = begin_a
        for change in group:
            out += [f" {line}" for line in a[position : change.begin_a]]
            out += [f"-{line}" for line in a[change.begin_a : change.end_a]]
            out += [f"+{line}" for line in b[change.begin_b : change.end_b]]
            position = change.end_a
        out += [f" {line}" for line in a[position:end_a]]
    return out


def _compare(a: Sequence[Line], b: Sequence[Line], part: Change, found: list[Change]) -> None:
    """Add the differences of a part of each list."""
    begin_a, end_a, begin_b, end_b = part
    while begin_a < end_a and begin_b < end_b and a[begin_a] == b[begin_b]:
        begin_a, begin_b = begin_a + 1, begin_b + 1
    while begin_a < end_a and begin_b < end_b and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    if begin_a == end_a or begin_b == end_b:
        if begin_a < end_a or begin_b < end_b:
            found.append(Change(begin_a, end_a, begin_b, end_b))
        return
    part = Change(begin_a, end_a, begin_b, end_b)
    if 1 in (end_a - begin_a, end_b - begin_b) or (
        max(end_a - begin_a, end_b - begin_b) <= _MOST_FOR_DIFFLIB
    ):
        found += _compared(a, b, part)
        return
    if end_a - begin_a == end_b - begin_b:
        parts = _unequal(a, b, part)
        if parts != [part]:
            for each in parts:
                _compare(a, b, each, found)
            return
    for at_a, at_b in [*_anchors(a, b, part), (end_a, end_b)]:
        if (at_a, at_b) == (end_a, end_b) and (begin_a, begin_b) == part[::2]:
            found.append(part)  # nothing divides it
        elif begin_a < at_a or begin_b < at_b:
            _compare(a, b, Change(begin_a, at_a, begin_b, at_b), found)
        begin_a, begin_b = at_a + 1, at_b + 1


def _unequal(a: Sequence[Line], b: Sequence[Line], part: Change) -> list[Change]:
    """Return the ranges of a part that are not equal line by line, at the same places."""
    begin_a, end_a, begin_b, end_b = part
    pairs = enumerate(zip(a[begin_a:end_a], b[begin_b:end_b], strict=True))
    places: list[int] = [place for place, (of_a, of_b) in pairs if of_a != of_b]
    found: list[Change] = []
    first: int = places[0]
    last: int = first
    beyond: int = end_a - begin_a + _EQUAL_IN_A_ROW
    for place in [*places[1:], beyond]:
        if place - last > _EQUAL_IN_A_ROW:
            last += 1
            found.append(Change(begin_a + first, begin_a + last, begin_b + first, begin_b + last))
            first = place
        last = place
    return found


def _compared(a: Sequence[Line], b: Sequence[Line], part: Change) -> list[Change]:
    from difflib import SequenceMatcher

    begin_a, end_a, begin_b, end_b = part
    if end_a - begin_a == 1 and a[begin_a] not in b[begin_b:end_b]:
        return [part]
    if end_b - begin_b == 1 and b[begin_b] not in a[begin_a:end_a]:
        return [part]
    matcher = SequenceMatcher(None, a[begin_a:end_a], b[begin_b:end_b], autojunk=False)
    return [
        Change(begin_a + from_a, begin_a + to_a, begin_b + from_b, begin_b + to_b)
        for tag, from_a, to_a, from_b, to_b in matcher.get_opcodes()
        if tag != "equal"
    ]


def _anchors(a: Sequence[Line], b: Sequence[Line], part: Change) -> list[tuple[int, int]]:
    """Return the longest ascending series of the places of lines that occur once in each part."""
    places_a = _once(a, part.begin_a, part.end_a)
    places_b = _once(b, part.begin_b, part.end_b)
    pairs = [(place, places_b[line]) for line, place in places_a.items() if line in places_b]
    return _ascending(pairs)


def _once(lines: Sequence[Line], begin: int, end: int) -> dict[Line, int]:
    places: dict[Line, int] = {}
    for place in range(begin, end):
        places[lines[place]] = -1 if lines[place] in places else place
    return {line: place for line, place in places.items() if place >= 0}


def _ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest series of pairs, sorted by the first number, whose second ascends."""
    from bisect import bisect_left

    ends: list[int] = []  # the lowest end of a series of each length
    last: list[int] = []  # the pair of that end
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    series = []
    number = last[-1] if last else -1
    while number >= 0:
        series.append(pairs[number])
        number = before[number]
    return series[::-1]


def _groups(found: list[Change]) -> list[list[Change]]:
    """Group changes whose context lines would overlap."""
    groups: list[list[Change]] = []
    for change in found:
        if groups and change.begin_a - groups[-1][-1].end_a <= 2 * _CONTEXT:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _range(begin: int, end: int) -> str:
    # As `diff -u`: lines count from 1, an empty range names the line before it.
    if end - begin == 1:
        return str(begin + 1)
    return f"{begin + 1 if end > begin else begin},{end - begin}"
