"""A cell as a program: its text checked and put in a file.

The program is the cell as the user sees it: the magic's own line becomes a comment, so that line
numbers of a traceback are line numbers of the cell. It is a plain Python program. What IPython
takes beyond Python (`%magic`, `!command`, `object?`, `await` at the top level) is refused with its
line and what to write in its place: it cannot work in a process without IPython, and leaving it
out would run something else than what is shown.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from dataclasses import dataclass
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.errors import GageError
from gage_nb.ipython_syntax import find_ipython_syntax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from IPython.core.inputtransformer2 import TransformerManager


__all__ = [
    "DEFAULT_NAME",
    "CellError",
    "CellFault",
    "CellProgram",
    "check_name",
    "lines_before_body",
    "stage_cell",
]

DEFAULT_NAME = "cell"


class CellFault(NamedTuple):
    """Why a line cannot be run: the line of the cell (the first is 1), its text, the reason."""

    line: int
    text: str
    reason: str


class CellError(GageError):
    """A cell that cannot be run as a program; `faults` has all that was found.

    Not a fault of the magic's line: as any cell that is not Python, it has to stop "Run All".
    """

    def __init__(self, faults: Sequence[CellFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Return all faults, each with its line and what to do."""
        lines = ["the cell cannot be run as a Python program:"]
        for fault in self.faults:
            first, *more = fault.text.rstrip().splitlines() or [""]
            lines.append(f"  line {fault.line}: {first}{' …' if more else ''}")
            lines += [f"      {line}" for line in fault.reason.splitlines()]
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        # What IPython shows: the lines of the cell say it all, our own stack says nothing.
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class CellProgram:
    """A cell as it is staged.

    Attributes
    ----------
    file_name
        The name of its file, `NAME.py`.
    source
        The text of the file; ends with a line break.
    first_line
        The line of the cell, and of the file, where the cell's own text begins.
    """

    name: str
    file_name: str
    source: str
    first_line: int


def stage_cell(
    body: str,
    name: str = DEFAULT_NAME,
    *,
    lines_before: int = 1,
    project_dir: Path | None = None,
    transformer_manager: TransformerManager | None = None,
) -> CellProgram:
    """Return the program that a cell is.

    Parameters
    ----------
    body
        The cell without the magic's line, as IPython hands it to a cell magic.
    lines_before
        How many lines of the cell come before the body: `lines_before_body`.
    project_dir
        Where the modules are that the run gets too; the name must not be one of theirs.
    transformer_manager
        The shell's own, for syntax that an extension has added to it.

    Raises
    ------
    ValueError
        If the name cannot be that of the program.
    CellError
        If the body is not a Python program.
    """
    check_name(name, project_dir)
    # Python reads a file's line breaks, whichever they are, as "\n": the same program.
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    body = body if body.endswith("\n") else body + "\n"
    faults = _text_faults(body, lines_before)
    if faults:
        raise CellError(faults)
    _check_syntax(body, lines_before, transformer_manager)
    # Without the options of the line: the same cell is the same file, whatever the run's label.
    comment = "# %%gage_run\n" if name == DEFAULT_NAME else f"# %%gage_run {name}\n"
    return CellProgram(
        name=name,
        file_name=f"{name}.py",
        source="\n" * (lines_before - 1) + comment + body,
        first_line=lines_before + 1,
    )


def lines_before_body(raw_cell: str, body: str) -> int:
    """Return how many lines of a cell come before its body: the magic's, and blank ones above.

    `raw_cell` is the cell as it was typed. When it is another one, as where a function was called
    with a body, the magic's line alone is counted.
    """
    raw = raw_cell.replace("\r\n", "\n").rstrip().split("\n")
    own = body.replace("\r\n", "\n").rstrip().split("\n")
    before = len(raw) - len(own)
    # IPython takes away an indentation that all lines have: compare without.
    same = [line.strip() for line in raw[before:]] == [line.strip() for line in own]
    return before if before > 0 and same else 1


