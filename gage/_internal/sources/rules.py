"""A pattern during a scan: what it has matched, what its limits left out, notes about it."""

from __future__ import annotations

from gage._internal.people import format_count, format_size
from gage._internal.quoting import quote
from gage._internal.record.runner_log import LEFT_OUT
from gage._internal.sources.copying import HEAD_BYTES
from gage._internal.sources.matching import holds, is_whole
from gage._internal.sources.parsing import parse_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "DEFAULT_PATTERNS",
    "NEVER_ENTERED",
    "Paths",
    "Rule",
    "cut_notes",
    "is_text",
    "unmatched_notes",
]

NEVER_ENTERED = [
    "-**/.* dir",
    "-**/__pycache__ dir",
    "-**/node_modules dir",
    "-**/* dir sentinel=bin/activate",
    "-**/* dir sentinel=Scripts/activate",
    "-**/* dir sentinel=pyvenv.cfg",
    "-**/* dir sentinel=conda-meta",
    "-**/* dir sentinel=.nocopy",
]
DEFAULT_PATTERNS = [
    "**/* text size<100000 max-matches=500",
    "-**/.*",
    # Notebooks are saved automatically every two minutes; a pattern names one that is run.
    "-**/*.ipynb",
    # The summary of a run. If the project has one, it is that of another run.
    "-summary.json",
    *NEVER_ENTERED,
]

_MOST_SHOWN = 3
_TEXT_BYTES = bytes({7, 8, 9, 10, 11, 12, 13, 27} | set(range(0x20, 0x100)) - {0x7F})


def is_text(head: bytes) -> bool:
    """Return whether a file is text, by its first bytes.

    Text has no NUL byte and is UTF-8, or has no control characters but those of text: white
    space, bell, backspace and escape.
    """
    head = head[:HEAD_BYTES]
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The end of the head may cut a character in two.
        cut = len(head) == HEAD_BYTES and error.end == len(head) and error.start > len(head) - 4
        return cut or not head.translate(None, _TEXT_BYTES)
    return True


class Paths:
    """A number of paths, and the first of them."""

    __slots__ = ("count", "first")

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, path: str) -> None:
        self.count += 1
        if self.count <= _MOST_SHOWN:
            self.first.append(path)

    def __str__(self) -> str:
        text = ", ".join(quote(path) for path in self.first)
        more = self.count - len(self.first)
        return f"{text} and {more} more" if more else text


class Rule:
    """A pattern during a scan: what it has matched, and what its limits left out."""

    __slots__ = ("cut", "is_default", "is_full", "is_unlimited", "matched", "pattern", "taken")

    def __init__(self, text: str, *, is_default: bool) -> None:
        pattern = parse_pattern(text)
        limits = (pattern.size_min, pattern.size_max, pattern.type, pattern.max_matches)
        self.pattern = pattern
        self.is_default = is_default
        self.is_unlimited = limits == (None, None, None, None)
        self.matched = False
        self.taken = 0
        self.is_full = False  # there were more files than `max-matches`
        self.cut: dict[str, Paths] = {}

    def cut_off(self, limit: str, path: str) -> None:
        self.cut.setdefault(limit, Paths()).add(path)

    def limit_for(self, entry: os.DirEntry[str], *, text: bool | None) -> str:
        """Return the limit that leaves a file out, "" if none does.

        "unknown" if that depends on whether the file is text.
        """
        pattern = self.pattern
        if pattern.size_max is not None and entry.stat().st_size > pattern.size_max:
            return "size<"
        if pattern.size_min is not None and entry.stat().st_size < pattern.size_min:
            return "size>"
        if self.is_full:
            return "full"
        if pattern.type is not None:
            if text is None:
                return "unknown"
            if (pattern.type == "text") is not text:
                return pattern.type
        if self.exhausted():
            self.is_full = True
            return "max-matches"
        return ""

    def applies_to_directory(self, state: int, path: str) -> bool:
        """Return whether this is a pattern with `dir` that matches a directory."""
        pattern = self.pattern
        if (
            pattern.type != "dir"
            or not is_whole(pattern, state)
            or self.exhausted()
            or (pattern.sentinel is not None and not holds(path, pattern.sentinel))
        ):
            return False
        self.matched = True
        self.taken += 1
        return True

    def exhausted(self) -> bool:
        limit = self.pattern.max_matches
        return limit is not None and self.taken >= limit


def cut_notes(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what the limits of rules left out: one line for the defaults, one for each other."""
    usual: list[str] = []
    for rule in rules:
        pattern = rule.pattern
        for limit, paths in rule.cut.items():
            if limit == "max-matches":
                yield (
                    f"Pattern {pattern.text!r} took its maximum of {pattern.max_matches} files: "
                    f"left out {paths} and all later ones"
                )
                continue
            files = format_count(paths.count, "file")
            if limit == "size<":
                most = format_size((pattern.size_max or 0) + 1)
                usual.append(f"{files} of {most} or more ({paths})")
            elif limit == "text":
                usual.append(f"{files} not text ({paths})")
            else:
                usual.append(
                    f"{files} hidden and maybe secret ({paths}; a pattern can name what is needed)"
                )
    if usual:
        yield f"{LEFT_OUT}{', '.join(usual)}"


def unmatched_notes(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield a line for each rule that matched nothing, as far as the scan can know."""
    is_cut = any(rule.is_full for rule in rules)
    for rule in rules:
        pattern = rule.pattern
        if rule.matched or rule.is_default or (is_cut and pattern.exclude):
            continue
        if pattern.exclude:
            yield f"Pattern {pattern.text!r} excludes nothing"
            continue
        what = "directory" if pattern.type == "dir" else "file"
        hint = ""
        if what == "file" and len(pattern.parts) == 1 and not pattern.parts[0].anywhere:
            hint = f" of the top directory (**/{pattern.text.lstrip()} matches in all directories)"
        yield f"Pattern {pattern.text!r} matches no {what}{hint}"
