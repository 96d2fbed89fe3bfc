"""The paths that a program names: files it may read or writes, and modules it imports.

They are found in the text of the program, without running it: any string may be a path
(`path_values`). Its place decides what it means: `open(…, "w")` and `to_csv(…)` write, and a
column's name in brackets is not a directory.
"""

from __future__ import annotations

import ast
import re
import warnings

from gage._internal.named import NamedTuple
from gage._internal.sources.path_values import PathValues, called_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
__all__ = ["ImportedModule", "NamedPath", "ProgramPaths", "paths_in_words", "program_paths"]


class NamedPath(NamedTuple):
    """A path as a program names it, with `UNKNOWN` for unknown parts.

    `line` counts from 1. The path can mean a directory only if `may_be_directory`.
    """

    text: str
    line: int
    may_be_directory: bool


class ImportedModule(NamedTuple):
    """An imported module: its dotted name, and the number of dots before it."""

    name: str
    level: int


_WRITERS = frozenset(
    {
        "dump",
        "export_graphviz",
        "imsave",
        "imwrite",
        "makedirs",
        "mkdir",
        "save",
        "save_model",
        "savefig",
        "savemat",
        "savetxt",
        "save_npz",
        "savez",
        "savez_compressed",
        "save_weights",
        "touch",
        "write_bytes",
        "write_html",
        "write_image",
        "write_json",
        "write_parquet",
        "write_csv",
        "write_table",
        "write_text",
        "writeto",
        "FileHandler",
        "ExcelWriter",
        "SummaryWriter",
        "rmtree",
        "remove",
        "unlink",
    }
)
# These read and write: a database that does not exist is created.
_OPENERS = frozenset({"connect", "create_engine", "memmap"})
# Functions whose strings are for people or name columns, and so do not mean a directory.
_WORDS = frozenset(
    {
        "annotate",
        "count",
        "drop",
        "error",
        "getattr",
        "groupby",
        "info",
        "label",
        "legend",
        "log",
        "plot",
        "print",
        "rename",
        "set_index",
        "set_title",
        "set_xlabel",
        "set_ylabel",
        "setattr",
        "split",
        "startswith",
        "endswith",
        "sort_values",
        "suptitle",
        "text",
        "title",
        "warning",
        "xlabel",
        "ylabel",
    }
)
_LISTERS = frozenset({"glob", "iglob", "rglob", "iterdir", "listdir", "scandir", "walk"})
_MOST_TEXT = 4096
_WORD = re.compile(r"[^\s\"'<>()=,;|&]+")


class ProgramPaths:
    """The paths and modules that one program names.

    Attributes
    ----------
    reads
        Paths that it may read.
    writes
        Paths that it writes; a path that is also in `reads` is read and written.
    modules
        The modules that it imports.
    search_path
        Directories that it adds to `sys.path`.
    work_dirs
        Directories that it changes into.
    """

    __slots__ = ("modules", "reads", "search_path", "work_dirs", "writes")

    def __init__(self) -> None:
        self.reads: list[NamedPath] = []
        self.writes: list[str] = []
        self.modules: list[ImportedModule] = []
        self.search_path: list[str] = []
        self.work_dirs: list[str] = []


def program_paths(source: str | bytes, file: str | None = None) -> ProgramPaths:
    """Return the paths and modules of a Python program; none if it cannot be parsed.

    `file` is its absolute path, the value of `__file__`.
    """
    found = ProgramPaths()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    _Walk(found, PathValues(tree, file)).statements(tree)
    return found


def paths_in_words(text: str, line: int = 1) -> list[NamedPath]:
    """Return the words of a text that may be paths: of a shell command, a magic, HTML, SQL."""
    return [
        NamedPath(word, line, may_be_directory=False)
        for word in _WORD.findall(text[:_MOST_TEXT])
        if "." in word or "/" in word
    ]


