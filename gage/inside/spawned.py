"""The main module of a worker that a cell's program starts by `spawn` or `forkserver`.

Such a worker starts from nothing: `multiprocessing` runs the main module again in it, under the
name `__mp_main__`, so that the worker finds the functions that it is sent. A cell cannot be run
again, since it would start workers in its turn. This module is run in its place (`cell.become_main`
names it), and does nothing until the worker is sent something of the cell. Then it brings in

    what the cell was given of its notebook         as in the cell's own process
    what the cell defines at its top level          imports, functions, classes, plain constants

Other names that the cell binds do not exist in the worker. A function or class that the worker does
not have is replaced by one that raises an error when it is called: `multiprocessing` would start
one worker after the other, and wait for ever.
"""

from __future__ import annotations

import ast
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["find"]

_NAME = "__mp_main__"
# Whether the names have been brought in, and the error that this has ended with.
_found: list[BaseException | None] = []


def find(name: str) -> Any:
    """Return an object of the cell's program, which the worker needs."""
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(name)
    namespace = sys.modules["__main__"].__dict__
    if not _found:
        _found.append(None)
        try:
            _bring_in(_program(), namespace)
        except BaseException as error:  # noqa: BLE001 - it is raised where the name is used
            _found[0] = error
    return namespace[name] if name in namespace else _missing(name)


def _program() -> str:
    """Return the path of the program, also if it has changed its directory."""
    path = os.path.abspath(sys.argv[0])
    paths = [path, *(os.path.join(place, os.path.basename(path)) for place in sys.path)]
    return next(filter(os.path.isfile, paths), path)


def _bring_in(path: str, namespace: dict[str, Any]) -> None:
    """Bring in what the program at a path has been given, and what it defines."""
    namespace["__file__"] = path
    directory = os.path.splitext(path)[0] + ".carried"
    if os.path.isdir(directory):
        from gage.inside.carried import bring_in

        bring_in(directory, namespace)
        _forget_random_states()
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    for node in tree.body:
        if not _defines(node):
            for name in _names_bound_by(node):
                namespace.pop(name, None)
            continue
        code = compile(ast.Module([node], []), path, "exec", dont_inherit=True)
        exec(code, namespace)  # noqa: S102 - what it is for


def _defines(node: ast.stmt) -> bool:
    """Return whether a statement defines something without doing anything else."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, kinds):
        return True
    if not (isinstance(node, ast.Assign) and all(isinstance(x, ast.Name) for x in node.targets)):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def _names_bound_by(node: ast.stmt) -> set[str]:
    names = (child for child in ast.walk(node) if isinstance(child, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _forget_random_states() -> None:
    """Give the worker random numbers of its own, like those of any spawned worker."""
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()


def _missing(name: str) -> type:
    """Return a class that stands for an object that the worker does not have."""

    class Missing(type):
        def __call__(cls, *_: object, **__: object) -> NoReturn:
            raise NameError(
                f"a worker started by spawn or forkserver does not have `{name}` of the cell: it "
                "has the names of the notebook, and the imports, functions, classes and constants "
                "at the top level of a cell without %magic or !command. Use such a function, put "
                'it into a module, or use multiprocessing.get_context("fork")'
            ) from _found[0]

    return Missing(name, (), {})


if __name__ == _NAME:
    # `multiprocessing` copies this namespace into the worker's `__main__`.
    __getattr__ = find
