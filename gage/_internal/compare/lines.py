"""The differences of two lists of lines, found fast if there are few.

The common beginning and end are removed first, so that the work grows with the differing part. If
that is long, lines that occur once on both sides divide it (the idea of Bram Cohen's "patience
diff"), and `difflib` compares only the lines between them.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
__all__ = ["Change", "changes", "unified"]


class Change(NamedTuple):
    """Lines [begin_a, end_a) of the first list become lines [begin_b, end_b) of the second."""

    begin_a: int
    end_a: int
    begin_b: int
    end_b: int


_CONTEXT = 3
_MOST_FOR_DIFFLIB = 2000


def changes(a: Sequence[str], b: Sequence[str]) -> list[Change]:
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


def _compare(a: Sequence[str], b: Sequence[str], part: Change, found: list[Change]) -> None:
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
    if max(end_a - begin_a, end_b - begin_b) <= _MOST_FOR_DIFFLIB:
        found += _compared(a, b, Change(begin_a, end_a, begin_b, end_b))
        return
    anchors = _anchors(a, b, Change(begin_a, end_a, begin_b, end_b))
    if not anchors:
        found.append(Change(begin_a, end_a, begin_b, end_b))
        return
    for at_a, at_b in [*anchors, (end_a, end_b)]:
        _compare(a, b, Change(begin_a, at_a, begin_b, at_b), found)
        begin_a, begin_b = at_a, at_b


def _compared(a: Sequence[str], b: Sequence[str], part: Change) -> list[Change]:
    from difflib import SequenceMatcher

    begin_a, end_a, begin_b, end_b = part
    matcher = SequenceMatcher(None, a[begin_a:end_a], b[begin_b:end_b], autojunk=False)
    return [
        Change(begin_a + from_a, begin_a + to_a, begin_b + from_b, begin_b + to_b)
        for tag, from_a, to_a, from_b, to_b in matcher.get_opcodes()
        if tag != "equal"
    ]


def _anchors(a: Sequence[str], b: Sequence[str], part: Change) -> list[tuple[int, int]]:
    """Return the longest ascending series of the places of lines that occur once in each part."""
    places_a = _once(a, part.begin_a, part.end_a)
    places_b = _once(b, part.begin_b, part.end_b)
    pairs = [(place, places_b[line]) for line, place in places_a.items() if line in places_b]
    return _ascending(pairs)


def _once(lines: Sequence[str], begin: int, end: int) -> dict[str, int]:
    places: dict[str, int] = {}
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
