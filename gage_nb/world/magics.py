"""The code in IPython's own calls, which are strings after its translation of a cell.

%time fit(x)      get_ipython().run_line_magic('time', 'fit(x)')
%%capture out …   get_ipython().run_cell_magic('capture', 'out', '…')
!ls {folder}      get_ipython().system('ls {folder}')
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Embedded", "code_in_call", "translated", "without_magics"]

# Magics whose line, and whose body, is code that runs in the notebook.
_RUNNING = frozenset(
    {"time", "timeit", "prun", "memit", "mprun", "lprun", "capture", "debug", "tic", "gage_run"}
)
_OPTION = re.compile(r"^\s*(-\w(\s*\d+)?|--[\w-]+(=\S+)?)\s+")
_EXPANDED = re.compile(r"\$\$?([A-Za-z_]\w*)|\{([^{}]+)\}")


class Embedded(NamedTuple):
    """Code in a string; `certain` says whether it certainly runs with the call."""

    code: str
    certain: bool


def translated(source: str) -> str:
    """Return a cell's source with IPython's syntax translated, as it ran."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return str(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RuntimeError, RecursionError):
        return source


def code_in_call(call: ast.Call) -> Iterator[Embedded]:
    """Yield the code in a call of IPython's."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and _is_shell(function.value)):
        return
    texts = [
        arg.value for arg in call.args if isinstance(arg, ast.Constant) and type(arg.value) is str
    ]
    if function.attr in ("system", "getoutput"):
        yield from _expansions(" ".join(texts))
        return
    if function.attr not in ("run_line_magic", "run_cell_magic") or len(texts) < 2:
        return
    magic, line, *body = texts
    if magic in _RUNNING:
        if magic not in ("capture", "gage_run"):
            while (option := _OPTION.match(f"{line} ")) is not None:
                line = line[option.end() :]
            yield Embedded(translated(line.strip()), certain=True)
        elif magic == "capture" and line.split() and line.split()[0].isidentifier():
            yield Embedded(f"{line.split()[0]} = None", certain=True)
        if magic != "gage_run":
            for text in body:
                yield Embedded(translated(text), certain=True)
        return
    yield from _expansions(line)


def without_magics(code: str) -> str:
    """Return translated code as Python for a process without IPython, with unchanged lines.

    Magics that run code become that code; all others, and shell commands, are left out.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return code
    lines = code.split("\n")
    for node in reversed(tree.body):
        calls = [child for child in ast.walk(node) if isinstance(child, ast.Call)]
        if not any(_is_shell(call) for call in calls):
            continue
        end = node.end_lineno or node.lineno
        text = "pass"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            codes = [each.code for each in code_in_call(node.value) if each.certain]
            # The body of a cell magic begins on the line after it.
            text = "\n".join(codes).rstrip() if codes else "pass"
            if "run_cell_magic" in ast.unparse(node.value.func):
                text = f"\n{text}" if len(codes) == 1 else text
        elif not isinstance(node, ast.Assign):
            continue
        lines[node.lineno - 1 : end] = text.split("\n") if end > node.lineno else [text]
    return "\n".join(lines)


def _is_shell(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "get_ipython"
    )


def _expansions(text: str) -> Iterator[Embedded]:
    for match in _EXPANDED.finditer(text):
        yield Embedded((match[1] or match[2]).strip(), certain=False)
