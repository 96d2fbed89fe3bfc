"""The files that the paths in a program mean.

A path is searched in each directory that the program works in; the first that has it counts. The
unknown parts of a path, and wildcards, match any name. An address means its last parts
("https://example.org/data/x.csv" means `data/x.csv` or `x.csv`). A directory means the files below
it, at most `MOST_FILES`. Hidden files are left out.
"""

from __future__ import annotations

import fnmatch
import os
import stat

from gage._internal.named import NamedTuple
from gage._internal.quoting import quote
from gage._internal.sources.path_values import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gage._internal.sources.named_paths import NamedPath


__all__ = ["MOST_FILES", "FoundFile", "NamedFiles"]


class FoundFile(NamedTuple):
    """A file that a program is going to read.

    `path` is relative to the project, with "/", and may begin with "../"; `named_in` is the place
    that names it: `train.py:12`.
    """

    path: str
    is_module: bool
    named_in: str
    size_bytes: int


MOST_FILES = 1000  # of a directory, or of a name with an unknown part

_WILD = "*?["
_SKIPPED_DIRECTORIES = {"__pycache__", "node_modules", "site-packages"}
_LAST_PARTS = 4
_LEAST_KNOWN = 2  # known letters and digits that a name with unknown parts needs


class NamedFiles:
    """The files found so far.

    Parameters
    ----------
    project_dir
        The absolute path of the directory that paths are relative to.
    top
        Files above this directory are left out.

    Attributes
    ----------
    files
        The files by path.
    notes
        A line for each file that was left out, and for each limit that was reached.
    """

    def __init__(self, project_dir: str, top: str) -> None:
        self.files: dict[str, FoundFile] = {}
        self.notes: list[str] = []
        self._project_dir = project_dir
        self._top = top
        self._asked: dict[tuple[str, str, bool], list[str]] = {}

    def add(self, named: NamedPath, where: str, bases: Sequence[str]) -> None:
        """Add the files that a path means; `where` is the place that names it."""
        texts = [named.text]
        is_address = "://" in named.text
        if is_address:
            texts = _last_parts(named.text)
        for text in texts:
            if _is_wild(text) and not _is_known_enough(text):
                continue
            for base in bases:
                key = (base, text, named.may_be_directory)
                if key not in self._asked:
                    self._asked[key] = self._existing(
                        os.path.join(base, text),
                        where,
                        may_be_directory=named.may_be_directory and not is_address,
                    )
                if self._asked[key]:
                    break

    def _existing(self, path: str, where: str, *, may_be_directory: bool) -> list[str]:
        """Add the existing files of a path, and return them."""
        path = os.path.normpath(path)
        if not self.is_inside(path):
            return []
        if UNKNOWN in path or (any(char in path for char in _WILD) and not os.path.lexists(path)):
            return self._matching(path, where)
        try:
            info = os.stat(path)
        except (OSError, ValueError):
            return []
        if stat.S_ISREG(info.st_mode):
            relative = self.relative(path)
            if relative is not None:
                self.take(path, relative, where, info=info)
            return [path]
        if stat.S_ISDIR(info.st_mode) and may_be_directory:
            return self._directory(path, where)
        return []

    def _directory(self, path: str, where: str) -> list[str]:
        """Add the files of a directory; if it holds the program, only those at its top."""
        if self._project_dir.startswith(os.path.join(path, "")):
            return []
        if path == self._project_dir:
            files = (entry for entry in _names(path) if os.path.isfile(os.path.join(path, entry)))
            return self._take_all((os.path.join(path, name) for name in files), path, where)
        return self._take_all(_walk(path), path, where)

    def _matching(self, path: str, where: str) -> list[str]:
        """Add the files that match a path with wildcards or unknown parts."""
        parts = os.path.relpath(path, self._top).split(os.sep)
        if parts[0] == "..":
            return []
        if parts[-1] == UNKNOWN and not any(_is_wild(part) for part in parts[:-1]):
            directory = os.path.dirname(path)
            if os.path.isdir(directory) and directory != self._top:
                return self._directory(directory, where)
            return []
        return self._take_all(_expand(self._top, parts), path.replace(UNKNOWN, "*"), where)

    def _take_all(self, files: Iterable[str], what: str, where: str) -> list[str]:
        taken: list[str] = []
        for file in files:
            if len(taken) == MOST_FILES:
                shown = os.path.relpath(what, self._project_dir)
                self.notes.append(
                    f"Found for {where}: of {quote(shown)} only the first {MOST_FILES} files "
                    f"(--with {quote(shown)} adds all)"
                )
                break
            relative = self.relative(file)
            if relative is not None:
                taken.append(file)
                self.take(file, relative, where)
        return taken

    def take(
        self,
        path: str,
        relative: str,
        where: str,
        *,
        is_module: bool = False,
        info: os.stat_result | None = None,
    ) -> None:
        """Add one file."""
        if relative in self.files:
            return
        if any(part[0] == "." and part != ".." for part in relative.split("/")):
            note = f"Left out, hidden and maybe secret: add it with --with {quote(relative)}"
            if note not in self.notes:
                self.notes.append(note)
            return
        try:
            size_bytes = (info or os.stat(path)).st_size
        except OSError:
            return
        self.files[relative] = FoundFile(relative, is_module, where, size_bytes)

    def is_inside(self, path: str) -> bool:
        """Return whether a path is not above the topmost allowed directory."""
        return path == self._top or path.startswith(os.path.join(self._top, ""))

    def relative(self, path: str) -> str | None:
        """Return a path relative to the project, None if the file is left out."""
        if not self.is_inside(path) or UNKNOWN in path:
            return None
        return os.path.relpath(path, self._project_dir).replace(os.sep, "/")