class _Walk:
    """One walk through a program that collects the paths and modules that it names."""

    def __init__(self, found: ProgramPaths, values: PathValues) -> None:
        self._found = found
        self._values = values

    def statements(self, tree: ast.AST) -> None:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring
            self._visit(node, directory=True)

    def _visit(self, node: ast.AST, *, directory: bool) -> None:
        match node:
            case ast.Import(names=names):
                self._found.modules += [ImportedModule(alias.name, 0) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                base = f"{module}." if module else ""
                if module:
                    self._found.modules.append(ImportedModule(module, level))
                self._found.modules += [ImportedModule(base + a.name, level) for a in names]
            case ast.Call():
                self._call(node, directory=directory)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                # The place where the name is used decides whether the directory itself is read.
                self._visit(value, directory=False)
            case ast.Subscript(value=value, slice=index):
                self._visit(value, directory=False)
                self._visit(index, directory=False)
            case ast.Compare():
                for child in ast.iter_child_nodes(node):
                    self._visit(child, directory=False)
            case ast.Dict(keys=keys, values=values):
                for child in filter(None, keys):
                    self._visit(child, directory=False)
                for child in values:
                    self._visit(child, directory=directory)
            case ast.Constant() | ast.JoinedStr() | ast.BinOp() | ast.Attribute(attr="parent") if (
                self._note(node, directory)
            ):
                return
            case ast.expr():
                for child in ast.iter_child_nodes(node):
                    self._visit(child, directory=directory)
            case _:
                self.statements(node)

    def _call(self, node: ast.Call, *, directory: bool) -> None:
        name = called_name(node.func)
        if self._note_search(node, name):
            return
        if self._note(node, directory):
            return
        if _writes(node, name):
            self._note_writes(node)
            return
        if name in _OPENERS:
            self._found.writes += [path for arg in node.args for path in self._values.of(arg)]
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _LISTERS and base is not None:
            self._note_listing(node, name, base)
        elif base is not None and not self._note_base(base, name):
            self._visit(base, directory=False)
        takes_directory = name not in _WORDS
        for arg in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(arg, ast.Name | ast.Attribute):
                self._note(arg, takes_directory)
            else:
                self._visit(arg, directory=takes_directory)

    def _note_base(self, base: ast.expr, name: str) -> bool:
        """Note the path in a call of its method, such as `path.read_text()`."""
        reads = name.startswith(("read", "open", "exists", "is_"))
        return reads and self._note(base, directory=False)

    def _note_listing(self, node: ast.Call, name: str, base: ast.expr) -> None:
        patterns = [path for arg in node.args[:1] for path in self._values.of(arg)]
        anywhere = "**/" if name == "rglob" else ""
        for path in self._values.of(base):
            for pattern in patterns or [""]:
                text = f"{path}/{anywhere}{pattern}" if pattern else path
                self._found.reads.append(NamedPath(text, node.lineno, may_be_directory=True))

    def _note_writes(self, node: ast.Call) -> None:
        args = [*node.args, *(keyword.value for keyword in node.keywords)]
        if called_name(node.func) == "open":
            args = node.args[:1]
        if isinstance(node.func, ast.Attribute):
            args.append(node.func.value)
        for arg in args:
            paths = self._values.of(arg)
            self._found.writes += paths
            if not paths:
                self._visit(arg, directory=False)

    def _note_search(self, node: ast.Call, name: str) -> bool:
        """Note a directory that the program adds to `sys.path` or changes into."""
        func = node.func
        if name in ("append", "insert", "addsitedir", "extend") and (
            name == "addsitedir" or ast.unparse(func).startswith("sys.path.")
        ):
            for arg in node.args:
                items = arg.elts if isinstance(arg, ast.List | ast.Tuple) else [arg]
                for item in items:
                    self._found.search_path += self._values.of(item)
            return True
        if name == "chdir" and node.args:
            self._found.work_dirs += self._values.of(node.args[0])
            return True
        return False

    def _note(self, node: ast.AST, directory: bool) -> bool:  # noqa: FBT001 - as its callers have it
        """Note the paths that an expression may evaluate to; return whether there are any."""
        if not isinstance(node, ast.expr):
            return False
        texts = self._values.of(node)
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return True
        for text in texts:
            self._found.reads += _paths_of(text, node.lineno, directory=directory)
        return bool(texts)


def _paths_of(text: str, line: int, *, directory: bool) -> Iterator[NamedPath]:
    if not text or len(text) > _MOST_TEXT * 16:
        return
    if "\n" not in text and len(text) < _MOST_TEXT:
        yield NamedPath(text, line, may_be_directory=directory)
    if any(char in text for char in " \n\t<\"'"):
        yield from paths_in_words(text, line)


def _writes(node: ast.Call, name: str) -> bool:
    if name == "open":
        return any(
            isinstance(mode, ast.Constant)
            and isinstance(mode.value, str)
            and len(mode.value) < 5
            and bool(set(mode.value) & set("wax"))
            for mode in _modes(node)
        )
    return name in _WRITERS or (name.startswith("to_") and isinstance(node.func, ast.Attribute))


def _modes(node: ast.Call) -> Iterable[ast.expr]:
    yield from node.args[0 if isinstance(node.func, ast.Attribute) else 1 :][:1]
    yield from (keyword.value for keyword in node.keywords if keyword.arg == "mode")
