"""Matching paths with patterns; `parsing` describes how patterns are written.

A path is matched part by part from the top, so that a scan knows in each directory which patterns
can match below it. A state is the set of positions in `parts` that the directories so far may have
reached, as bits: bit i for position i, and bit len(parts) if the whole path is matched.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # One position of a part: a character, a set (negated or not) or one of the wildcards.
    Item = str | tuple[bool, frozenset[str], tuple[tuple[str, str], ...]] | None

__all__ = [
    "ANY",
    "STAR",
    "Part",
    "Pattern",
    "holds",
    "is_whole",
    "match_path",
    "name_matcher",
    "start_state",
    "state_below",
]

STAR = "*"  # as an item: any characters; a literal star is the item "\\*"
ANY = None


class Part:
    """One part of a pattern's path, a directory or file name with wildcards.

    `literal` is the name if there are no wildcards. `anywhere` is True for `**`.
    """

    __slots__ = ("anywhere", "dotted", "literal", "matches")

    def __init__(self, items: list[Item], *, anywhere: bool = False) -> None:
        self.anywhere = anywhere
        self.literal = _literal(items) if not anywhere else None
        self.dotted = bool(items) and items[0] == "."
        self.matches = _matcher(items)


class Pattern:
    """A parsed pattern; `text` is the pattern as written.

    To match, a file needs at least `size_min` and at most `size_max` bytes. `below` is True if the
    path means directories, and so everything below them.
    """

    __slots__ = (
        "below",
        "exclude",
        "max_matches",
        "parts",
        "sentinel",
        "size_max",
        "size_min",
        "text",
        "type",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.exclude = False
        self.parts: list[Part] = []
        self.below = False
        self.type: str | None = None
        self.size_min: int | None = None
        self.size_max: int | None = None
        self.max_matches: int | None = None
        self.sentinel: list[Part] | None = None

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def start_state(pattern: Pattern) -> int:
    """Return the state of a pattern in the top directory."""
    return _closure(pattern, 1)


def state_below(pattern: Pattern, state: int, name: str) -> tuple[int, bool]:
    """Return the state below a directory, and whether the pattern spells the directory's name out.

    The state is 0 if nothing below the directory can match.
    """
    parts = pattern.parts
    end = len(parts)
    found = 0
    spelled = False
    if state >> end & 1 and (pattern.type != "dir" or not parts):
        found = 1 << end
    for index, part in enumerate(parts):
        if not state >> index & 1:
            continue
        if part.anywhere:
            found |= 1 << index
        elif part.matches(name) and (index + 1 < end or _may_be_dir(pattern, part)):
            found |= 1 << index + 1
            # Wildcards alone do not spell a name out; likewise `*` in a shell leaves out `.git`.
            if part.literal is not None or (part.dotted and name[0] == "."):
                spelled = True
    return _closure(pattern, found), spelled


def is_whole(pattern: Pattern, state: int) -> bool:
    """Return whether the directories so far match the whole path."""
    return bool(state >> len(pattern.parts) & 1)


def name_matcher(pattern: Pattern, state: int) -> Callable[[str], bool] | None:
    """Return a function that returns whether a file name matches, or None if no file can match.

    For a pattern that matches all files, the function is `bool`.
    """
    end = len(pattern.parts)
    if state >> end & 1:
        return bool
    if pattern.below or not state >> end - 1 & 1:
        return None
    return pattern.parts[-1].matches


def match_path(pattern: Pattern, path: str) -> bool:
    """Return whether the path of a file matches the path of a pattern, ignoring its modifiers."""
    *directories, name = path.split("/")
    state = start_state(pattern)
    for directory in directories:
        state, _ = state_below(pattern, state, directory)
    matches = name_matcher(pattern, state)
    return matches is not None and matches(name)


def holds(directory: str, parts: list[Part]) -> bool:
    """Return whether a path exists in a directory, given as the parts of a sentinel."""
    for index, part in enumerate(parts):
        if part.literal is None:
            try:
                names = sorted(filter(part.matches, os.listdir(directory)))
            except OSError:
                return False
            rest = parts[index + 1 :]
            return any(not rest or holds(os.path.join(directory, name), rest) for name in names)
        directory = os.path.join(directory, part.literal)
    return os.path.lexists(directory)


def _may_be_dir(pattern: Pattern, last: Part) -> bool:
    return pattern.below or pattern.type == "dir" or last.literal is not None


def _closure(pattern: Pattern, state: int) -> int:
    for index, part in enumerate(pattern.parts):
        if part.anywhere and state >> index & 1:
            state |= 1 << index + 1
    return state


def _literal(items: list[Item]) -> str | None:
    chars = []
    for item in items:
        if not isinstance(item, str) or item == STAR:
            return None
        chars.append(item[-1])
    return "".join(chars)


def _matcher(items: list[Item]) -> Callable[[str], bool]:
    """Return a function that matches a part; common forms get fast functions."""
    literal = _literal(items)
    if literal is not None:
        return literal.__eq__
    first = items.index(STAR) if STAR in items else len(items)
    head, tail = _literal(items[:first]), _literal(items[first + 1 :])
    if first == len(items) or head is None or tail is None:
        return lambda name: _match_items(items, name)
    if not head and not tail:
        return bool
    shortest = len(head) + len(tail)
    return lambda name: len(name) >= shortest and name.startswith(head) and name.endswith(tail)


def _match_items(items: list[Item], name: str) -> bool:
    # The usual algorithm with one resume point: only the last star may have to match more.
    at = position = 0
    resume_at, resume_position = -1, 0
    while position < len(name):
        if at < len(items) and items[at] == STAR:
            resume_at, resume_position = at + 1, position
            at += 1
        elif at < len(items) and _match_item(items[at], name[position]):
            at += 1
            position += 1
        elif resume_at >= 0:
            resume_position += 1
            at, position = resume_at, resume_position
        else:
            return False
    return all(item == STAR for item in items[at:])


def _match_item(item: Item, char: str) -> bool:
    if item is ANY:
        return True
    if isinstance(item, str):
        return item[-1] == char
    negated, chars, ranges = item
    return negated != (char in chars or any(low <= char <= high for low, high in ranges))