def _walk(directory: str) -> Iterator[str]:
    """Yield the files below a directory, level by level and by name, without hidden ones."""
    waiting = [directory]
    while waiting:
        found = []
        for path in waiting:
            for name in _names(path):
                full_path = os.path.join(path, name)
                if os.path.isdir(full_path):
                    # A link could lead back up.
                    if name not in _SKIPPED_DIRECTORIES and not os.path.islink(full_path):
                        found.append(full_path)
                elif os.path.isfile(full_path):
                    yield full_path
        waiting = found


def _expand(directory: str, parts: list[str]) -> Iterator[str]:
    """Yield the files that match a path, given as parts, some with wildcards."""
    part, *rest = parts
    if part == "**":
        yield from _expand(directory, rest) if rest else _walk(directory)
        for name in _names(directory):
            full_path = os.path.join(directory, name)
            if os.path.isdir(full_path) and not os.path.islink(full_path):
                yield from _expand(full_path, parts)
        return
    names = [part]
    if _is_wild(part):
        pattern = part.replace(UNKNOWN, "*")
        names = [name for name in _names(directory) if fnmatch.fnmatchcase(name, pattern)]
    for name in names:
        full_path = os.path.join(directory, name)
        if rest and os.path.isdir(full_path):
            yield from _expand(full_path, rest)
        elif not rest and os.path.isfile(full_path):
            yield full_path


def _names(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except OSError:
        return []


def _is_wild(part: str) -> bool:
    return UNKNOWN in part or any(char in part for char in _WILD)


def _is_known_enough(text: str) -> bool:
    """Return whether enough of a path with unknown parts is known to search for it."""
    if any(char in text for char in "\n\t"):
        return False
    return sum(char.isalnum() for char in text) >= _LEAST_KNOWN


def _last_parts(address: str) -> list[str]:
    """Return the last parts of an address as paths, the longest first: `a/b.csv`, `b.csv`."""
    path = address.partition("://")[2].partition("?")[0].partition("#")[0]
    parts = [part for part in path.split("/") if part and part != ".."]
    return ["/".join(parts[-count:]) for count in range(min(len(parts), _LAST_PARTS), 0, -1)]
