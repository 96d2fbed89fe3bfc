"""A cell as a program: its text is checked and written to a file.

The program is the cell as the user sees it: the magic's own line becomes a comment, so that line
numbers of a traceback are line numbers of the cell. A cell with IPython's syntax (`%magic`,
`!command`, `object?`, `await` at the top level) runs under IPython; any other cell is a plain
Python program, which does not import IPython. Lines that cannot work in a run are refused.
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
from gage_nb.ipython_syntax import find_ipython_syntax, has_other_language

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
    """A line that cannot be run: its number in the cell (from 1), its text, the reason."""

    line: int
    text: str
    reason: str


class CellError(GageError):
    """A cell that cannot be run as a program; `faults` has all its faults.

    Not a fault of the magic's line: like any cell that is not Python, it has to stop "Run All".
    """

    def __init__(self, faults: Sequence[CellFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def _text(self) -> str:
        """Return all faults, each with its line and what to do."""
        lines = ["the cell cannot be run as a Python program:"]
        for fault in self.faults:
            first, *more = fault.text.rstrip().splitlines() or [""]
            lines.append(f"  line {fault.line}: {first}{' …' if more else ''}")
            lines += [f"      {line}" for line in fault.reason.splitlines()]
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        # IPython shows this: the lines of the cell are enough, our own stack frames do not help.
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class CellProgram:
    """A cell in the form in which it is staged.

    Attributes
    ----------
    file_name
        The name of its file, `NAME.py`, or `NAME.ipy` with IPython's syntax.
    source
        The text of the file; ends with a line break.
    first_line
        The line of the cell, and of the file, where the cell's own text begins.
    needs_ipython
        Whether the cell has IPython's syntax, so that it runs under IPython.
    """

    name: str
    file_name: str
    source: str
    first_line: int
    needs_ipython: bool = False


def stage_cell(
    body: str,
    name: str = DEFAULT_NAME,
    *,
    lines_before: int = 1,
    project_dir: Path | None = None,
    transformer_manager: TransformerManager | None = None,
) -> CellProgram:
    """Return a cell as a program.

    Parameters
    ----------
    body
        The cell without the magic's line, as IPython passes it to a cell magic.
    lines_before
        The number of lines of the cell before the body: `lines_before_body`.
    project_dir
        The directory of the modules that the run gets too; none of them may have this name.
    transformer_manager
        The shell's transformer manager, for syntax that an extension has added.

    Raises
    ------
    ValueError
        If the program cannot have this name.
    CellError
        If the body is not a program, or has lines that cannot work in a run.
    """
    check_name(name, project_dir)
    # Python reads all kinds of line breaks in a file as "\n", so the program stays the same.
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    body = body if body.endswith("\n") else body + "\n"
    faults = _text_faults(body, lines_before)
    if faults:
        raise CellError(faults)
    needs_ipython = not _is_python(body) and _is_ipython(body, lines_before, transformer_manager)
    # Without the line's options, so that a cell is the same file with any label.
    comment = "# %%gage_run\n" if name == DEFAULT_NAME else f"# %%gage_run {name}\n"
    return CellProgram(
        name=name,
        file_name=f"{name}.{'ipy' if needs_ipython else 'py'}",
        source="\n" * (lines_before - 1) + comment + body,
        first_line=lines_before + 1,
        needs_ipython=needs_ipython,
    )


def lines_before_body(raw_cell: str, body: str) -> int:
    """Return the number of lines before a cell's body: the magic's, and blank lines above.

    `raw_cell` is the cell as typed. If it is another cell, as when a function is called with a
    body, only the magic's line is counted.
    """
    raw = raw_cell.replace("\r\n", "\n").rstrip().split("\n")
    own = body.replace("\r\n", "\n").rstrip().split("\n")
    before = len(raw) - len(own)
    # IPython removes an indentation that all lines have: compare without indentation.
    same = [line.strip() for line in raw[before:]] == [line.strip() for line in own]
    return before if before > 0 and same else 1


def check_name(name: str, project_dir: Path | None = None) -> None:
    """Raise a ValueError that says what is allowed, if a program cannot be named `name`.

    The directory of a program comes first in its search for modules: a program named `json` would
    take the place of the module for all imports.
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
            f"a program named {name!r} would hide the module {name!r} from the run: "
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
            f"a program named {name!r} would hide the installed package {name!r} from the run: "
            f"choose another name, such as {name + '_cell'!r}"
        )


# Modules that every run imports, by Python itself or by the programs that start a run.
_LOADED_AT_START = frozenset({"gage", "gage_nb", "sitecustomize", "usercustomize"})


# Is it a program?

# PEP 263, like Python's own tokenizer.
_ENCODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def _text_faults(body: str, lines_before: int) -> list[CellFault]:
    faults = []
    for number, line in enumerate(body.split("\n"), lines_before + 1):
        if "\0" in line:
            faults.append(CellFault(number, line.replace("\0", "␀"), "remove the null byte"))
        if any("\ud800" <= char <= "\udfff" for char in line):
            text = line.encode("utf-8", "backslashreplace").decode()
            faults.append(
                CellFault(number, text, "remove the lone surrogate, which is not a character")
            )
        encoding = _ENCODING.match(line) if number <= 2 else None
        if encoding and encoding[1].lower().replace("_", "-") not in ("utf-8", "utf8"):
            faults.append(CellFault(number, line, "a cell is always UTF-8: remove this line"))
    if not body.strip():
        faults.append(CellFault(lines_before + 1, "", "the cell is empty: there is nothing to run"))
    return faults


def _is_python(body: str) -> bool:
    try:
        _compiled(body)
    except SyntaxError:
        return False
    return True


def _is_ipython(body: str, lines_before: int, manager: TransformerManager | None) -> bool:
    """Return True for a cell with IPython's syntax; refuse others with Python's message."""
    found, rest = find_ipython_syntax(body, manager)
    faults = [CellFault(line, text, reason) for line, text, reason in found if reason]
    if not has_other_language(body):
        try:
            _compiled(rest, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            faults.append(_syntax_fault(error, rest))
    if faults:
        raise CellError(sorted(fault._replace(line=fault.line + lines_before) for fault in faults))
    return True


def _compiled(source: str, flags: int = 0) -> None:
    with warnings.catch_warnings():
        # The run itself shows these warnings to the user.
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        # Some errors, such as `return` outside a function, are found only here.
        compile(tree, "cell", "exec", flags=flags, dont_inherit=True)


def _syntax_fault(error: SyntaxError, source: str) -> CellFault:
    texts = source.split("\n")
    line = min(error.lineno or 1, len(texts))
    text = texts[line - 1]
    # One reason of two lines: the mark below the text, and Python's message.
    caret = f"column {error.offset}: " if error.offset else ""
    return CellFault(line, text, f"{caret}{type(error).__name__}: {error.msg}")
