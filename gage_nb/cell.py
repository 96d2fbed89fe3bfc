"""A cell as a program: its text checked and put in a file; and what its names were made by.

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
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from gage._internal.errors import GageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from IPython.core.inputtransformer2 import TransformerManager

    class _Transform(Protocol):
        """What is used of IPython's `TokenTransformBase`, which has no types."""

        start_line: int

        def sortby(self) -> tuple[int, int]: ...
        def transform(self, lines: list[str]) -> list[str]: ...


__all__ = [
    "DEFAULT_NAME",
    "Binding",
    "CellError",
    "CellFault",
    "CellProgram",
    "check_name",
    "explain_name_error",
    "lines_before_body",
    "names_assigned_by",
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
    notes
        What the user should know: what the cell does in a notebook but not in a run.
    """

    name: str
    file_name: str
    source: str
    first_line: int
    notes: tuple[str, ...] = ()


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
    tree = _parsed(body, lines_before, transformer_manager)
    # Without the options of the line: the same cell is the same file, whatever the run's label.
    comment = "# %%gage_run\n" if name == DEFAULT_NAME else f"# %%gage_run {name}\n"
    return CellProgram(
        name=name,
        file_name=f"{name}.py",
        source="\n" * (lines_before - 1) + comment + body,
        first_line=lines_before + 1,
        notes=tuple(_notes(tree, body, lines_before)),
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


def _parsed(body: str, lines_before: int, manager: TransformerManager | None) -> ast.Module:
    try:
        tree = _compiled(body)
    except SyntaxError as error:
        # Valid Python holds nothing of IPython's: only what is refused is looked at closer.
        faults, rest = _ipython_faults(body, manager)
        if faults:
            try:
                _compiled(rest)
            except SyntaxError as second:
                faults += _syntax_faults(second, rest)
        else:
            faults = _syntax_faults(error, body)
        moved = [fault._replace(line=fault.line + lines_before) for fault in faults]
        raise CellError(sorted(moved)) from None
    return tree


def _compiled(source: str) -> ast.Module:
    with warnings.catch_warnings():
        # The run says them itself, where the user sees them.
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        # Some errors, as `return` outside of a function, are found only here.
        compile(tree, "cell", "exec", dont_inherit=True)
    return tree


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


# What IPython takes beyond Python


def _ipython_faults(source: str, manager: TransformerManager | None) -> tuple[list[CellFault], str]:
    """Return all of IPython's own syntax, and the source with `pass` in its place.

    IPython's transformers find it, one after the other as IPython does it, so that what is
    refused here is exactly what IPython would have changed.
    """
    if manager is None:
        from IPython.core.inputtransformer2 import TransformerManager

        manager = TransformerManager()
    faults = []
    lines = source.splitlines(keepends=True)
    while (found := _first_transform(manager, lines)) is not None:
        start, length = found
        taken = lines[start : start + length]
        text = "".join(taken)
        # splitlines divides at more than line breaks (form feeds, say): count the breaks.
        line = "".join(lines[:start]).count("\n") + 1
        faults.append(CellFault(line, text.strip(), _advice(text.strip())))
        indent = text[: len(text) - len(text.lstrip())]
        lines[start : start + length] = [f"{indent}pass\n", *("\n" for _ in taken[1:])]
    return faults, "".join(lines)


def _first_transform(manager: TransformerManager, lines: list[str]) -> tuple[int, int] | None:
    """Return where IPython's first change begins and how many lines it takes."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    tokens = make_tokens_by_line(lines)
    transformers = cast("list[Any]", manager.token_transformers)
    found: list[_Transform] = [item for kind in transformers if (item := kind.find(tokens))]
    for transformer in sorted(found, key=lambda item: item.sortby()):
        try:
            changed = transformer.transform(lines)
        except SyntaxError:
            continue
        return transformer.start_line, len(lines) - len(changed) + 1
    return None


_MAGIC = re.compile(r"(?:[\w.,\s]+=\s*)?(%{1,2})\s*(\w+)\s*(.*)", re.DOTALL)
_COMMAND = re.compile(r"(?:(?P<target>[^=!]+)=\s*)?!{1,2}\s*(?P<command>.*)", re.DOTALL)
_ELSEWHERE = "write it in a cell of its own, before the run"
_MAGIC_ADVICE = {
    "autoreload": "remove it: a run imports everything afresh",
    "cd": "write `import os` and `os.chdir(…)`",
    "conda": _ELSEWHERE,
    "env": "write `import os` and `os.environ[…] = …`",
    "load_ext": "remove it: a run has no IPython that could load an extension",
    "mamba": _ELSEWHERE,
    "matplotlib": "remove it: a run has no notebook to show figures. Save them: `plt.savefig(…)`",
    "pip": _ELSEWHERE,
    "reload_ext": "remove it: a run has no IPython that could load an extension",
    "run": "import what the script has, or run the script: `%gage_run SCRIPT`",
    "set_env": "write `import os` and `os.environ[…] = …`",
    "time": "remove it: the time of a run is measured. For a part, write `time.perf_counter()`",
    "timeit": "write `import timeit` and `timeit.timeit(…)`",
    "uv": _ELSEWHERE,
}


def _advice(text: str) -> str:
    if text.rstrip().endswith("?") or text.startswith("?"):
        return "IPython's help: ask in a cell of its own"
    magic = _MAGIC.match(text)
    if magic:
        known = _MAGIC_ADVICE.get(magic[2])
        if magic[1] == "%%":
            return f"a cell has one cell magic, `%%gage_run`: {known or 'remove this one'}"
        return f"a magic of IPython: {known or 'write it as Python, or in a cell of its own'}"
    command = _COMMAND.match(text)
    if command:
        words = " ".join(command["command"].replace("\\\n", " ").split())
        call = f"subprocess.run({words!r}, shell=True, "
        call += (
            "capture_output=True, text=True).stdout.splitlines()"
            if command["target"] or text.startswith("!!")
            else "check=True)"
        )
        return f"a command for the shell: write `import subprocess` and\n`{call}`"
    return "IPython's short form of a call: write it as Python, with parentheses"


def _notes(tree: ast.Module, body: str, lines_before: int) -> Iterator[str]:
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return
    # A call may be there for what it does; a value is there to be seen.
    shown = not isinstance(last.value, ast.Call | ast.Constant)
    if shown and not body.rstrip().endswith(";"):
        yield (
            f"line {last.lineno + lines_before}: the value of the last line is not shown, as a "
            "run is a program: print it"
        )


# Where names come from


class Binding(NamedTuple):
    """How a name is bound: its line in the source, and the kind of statement.

    `kind` is `import`, `definition` or `value`; `text` is the statement of an import.
    """

    line: int
    kind: str
    text: str


def names_assigned_by(source: str) -> dict[str, Binding]:
    """Return the names that running a cell gives to its notebook, each with its last binding.

    `source` may hold IPython's syntax, as typed or already translated. Names that only a magic
    knows to make are found for the usual options (`-o NAME`, `--as NAME`) and for magics that run
    their body in the notebook (`%%time`, `%%capture`). A source that is not Python has none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            from IPython.core.inputtransformer2 import TransformerManager

            manager = TransformerManager()
            try:
                tree = ast.parse(manager.transform_cell(source))
            except (SyntaxError, ValueError, RuntimeError):
                return {}
    found: dict[str, Binding] = {}
    _collect_bindings(tree, found)
    return found


def _collect_bindings(node: ast.AST, found: dict[str, Binding]) -> None:
    """Add what a statement or expression binds at the top level, in the order of the source."""
    line = getattr(node, "lineno", 1)
    value = Binding(line, "value", "")
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = Binding(line, "import", ast.unparse(node))
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            found[node.name] = Binding(line, "definition", "")
            # A function that says `global` makes the name when it is called.
            declared = [child for child in ast.walk(node) if isinstance(child, ast.Global)]
            found.update({name: value for child in declared for name in child.names})
            return
        case ast.Lambda() | ast.AnnAssign(value=None):  # an annotation alone binds nothing
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            # Its own variables are its own; those of `:=` in it are not.
            for child in ast.walk(node):
                if isinstance(child, ast.NamedExpr):
                    found[child.target.id] = value
            return
        case ast.Delete():
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.pop(target.id, None)
            return
        case (
            ast.Name(ctx=ast.Store(), id=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            found[name] = value
        case ast.Call(func=ast.Attribute(attr="run_cell_magic" | "run_line_magic")):
            found.update(_names_of_magic(node))
    for child in ast.iter_child_nodes(node):
        _collect_bindings(child, found)


def _names_of_magic(call: ast.Call) -> dict[str, Binding]:
    texts = [str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)]
    if len(texts) < 2:
        return {}
    magic, line, *body = texts
    found = {
        name: Binding(call.lineno, "value", "")
        for option, names in pairwise(line.split())
        if option in ("-o", "--as", "--output")
        for name in names.split(",")
        if name.isidentifier()
    }
    if body and magic in ("time", "capture", "prun"):
        found.update(names_assigned_by(body[0]))
    return found


_NAME_ERROR = re.compile(r"^[\s|]*NameError: name '([^']+)' is not defined", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OF_IPYTHON = {
    "display": "write `from IPython.display import display` into the cell, or print",
    "get_ipython": "write what the magic did as Python",
}
_TO_DO = {
    "import": "write the import into the cell",
    "definition": "write its definition into the cell, or into a module beside the notebook",
    "value": "write what makes it into the cell, or hand it over with `-i {name}`",
}


def explain_name_error(
    output: str, notebook_names: Collection[str], cells: Iterable[tuple[int, str]]
) -> str | None:
    """Return one line on a NameError that ended a run, when the notebook has the name.

    Parameters
    ----------
    output
        The last part of the run's output, with the traceback.
    notebook_names
        The names that exist in the kernel.
    cells
        Number and source of the cells executed, in their order.

    Returns
    -------
    str or None
        None when the run did not end with a NameError or the notebook has no such name either.
    """
    text = _COLOUR.sub("", output)
    errors = _NAME_ERROR.findall(text, max(text.rfind("Traceback (most recent call last)"), 0))
    name = errors[-1] if errors else ""
    if name not in notebook_names and name not in _OF_IPYTHON:  # `display` is among the builtins
        return None
    if name in _OF_IPYTHON or re.fullmatch(r"In|Out|_+|_i*\d*", name):
        to_do = _OF_IPYTHON.get(name, "give the value a name")
        return f"`{name}` is made by IPython and does not exist in a program: {to_do}."
    origin, kind = "", "value"
    for number, source in cells:
        if name not in source:
            continue
        binding = names_assigned_by(source).get(name)
        if binding:
            kind = binding.kind
            origin = f" (made by cell [{number}]{f': `{binding.text}`' if binding.text else ''})"
    return (
        f"`{name}` exists in this notebook{origin} but not in the run, which is a process of its "
        f"own: {_TO_DO[kind].format(name=name)}."
    )
