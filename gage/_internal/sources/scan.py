"""A scan of a project for the files that its patterns select.

The project is scanned once, level by level from the top and by name in each directory, so that a
limit drops the deepest files first. `selection` describes what the patterns mean.

A link counts as the file that it points to, if that is inside the project. Pipes, sockets and
devices are never opened.
"""

from __future__ import annotations

import errno
import os
import stat

from gage._internal.errors import GageError
from gage._internal.named import NamedTuple
from gage._internal.quoting import quote
from gage._internal.sources.extent import levels_above
from gage._internal.sources.matching import is_whole, name_matcher, start_state, state_below
from gage._internal.sources.rules import (
    DEFAULT_PATTERNS,
    NEVER_ENTERED,
    Paths,
    Rule,
    cut_notes,
    is_text,
    unmatched_notes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import TypeAlias

    from gage._internal.sources.copying import Candidate

    Matches: TypeAlias = Callable[[str], bool]


__all__ = ["Scan", "reason_of"]


class _Directory(NamedTuple):
    """A directory to be scanned.

    `prefix` is its path with a "/" at the end, "" for the top; `states` has the state of each rule;
    `real` is its path without links; `jumps` has the paths of the links on the way to it.
    """

    prefix: str
    states: list[int]
    real: str
    jumps: tuple[str, ...]


_SECRETS = ".env"  # the hidden file that a program may miss
_TOLD_LIMITS = ("size<", "text", "max-matches")


class Scan:
    """A scan of a project."""

    def __init__(
        self,
        project_dir: str,
        patterns: Sequence[str],
        always: Sequence[str],
        leave_out_dir: str | None = None,
        brought: Collection[str] = (),
    ) -> None:
        self.always = frozenset(always)
        self._brought = frozenset(brought)
        self._project_dir = project_dir
        self._real_root = os.path.realpath(project_dir)
        self._extent: str | None = None  # computed when a link leads out of the project
        self._leave_out_dir = leave_out_dir and os.path.realpath(leave_out_dir)
        texts = [text for text in NEVER_ENTERED if text not in patterns]
        rules = [Rule(text, is_default=True) for text in texts]
        rules += [Rule(text, is_default=text in DEFAULT_PATTERNS) for text in patterns]
        self._rules = rules
        self._unmatched = {
            rule for rule in rules if not rule.is_default and rule.pattern.type != "dir"
        }
        self._left_out: dict[str, Paths] = {}

    def candidates(self) -> Iterator[Candidate]:
        """Yield the selected files, with a function if the content decides."""
        for path in sorted(self.always):
            self._check_always(path)
            yield path, None
        states = [start_state(rule.pattern) for rule in self._rules]
        waiting = [_Directory("", states, self._real_root, ())]
        # Level by level: subdirectories wait for the next level.
        while waiting:
            found: list[_Directory] = []
            for directory in waiting:
                if self._wants(directory.states):
                    yield from self._scan_directory(directory, found)
            waiting = found

    def leave_out(self, reason: str, path: str) -> None:
        """Keep the reason why a path is left out, for the notes."""
        if path in self._brought:
            return
        self._left_out.setdefault(reason, Paths()).add(path)

    def notes(self) -> list[str]:
        """Return the notes of the selection, one line each."""
        return [
            *cut_notes(self._rules),
            *(f"Left out, {reason}: {paths}" for reason, paths in self._left_out.items()),
            *unmatched_notes(self._rules),
        ]

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
            self.leave_out(reason_of(error), prefix)
            return
        stored = {entry.name[:36] for entry in entries if _is_side_car(entry.name)}
        if stored and prefix:
            return
        deciders = self._deciders(directory.states)
        subdirectories = []
        for entry in entries:
            name = entry.name
            candidate = None
            if entry.is_file(follow_symlinks=False):
                candidate = self._candidate(directory, entry, deciders)
            elif entry.is_dir(follow_symlinks=False):
                if name not in stored and not _is_side_car(name):
                    subdirectories.append((name, os.path.join(directory.real, name), False))
            elif entry.is_symlink():
                real = self._resolve(directory, entry, deciders)
                if real is not None and os.path.isdir(real):
                    subdirectories.append((name, real, True))
                elif real is not None:
                    candidate = self._candidate(directory, entry, deciders)
            elif self._is_wanted(deciders, name):
                self.leave_out("not a regular file", prefix + name)
            if candidate is not None:
                yield candidate
        for name, real, is_link in subdirectories:
            entered = self._enter(directory, name, real, is_link=is_link)
            if entered is not None:
                found.append(entered)

    def _wants(self, states: list[int]) -> bool:
        """Return whether any pattern can still select a file in or below a directory."""
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
        """Return a subdirectory to be scanned, None if it is left out."""
        path = directory.prefix + name
        full_path = os.path.join(self._project_dir, path)
        states = []
        left_out_by = -1
        spelling = set()
        for index, (rule, old) in enumerate(zip(self._rules, directory.states, strict=True)):
            state, spelled = state_below(rule.pattern, old, name) if old else (0, False)
            states.append(state)
            if spelled and rule.pattern.type != "dir":
                spelling.add(index)
            elif state and rule.applies_to_directory(state, full_path):
                left_out_by = index if rule.pattern.exclude else -1
        if left_out_by >= 0:
            # Only later patterns that spell the name out continue below it.
            for index, rule in enumerate(self._rules):
                if not rule.pattern.exclude and not (index in spelling and index > left_out_by):
                    states[index] = 0
        if real == self._leave_out_dir or not self._wants(states):
            for index in spelling:
                self._rules[index].matched = True  # maybe: an excluded directory is not searched
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

    def _deciders(self, states: list[int]) -> list[tuple[Rule, Matches]]:
        """Return the rules that can match files of a directory, the deciding one first."""
        deciders = []
        for rule, state in zip(reversed(self._rules), reversed(states), strict=True):
            if rule.pattern.type != "dir" and state:
                matches = name_matcher(rule.pattern, state)
                if matches is not None:
                    deciders.append((rule, matches))
                    if matches is bool and rule.is_unlimited:
                        break  # this rule decides on every file
        return deciders

    def _candidate(
        self,
        directory: _Directory,
        entry: os.DirEntry[str],
        deciders: list[tuple[Rule, Matches]],
    ) -> Candidate | None:
        """Return a file that is selected, or that may be, with what decides; None if it is not."""
        path = directory.prefix + entry.name
        if self._unmatched:
            self._watch(directory, entry.name)
        if self.always and path in self.always:
            return None  # it comes first, before the scan
        try:
            decision = self._decide(deciders, entry, path)
        except OSError as error:
            self.leave_out(reason_of(error), path)
            return None
        if decision:
            return path, None
        if decision is None:
            return (
                path,
                lambda head: self._decide(deciders, entry, path, text=is_text(head)) is True,
            )
        return None

    def _watch(self, directory: _Directory, name: str) -> None:
        """Mark the patterns that match this file, so that unused patterns can be reported."""
        for rule, state in zip(self._rules, directory.states, strict=True):
            if rule in self._unmatched and state:
                matches = name_matcher(rule.pattern, state)
                if matches is not None and matches(name):
                    rule.matched = True
                    self._unmatched.discard(rule)

    @staticmethod
    def _is_wanted(deciders: list[tuple[Rule, Matches]], name: str) -> bool:
        """Return whether a file of that name is selected, ignoring its size and type."""
        for rule, matches in deciders:
            if matches(name):
                return not rule.pattern.exclude
        return False

    def _decide(
        self,
        deciders: list[tuple[Rule, Matches]],
        entry: os.DirEntry[str],
        path: str,
        *,
        text: bool | None = None,
    ) -> bool | None:
        """Return whether a file is selected; None if that depends on whether it is text."""
        missed: list[tuple[Rule, str]] = []
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
        if path in self._brought:
            return False
        for rule, limit in missed:
            if not rule.pattern.exclude and limit in _TOLD_LIMITS:
                rule.cut_off(limit, path)
        return False

    # Links

    def _resolve(
        self,
        directory: _Directory,
        entry: os.DirEntry[str],
        deciders: list[tuple[Rule, Matches]],
    ) -> str | None:
        """Return the target of a link, None if it is not followed."""
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
            return real  # `_enter` decides whether it is selected
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
        """Return whether a link leads into the project or its repository."""
        if _is_in(real, self._real_root):
            return True
        if self._extent is None:
            self._extent = self._real_root
            for _ in range(levels_above(self._real_root, without_repository=0)):
                self._extent = os.path.dirname(self._extent)
        return _is_in(real, self._extent)

    def _check_always(self, path: str) -> None:
        if os.path.isabs(path) or ".." in path.split("/"):
            raise GageError(f"expected a path inside {self._project_dir}, found {quote(path)}")
        if not os.path.isfile(os.path.join(self._project_dir, path)):
            raise GageError(f"expected the file {quote(path)} in {self._project_dir}, found none")


def _is_side_car(name: str) -> bool:
    """Return whether a name is that of a run's side-car: an id with `.meta`, maybe a suffix."""
    return (
        len(name) >= 41
        and name[36:41] == ".meta"
        and name[8] == name[13] == name[18] == name[23] == "-"
    )


def _is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(os.path.join(directory, ""))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def reason_of(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "gone while the project was read"
    return (error.strerror or str(error)).lower()
