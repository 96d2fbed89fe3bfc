"""The files that a program is going to read, found before it runs.

    existing files that its strings name, relative to its working directory, to its own directory
    and to those that it changes into: "data/x.csv", Path("data") / "x.csv", f"data/{year}.csv"
    existing files that the last parts of an address name: "https://example.org/data/x.csv"
    directories that it lists or opens, up to a limit
    modules of the project that it imports, and the files that they name

Hidden files are left out (`.env` and the like hold secrets), and so are files that the program only
writes and files above the project's repository (`extent`). A path may begin with "../": then the
run keeps the project's shape, and the program works below the run directory.
"""

from __future__ import annotations

import os

from gage._internal.named import NamedTuple
from gage._internal.sources.cell_text import code_cells, parses, python_of, read_notebook
from gage._internal.sources.extent import levels_above
from gage._internal.sources.named_files import NamedFiles
from gage._internal.sources.named_paths import (
    NamedPath,
    ProgramPaths,
    paths_in_words,
    program_paths,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.sources.named_files import FoundFile
    from gage._internal.sources.program import Program


__all__ = ["Reads", "find_reads"]


class _Place(NamedTuple):
    """The place of a program or module.

    The name and directory of its file, its working directory, and the directories in which it
    finds modules, besides its own.
    """

    name: str
    own: str
    work_dirs: Sequence[str]
    search: Sequence[str]


_MOST_MODULES = 500


class Reads:
    """The files that were found.

    Attributes
    ----------
    files
        The files by path.
    written
        Paths that the program writes, relative to the project: they must stay writable.
    notes
        A line for each file that was left out, and for each limit that was reached.
    """

    def __init__(
        self, files: dict[str, FoundFile], written: set[str], notes: Sequence[str]
    ) -> None:
        self.files = files
        self.written = written
        self.notes = notes

    @property
    def levels_up(self) -> int:
        """How many directories above the project the highest file is."""
        return max((path.count("../") for path in self.files), default=0)


def find_reads(
    project_dir: str,
    programs: Sequence[Program],
    words: Iterable[str] = (),
    known: Iterable[tuple[str, str]] = (),
) -> Reads:
    """Return the files that programs of a project are going to read.

    Parameters
    ----------
    words
        Further strings that may name files: arguments of the command, given values.
    known
        Paths that are read for certain, each with where that is seen. A path that ends with "/" is
        a directory in which the programs find modules, besides their own.
    """
    known = list(known)
    search = [path for path, _ in known if path.endswith("/")]
    found = _Search(os.path.abspath(project_dir), search)
    for program in programs:
        found.add_program(program)
    found.add_words(words, programs[0].work_dir if programs else "")
    found.add_known(pair for pair in known if not pair[0].endswith("/"))
    return found.finish()


class _Search:
    """One search through the programs of a project and the modules that they import."""

    def __init__(self, project_dir: str, search: Iterable[str]) -> None:
        self._project_dir = project_dir
        self._further = [os.path.normpath(os.path.join(project_dir, path)) for path in search]
        top = project_dir
        for _ in range(levels_above(project_dir)):
            top = os.path.dirname(top)
        self._named = NamedFiles(project_dir, top)
        self._written: set[str] = set()
        self._modules: set[str] = set()

    def add_program(self, program: Program) -> None:
        """Search a script or a notebook, and the modules that it imports."""
        full_path = os.path.join(self._project_dir, program.path)
        is_notebook = program.path.endswith(".ipynb")
        paths = _notebook_paths(program) if is_notebook else _script_paths(program, full_path)
        own = os.path.dirname(full_path)
        work_dirs = [os.path.join(self._project_dir, program.work_dir)]
        for further in paths.work_dirs:
            work_dirs += [os.path.join(work_dir, further) for work_dir in work_dirs[:4]]
        known = dict.fromkeys(map(os.path.normpath, [*work_dirs, own]))
        work_dirs = [path for path in known if self._named.is_inside(path) and os.path.isdir(path)]
        search = list(dict.fromkeys([*work_dirs, *self._further]))
        place = _Place(os.path.basename(program.path), own, work_dirs, search)
        self._add_paths(paths, _with_search_path(place, paths))

    def add_words(self, words: Iterable[str], work_dir: str) -> None:
        """Add each word that is the path of a file or a directory, also in `--name=PATH`."""
        base = os.path.join(self._project_dir, work_dir)
        for word in words:
            for text in (word, word.partition("=")[2]):
                if text and "\0" not in text:
                    named = NamedPath(text, 0, may_be_directory=True)
                    self._named.add(named, "the command", [base])

    def add_known(self, known: Iterable[tuple[str, str]]) -> None:
        """Take files that are known to be read."""
        for path, where in known:
            named = NamedPath(path, 0, may_be_directory=False)
            self._named.add(named, where, [self._project_dir])

    def finish(self) -> Reads:
        """Return the files that were found."""
        return Reads(self._named.files, self._written, self._named.notes)

    def _add_paths(self, paths: ProgramPaths, place: _Place) -> None:
        for text in paths.writes:
            for work_dir in place.work_dirs:
                path = os.path.normpath(os.path.join(work_dir, text))
                relative = self._named.relative(path)
                if relative is not None:
                    self._written.add(relative)
        for named in paths.reads:
            self._named.add(named, f"{place.name}:{named.line}", place.work_dirs)
        for module in dict.fromkeys(paths.modules):
            search = [place.own, *place.search]
            if module.level:
                up = ("..",) * (module.level - 1)
                search = [os.path.normpath(os.path.join(place.own, *up))]
            self._add_module(module.name, search, place)

    def _add_module(self, name: str, search: Sequence[str], place: _Place) -> None:
        """Search a module of the project, and the packages that contain it."""
        for directory in filter(self._named.is_inside, search):
            path = directory
            files: list[str] = []
            for part in name.split("."):
                path = os.path.join(path, part)
                candidates = (os.path.join(path, "__init__.py"), f"{path}.py")
                files += filter(os.path.isfile, candidates)
            files = files or _extension_modules(path)
            for file in files:
                self._add_module_file(file, place)
            if files:
                return

    def _add_module_file(self, file: str, place: _Place) -> None:
        relative = self._named.relative(file)
        if file in self._modules or relative is None or len(self._modules) >= _MOST_MODULES:
            return
        self._modules.add(file)
        self._named.take(file, relative, place.name, is_module=True)
        if not file.endswith(".py"):
            return
        try:
            with open(file, "rb") as opened:
                text = opened.read()
        except OSError:
            return
        paths = program_paths(text, file)
        own = os.path.dirname(file)
        work_dirs = list(dict.fromkeys([*place.work_dirs, own]))
        inner = _Place(os.path.basename(file), own, work_dirs, [*place.search, place.own])
        self._add_paths(paths, _with_search_path(inner, paths))


def _with_search_path(place: _Place, paths: ProgramPaths) -> _Place:
    added = [os.path.join(base, path) for path in paths.search_path for base in place.work_dirs]
    search = list(dict.fromkeys(map(os.path.normpath, [*place.search, *added])))
    return place._replace(search=search)


def _script_paths(program: Program, full_path: str) -> ProgramPaths:
    if program.path.endswith(".py"):
        return program_paths(program.text, full_path)
    python, other = python_of(program.text.decode("utf-8", "replace"))
    paths = program_paths(python, full_path)
    paths.reads += paths_in_words(other)
    return paths


def _notebook_paths(program: Program) -> ProgramPaths:
    """Read all cells as one program, since a cell may use names that another cell binds."""
    sources: list[str] = []
    others: list[str] = []
    for source in code_cells(read_notebook(program.text, program.path)):
        python, other = python_of(source)
        if python and not parses(python):
            python, other = "", source
        sources.append(python)
        others.append(other)
    paths = program_paths("\n".join(sources))
    for other in others:
        paths.reads += paths_in_words(other)
        paths.work_dirs += _changed_directories(other)
    return paths


def _extension_modules(path: str) -> list[str]:
    directory, name = os.path.split(path)
    try:
        files = sorted(os.listdir(directory))
    except OSError:
        return []
    return [
        os.path.join(directory, file)
        for file in files
        if file.startswith(f"{name}.") and file.endswith(".so")
    ]


def _changed_directories(text: str) -> list[str]:
    """Return the directories in the `%cd` lines of cells."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) == 2 and words[0] in ("%cd", "cd"):
            found.append(words[1].strip("\"'"))
    return found