def check_name(name: str, project_dir: Path | None = None) -> None:
    """Raise ValueError, saying what is allowed, if a program cannot be called `name`.

    The directory of a program comes first in its search for modules: a program called `json`
    would take the place of the module for all that is imported.
    """
    bare = name.replace("-", "_")
    if not bare.isidentifier() or len(name.encode()) > 100:
        hint = f": write {name[:-3]!r}" if name.endswith(".py") else ""
        raise ValueError(
            f"{name!r} cannot be the name of a cell's program{hint}\n"
            "Expected letters, digits, `_` and `-`, beginning with a letter, at most 100 bytes"
        )
    if name in sys.stdlib_module_names or name in _LOADED_AT_START:
        raise ValueError(
            f"a program called {name!r} would hide the module {name!r} from the run: "
            f"choose another name, such as {name + '_cell'!r}"
        )
    if project_dir is not None and (project_dir / f"{name}.py").exists():
        raise ValueError(
            f"{name}.py exists in the project, and the cell would take its place in the run: "
            f"choose another name, such as {name + '_cell'!r}"
        )
    spec = PathFinder.find_spec(name) if name.isidentifier() else None
    if spec is not None and re.search(r"[/\\](site|dist)-packages[/\\]", str(spec.origin)):
        raise ValueError(
            f"a program called {name!r} would hide the installed package {name!r} from the run: "
            f"choose another name, such as {name + '_cell'!r}"
        )


# Imported by every run, by Python itself or by what a run is started with.
_LOADED_AT_START = frozenset({"gage", "gage_nb", "sitecustomize", "usercustomize"})


# Is it a program?

# PEP 263, as Python's own tokenizer has it.
_ENCODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def _text_faults(body: str, lines_before: int) -> list[CellFault]:
    faults = []
    for number, line in enumerate(body.split("\n"), lines_before + 1):
        if "\0" in line:
            faults.append(CellFault(number, line.replace("\0", "␀"), "remove the null byte"))
        if any("\ud800" <= char <= "\udfff" for char in line):
            text = line.encode("utf-8", "backslashreplace").decode()
            faults.append(CellFault(number, text, "remove what is not a character (a surrogate)"))
        encoding = _ENCODING.match(line) if number <= 2 else None
        if encoding and encoding[1].lower().replace("_", "-") not in ("utf-8", "utf8"):
            faults.append(CellFault(number, line, "a cell is always UTF-8: remove this line"))
    if not body.strip():
        faults.append(CellFault(lines_before + 1, "", "the cell is empty: there is nothing to run"))
    return faults


def _check_syntax(body: str, lines_before: int, manager: TransformerManager | None) -> None:
    try:
        _compiled(body)
    except SyntaxError as error:
        # Valid Python holds nothing of IPython's: only what is refused is looked at closer.
        found, rest = find_ipython_syntax(body, manager)
        faults = [CellFault(*item) for item in found]
        if faults:
            try:
                _compiled(rest)
            except SyntaxError as second:
                faults += _syntax_faults(second, rest)
        else:
            faults = _syntax_faults(error, body)
        moved = [fault._replace(line=fault.line + lines_before) for fault in faults]
        raise CellError(sorted(moved)) from None


def _compiled(source: str) -> None:
    with warnings.catch_warnings():
        # The run says them itself, where the user sees them.
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        # Some errors, as `return` outside of a function, are found only here.
        compile(tree, "cell", "exec", dont_inherit=True)


def _syntax_faults(error: SyntaxError, source: str) -> list[CellFault]:
    lines = _lines_of_await(source)
    texts = source.split("\n")
    if lines:
        reason = (
            "`await` at the top level works in a notebook only: put it into a function,\n"
            "`async def main(): …`, and end with `import asyncio` and `asyncio.run(main())`"
        )
        return [CellFault(line, texts[line - 1], reason) for line in lines]
    line = min(error.lineno or 1, len(texts))
    text = texts[line - 1]
    # One reason of two lines: the place, as it stands below the text, and what Python says.
    caret = f"column {error.offset}: " if error.offset else ""
    return [CellFault(line, text, f"{caret}{type(error).__name__}: {error.msg}")]


def _lines_of_await(source: str) -> list[int]:
    """Return the lines of `await` outside of functions, if that alone keeps the source away."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(tree, "cell", "exec", flags=flags, dont_inherit=True)
    except SyntaxError:
        return []
    found = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.add(node.lineno)
        if isinstance(node, ast.comprehension) and node.is_async:
            found.add(node.target.lineno)
        waiting += ast.iter_child_nodes(node)
    return sorted(found)
