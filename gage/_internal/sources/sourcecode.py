"""Which files of a project belong to a run.

The patterns (`patterns`) are read in order and the last one that matches a file decides whether
it is taken. A pattern whose size or type does not fit a file, or that has already taken its
`max-matches`, does not match it. The project is scanned once, from the top level by level and by
name in each directory, so that a limit cuts off what is deepest.

Which directories are looked into: of the patterns with `dir`, `NEVER_ENTERED` before those of an
operation, the last one that matches decides again. A directory that is left out is not opened, but
for a later pattern that spells its name out, and only for that one: `.github/*.yml` leads into
`.github`, `**/*.yml` does not. Nor is a directory opened below which nothing can match. A store of
runs is left out whatever the patterns say: its runs would be copied into each other.

The defaults leave out hidden files too, since `.env` and its like hold secrets; name such a file
in a pattern to take it.

A link is taken as what it points to, if that is inside the project. Pipes, sockets and devices
are never opened.
"""

from __future__ import annotations

import errno
import os
import stat

from gage._internal.errors import GageError
from gage._internal.quoting import quote
from gage._internal.sources.copying import HEAD_BYTES, copy_candidates, raise_faults
from gage._internal.sources.patterns import (
    enter,
    holds,
    is_whole,
    name_matcher,
    parse_pattern,
    quote_pattern,
    start,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import NamedTuple, TypeAlias

    from gage._internal.sources.copying import Candidate, Copied, Fault
    from gage._internal.types import OpDef

    class Selection(NamedTuple):
        paths: list[str]
        notes: list[str]
        patterns: list[str]

    Matches: TypeAlias = Callable[[str], bool]

    class _Directory(NamedTuple):
        prefix: str
        states: list[int]
        real: str
        jumps: tuple[str, ...]

else:
    from collections import namedtuple

    Selection = namedtuple("Selection", "paths notes patterns")
    _Directory = namedtuple("_Directory", "prefix states real jumps")

__all__ = [
    "DEFAULT_PATTERNS",
    "NEVER_ENTERED",
    "Selection",
    "copy_selected",
    "is_text",
    "quote_pattern",
    "select_sourcecode",
    "sourcecode_patterns",
]

Selection.__doc__ = """The files that patterns select: paths by name, and what to tell about them.

`notes` says, a line each, what a limit cut off, which links lead nowhere, which patterns match
nothing.
"""
_Directory.__doc__ = """A directory to be scanned.

`prefix` is its path with a "/" at the end, "" for the top; `states` has the state of each rule;
`real` is its path without links, and `jumps` those of the links on the way to it.
"""

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
    # What a run says of itself. One that lies in the project is another run's.
    "-summary.json",
    *NEVER_ENTERED,
]

_SECRETS = ".env"  # of what is hidden, what a program may miss
_TOLD_LIMITS = ("size<", "text", "max-matches")
_MOST_SHOWN = 3
_TEXT_BYTES = bytes({7, 8, 9, 10, 11, 12, 13, 27} | set(range(0x20, 0x100)) - {0x7F})


def sourcecode_patterns(opdef: OpDef) -> list[str]:
    """Return the patterns of an operation's source code.

    They are the defaults where it says nothing, and come after the defaults where it only
    excludes.
    """
    patterns = opdef.sourcecode
    if patterns is None or patterns is True:
        return list(DEFAULT_PATTERNS)
    if not patterns:
        return []
    if all(parse_pattern(pattern).exclude for pattern in patterns):
        return [*DEFAULT_PATTERNS, *patterns]
    return list(patterns)


def select_sourcecode(
    project_dir: str, patterns: Sequence[str], *, always: Sequence[str] = ()
) -> Selection:
    """Return which files of a project the patterns select; nothing is copied.

    Parameters
    ----------
    always
        Files that are taken whatever the patterns say.

    Raises
    ------
    PatternError
        If a pattern is malformed.
    GageError
        If the project, or a file that is always taken, is not there.
    """
    scan = _Scan(project_dir, patterns, always)
    paths = []
    for path, accept in scan.candidates():
        if accept is None:
            paths.append(path)
            continue
        try:
            head = _read_head(os.path.join(project_dir, path))
        except OSError as error:
            scan.leave_out(_reason(error), path)
            continue
        if accept(head):
            paths.append(path)
    return Selection(sorted(paths), scan.notes(), list(patterns))


