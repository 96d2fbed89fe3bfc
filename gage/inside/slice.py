"""Whole cells of a notebook that run before the one that was asked for: silently.

What they print goes to `NAME.carried/output.txt`: it is not the output of the run's own cell.
Figures that a cell leaves open are closed after it, as a notebook does.
"""

from __future__ import annotations

import _ast
import builtins
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["run_cells"]


def _run_cell(source: str, path: str, namespace: dict[str, Any]) -> None:
    """Run a cell, and keep the value of its last expression where a notebook keeps it."""
    flags = _ast.PyCF_ONLY_AST
    tree: _ast.Module = compile(source, path, "exec", flags=flags, dont_inherit=True)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, _ast.Expr):
        exec(compile(tree, path, "exec", dont_inherit=True), namespace)  # noqa: S102 - what it is for
        return
    del tree.body[-1]
    exec(compile(tree, path, "exec", dont_inherit=True), namespace)  # noqa: S102 - likewise
    expression = compile(_ast.Expression(last.value), path, "eval", dont_inherit=True)
    value = eval(expression, namespace)  # noqa: S307 - likewise
    if value is not None:
        number = int(os.path.basename(path)[len("cell-") : -len(".py")])
        outputs = namespace.setdefault("Out", {})
        outputs[number] = namespace[f"_{number}"] = value
        namespace["__"], namespace["_"] = namespace.get("_"), value


def run_cells(directory: str, names: Sequence[str], namespace: dict[str, Any]) -> None:
    """Run the cells in files of a directory, one after the other, in these names."""
    sys.stdout.flush()
    sys.stderr.flush()
    display = getattr(builtins, "display", None)
    kept = os.dup(1)
    output = os.open(
        os.path.join(directory, "output.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666
    )
    os.dup2(output, 1)
    os.close(output)
    builtins.display = lambda *objects, **_: print(*objects)  # type: ignore[attr-defined]  # noqa: T201 - to the file
    try:
        for name in names:
            path = os.path.join(directory, name)
            with open(path, encoding="utf-8") as file:
                source = file.read()
            _run_cell(source, path, namespace)
            pyplot = sys.modules.get("matplotlib.pyplot")
            if pyplot is not None:
                pyplot.close("all")
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        if display is not None:
            builtins.display = display  # type: ignore[attr-defined]
