"""Whole cells of a notebook that run before the one that was asked for: silently.

What they print goes to `NAME.carried/output.txt`: it is not the output of the run's own cell.
Where they print nothing there is no such file. Figures that a cell leaves open are closed after
it, as a notebook does.
"""

from __future__ import annotations

import _ast
import builtins
import os
import sys

from gage.inside.settings import apply

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


def run_cells(
    directory: str,
    names: Sequence[str],
    states: dict[str, dict[str, Any]],
    namespace: dict[str, Any],
) -> None:
    """Run the cells in files of a directory, one after the other, in these names.

    A cell that has a random state among `states` draws the numbers that it drew in the notebook.

    A name with a `!` at its end is a cell that ended with an error in the notebook: it runs as far
    as it runs.
    """
    display = getattr(builtins, "display", None)
    output = os.path.join(directory, "output.txt")
    kept = _divert(output)
    builtins.display = lambda *objects, **_: print(*objects)  # type: ignore[attr-defined]  # noqa: T201 - to the file
    try:
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
    finally:
        _restore(kept)
        if not os.path.getsize(output):
            os.unlink(output)
        if display is not None:
            builtins.display = display  # type: ignore[attr-defined]


def _divert(path: str) -> list[int]:
    """Send what the process writes to stdout and stderr to a file; return where they went."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    return kept


def _restore(kept: list[int]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for number, descriptor in enumerate(kept, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
