"""Whole cells of a notebook that run silently before the requested cell.

Figures that a cell leaves open are closed after it, as a notebook does.
"""

from __future__ import annotations

import _ast
import os
import sys

from gage.inside.settings import apply
from gage.inside.silence import Silence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["run_cells"]


def _run_cell(source: str, path: str, namespace: dict[str, Any]) -> None:
    """Run a cell, and keep the value of its last expression in `_`, as in a notebook."""
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


def run_cells(
    directory: str,
    names: Sequence[str],
    states: dict[str, dict[str, Any]],
    namespace: dict[str, Any],
) -> None:
    """Run the cells in files of a directory, one after the other, in a namespace.

    A cell that has a random state among `states` draws the numbers that it drew in the notebook.

    A name that ends with `!` is a cell that ended with an error in the notebook: an error ends
    only this cell.
    """
    with Silence(directory):
        for name in names:
            path = os.path.join(directory, name.rstrip("!"))
            with open(path, encoding="utf-8") as file:
                source = file.read()
            state = states.get(os.path.basename(path))
            if state:
                apply(state)
            try:
                _run_cell(source, path, namespace)
            except Exception as error:
                if not name.endswith("!"):
                    raise
                print(f"{type(error).__name__}: {error}")  # noqa: T201 - to the file
            pyplot = sys.modules.get("matplotlib.pyplot")
            if pyplot is not None:
                pyplot.close("all")