def copy_selected(
    project_dir: str,
    run_dir: str,
    patterns: Sequence[str],
    *,
    always: Sequence[str] = (),
    read_only: bool = False,
) -> tuple[list[Copied], list[str]]:
    """Copy what `select_sourcecode` selects, opening each file once.

    Returns the files copied, by path, and the notes of the selection.

    Raises
    ------
    PatternError, GageError
        As `select_sourcecode`; and if a file could not be copied that a pattern asks for without
        having to look into it. Others that cannot be read are noted.
    StoreError
        If there is no room.
    """
    scan = _Scan(project_dir, patterns, always, leave_out_dir=run_dir)
    copied, faults = copy_candidates(project_dir, run_dir, scan.candidates(), read_only=read_only)
    serious: list[Fault] = []
    for fault in faults:
        if fault.optional or (
            isinstance(fault.error, FileNotFoundError) and fault.path not in scan.always
        ):
            scan.leave_out(_reason(fault.error), fault.path)
        else:
            serious.append(fault)
    raise_faults(project_dir, serious)
    return copied, scan.notes()


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


class _Paths:
    """How many paths there were, and the first of them."""

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


class _Rule:
    """A pattern at work: what it has matched, and what its limits cut off."""

    __slots__ = ("cut", "is_default", "is_full", "is_unlimited", "matched", "pattern", "taken")

    def __init__(self, text: str, *, is_default: bool) -> None:
        pattern = parse_pattern(text)
        limits = (pattern.size_min, pattern.size_max, pattern.type, pattern.max_matches)
        self.pattern = pattern
        self.is_default = is_default
        self.is_unlimited = limits == (None, None, None, None)
        self.matched = False
        self.taken = 0
        self.is_full = False  # a file more than `max-matches` has come
        self.cut: dict[str, _Paths] = {}

    def cut_off(self, limit: str, path: str) -> None:
        self.cut.setdefault(limit, _Paths()).add(path)

    def limit_for(self, entry: os.DirEntry[str], *, text: bool | None) -> str:
        """Return which limit keeps a file out, "" where none does.

        "unknown" where that depends on whether the file is text.
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


class _Scan:
    """One walk through a project."""

    def __init__(
        self,
        project_dir: str,
        patterns: Sequence[str],
        always: Sequence[str],
        leave_out_dir: str | None = None,
    ) -> None:
        self.always = frozenset(always)
        self._project_dir = project_dir
        self._real_root = os.path.realpath(project_dir)
        self._leave_out_dir = leave_out_dir and os.path.realpath(leave_out_dir)
        texts = [text for text in NEVER_ENTERED if text not in patterns]
        rules = [_Rule(text, is_default=True) for text in texts]
        rules += [_Rule(text, is_default=text in DEFAULT_PATTERNS) for text in patterns]
        self._rules = rules
        self._unmatched = {
            rule for rule in rules if not rule.is_default and rule.pattern.type != "dir"
        }
        self._left_out: dict[str, _Paths] = {}

    def candidates(self) -> Iterator[Candidate]:
        """Yield what is selected; where the content decides, with a function that says so."""
        for path in sorted(self.always):
            self._check_always(path)
            yield path, None
        states = [start(rule.pattern) for rule in self._rules]
        waiting = [_Directory("", states, self._real_root, ())]
        # Level by level: what is found waits for the next one.
        while waiting:
            found: list[_Directory] = []
            for directory in waiting:
                if self._wants(directory.states):
                    yield from self._scan_directory(directory, found)
            waiting = found

    def leave_out(self, reason: str, path: str) -> None:
        """Keep what is to be told about a path that is not taken."""
        self._left_out.setdefault(reason, _Paths()).add(path)

    def notes(self) -> list[str]:
        """Return what to tell about the selection, a line each."""
        notes = [note for rule in self._rules for note in _cut_notes(rule)]
        notes += [f"Left out, {reason}: {paths}" for reason, paths in self._left_out.items()]
        is_cut = any(rule.is_full for rule in self._rules)
        for rule in self._rules:
            pattern = rule.pattern
            if rule.matched or rule.is_default or (is_cut and pattern.exclude):
                continue
            if pattern.exclude:
                notes.append(f"Pattern {pattern.text!r} excludes nothing")
            else:
                what = "directory" if pattern.type == "dir" else "file"
                hint = ""
                if what == "file" and len(pattern.parts) == 1 and not pattern.parts[0].anywhere:
                    hint = f" of the top directory (**/{pattern.text.lstrip()} looks into all)"
                notes.append(f"Pattern {pattern.text!r} matches no {what}{hint}")
        return notes

    # A directory

    def _scan_directory(
        self, directory: _Directory, found: list[_Directory]
    ) -> Iterator[Candidate]:
        prefix = directory.prefix
        try:
            with os.scandir(os.path.join(self._project_dir, prefix)) as scan:
                entries = sorted(scan, key=_name)
        except OSError as error:
            if not prefix:
                raise GageError(
                    f"expected the directory of a project, found none at {self._project_dir} "
                    f"({error.strerror})"
                ) from error
            self.leave_out(_reason(error), prefix)
            return
        stored = {entry.name[:36] for entry in entries if _is_side_car(entry.name)}
        if stored and prefix:
            return
        deciders = self._deciders(directory.states)
        subdirectories = []
        for entry in entries:
            name = entry.name
            if entry.is_file(follow_symlinks=False):
                if self.always and prefix + name in self.always:
                    self._watch(directory, name)
                    continue
                yield from self._candidate(directory, entry, deciders)
            elif entry.is_dir(follow_symlinks=False):
                if name not in stored and not _is_side_car(name):
                    subdirectories.append((name, os.path.join(directory.real, name), False))
            elif entry.is_symlink():
                real = self._resolve(directory, entry, deciders)
                if real is not None and os.path.isdir(real):
                    subdirectories.append((name, real, True))
                elif real is not None and prefix + name not in self.always:
                    yield from self._candidate(directory, entry, deciders)
            elif self._is_wanted(deciders, name):
                self.leave_out("not a regular file", prefix + name)
        for name, real, is_link in subdirectories:
            entered = self._enter(directory, name, real, is_link=is_link)
            if entered is not None:
                found.append(entered)

    def _wants(self, states: list[int]) -> bool:
        """Return whether any pattern can still take a file in or below a directory."""
        for rule, state in zip(reversed(self._rules), reversed(states), strict=True):
            pattern = rule.pattern
            if not state or pattern.type == "dir" or rule.is_full:
                continue
            if not pattern.exclude:
                return True
            if rule.is_unlimited and is_whole(pattern, state):
                return False
        return False

    def _enter(
        self, directory: _Directory, name: str, real: str, *, is_link: bool
    ) -> _Directory | None:
        """Return a subdirectory to be scanned, None where it is left out."""
        path = directory.prefix + name
        full_path = os.path.join(self._project_dir, path)
        states = []
        left_out_by = -1
        spelling = set()
        for index, (rule, old) in enumerate(zip(self._rules, directory.states, strict=True)):
            state, spelled = enter(rule.pattern, old, name) if old else (0, False)
            states.append(state)
            if spelled and rule.pattern.type != "dir":
                spelling.add(index)
            elif state and rule.applies_to_directory(state, full_path):
                left_out_by = index if rule.pattern.exclude else -1
        if left_out_by >= 0:
            # Only patterns that come later and spell the name out go on.
            for index, rule in enumerate(self._rules):
                if not rule.pattern.exclude and not (index in spelling and index > left_out_by):
                    states[index] = 0
        if real == self._leave_out_dir or not self._wants(states):
            for index in spelling:
                self._rules[index].matched = True  # maybe: what is left out is not looked into
            return None
        jumps = directory.jumps
        if is_link:
            if not self._is_inside(real):
                self.leave_out("a link that leads out of the project", path)
                return None
            jumps = (*jumps, directory.real)
            if any(_is_in(jump, real) for jump in jumps):
                self.leave_out("a link that leads in a circle", path)
                return None
        return _Directory(path + "/", states, real, jumps)

    # A file

    def _deciders(self, states: list[int]) -> list[tuple[_Rule, Matches]]:
        """Return the rules that can match files of a directory, the one that decides first."""
        deciders = []
        for rule, state in zip(reversed(self._rules), reversed(states), strict=True):
            if rule.pattern.type != "dir" and state:
                matches = name_matcher(rule.pattern, state)
                if matches is not None:
                    deciders.append((rule, matches))
                    if matches is bool and rule.is_unlimited:
                        break  # it decides whatever comes to it
        return deciders

    def _candidate(
        self,
        directory: _Directory,
        entry: os.DirEntry[str],
        deciders: list[tuple[_Rule, Matches]],
    ) -> Iterator[Candidate]:
        path = directory.prefix + entry.name
        if self._unmatched:
            self._watch(directory, entry.name)
        try:
            decision = self._decide(deciders, entry, path)
        except OSError as error:
            self.leave_out(_reason(error), path)
            return
        if decision:
            yield path, None
        elif decision is None:
            yield (
                path,
                lambda head: self._decide(deciders, entry, path, text=is_text(head)) is True,
            )

    def _watch(self, directory: _Directory, name: str) -> None:
        """Note which patterns match a file, for the sake of those that match none."""
        for rule, state in zip(self._rules, directory.states, strict=True):
            if rule in self._unmatched and state:
                matches = name_matcher(rule.pattern, state)
                if matches is not None and matches(name):
                    rule.matched = True
                    self._unmatched.discard(rule)

    @staticmethod
    def _is_wanted(deciders: list[tuple[_Rule, Matches]], name: str) -> bool:
        """Return whether a file of that name is selected, its size and type left aside."""
        for rule, matches in deciders:
            if matches(name):
                return not rule.pattern.exclude
        return False

    @staticmethod
    def _decide(
        deciders: list[tuple[_Rule, Matches]],
        entry: os.DirEntry[str],
        path: str,
        *,
        text: bool | None = None,
    ) -> bool | None:
        """Return whether a file is selected; None where that depends on whether it is text."""
        missed: list[tuple[_Rule, str]] = []
        for rule, matches in deciders:
            if not matches(entry.name):
                continue
            if not rule.is_unlimited:
                limit = rule.limit_for(entry, text=text)
                if limit == "unknown":
                    return None
                if limit:
                    missed.append((rule, limit))
                    continue
            rule.taken += 1
            if not rule.pattern.exclude:
                return True
            if rule.is_default and entry.name.startswith(_SECRETS):
                rule.cut_off("hidden", path)
            break
        for rule, limit in missed:
            if not rule.pattern.exclude and limit in _TOLD_LIMITS:
                rule.cut_off(limit, path)
        return False

    # Links

    def _resolve(
        self,
        directory: _Directory,
        entry: os.DirEntry[str],
        deciders: list[tuple[_Rule, Matches]],
    ) -> str | None:
        """Return what a link points to, None where it is not to be followed."""
        path = directory.prefix + entry.name
        try:
            real = os.path.realpath(entry.path, strict=True)
            info = os.stat(real)
        except OSError as error:
            if self._is_wanted(deciders, entry.name):
                circle = error.errno == errno.ELOOP
                what = "a link that leads in a circle" if circle else "a link to nothing"
                self.leave_out(what, path)
            return None
        if stat.S_ISDIR(info.st_mode):
            return real  # `_enter` sees whether it is wanted at all
        if not self._is_wanted(deciders, entry.name):
            return None
        if not self._is_inside(real):
            self.leave_out("a link that leads out of the project", path)
            return None
        if not stat.S_ISREG(info.st_mode):
            self.leave_out("not a regular file", path)
            return None
        return real

    def _is_inside(self, real: str) -> bool:
        return _is_in(real, self._real_root)

    def _check_always(self, path: str) -> None:
        if os.path.isabs(path) or ".." in path.split("/"):
            raise GageError(f"expected a path inside {self._project_dir}, found {quote(path)}")
        if not os.path.isfile(os.path.join(self._project_dir, path)):
            raise GageError(f"expected the file {quote(path)} in {self._project_dir}, found none")


def _is_side_car(name: str) -> bool:
    """Return whether a name is that of a run's side-car: an id and `.meta`, maybe more."""
    return (
        len(name) >= 41
        and name[36:41] == ".meta"
        and name[8] == name[13] == name[18] == name[23] == "-"
    )


def _is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(os.path.join(directory, ""))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _read_head(path: str) -> bytes:
    # A pipe that took the place of a file meanwhile must not be waited for.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.read(fd, HEAD_BYTES)
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "gone while the project was read"
    return (error.strerror or str(error)).lower()


def _cut_notes(rule: _Rule) -> Iterator[str]:
    pattern = rule.pattern
    for limit, paths in rule.cut.items():
        if limit == "max-matches":
            yield (
                f"Pattern {pattern.text!r} took {pattern.max_matches} files, as many as it may: "
                f"left out {paths} and what comes after"
            )
        elif limit == "size<":
            yield f"Left out by the size in {pattern.text!r}: {paths}"
        elif limit == "text":
            yield f"Left out, not text, by {pattern.text!r}: {paths}"
        else:
            yield f"Left out, hidden and maybe secret (a pattern can name it): {paths}"
