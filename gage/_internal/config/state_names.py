"""Names of a program that are state: bound once, and bound again by later code.

    loss = 1.0                    the start of a computation, which no user sets
    for step in range(epochs):
        loss *= 0.9

Only bindings in the scope of the module count: assignments of any kind, `+=`, loops, `with`,
imports, `def` and `class`, and those that a function makes after `global NAME`.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bindings"]

_ANYTIME = (1 << 62, 0)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def bindings(module: ast.Module) -> dict[str, tuple[int, int]]:
    """Return the names that a module binds, with the line and column of the last binding.

    A binding by `global` in a function may happen at any time: it counts as the last.
    """
    last: dict[str, tuple[int, int]] = {}
    for statement in module.body:
        for name, place in _bound(statement):
            last[name] = max(place, last.get(name, place))
    return last


def _bound(node: ast.AST) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each name that a node of the module's scope binds."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name, (node.lineno, node.col_offset)
        yield from _bound_as_global(node)
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id, (node.lineno, node.col_offset)
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name.partition(".")[0]), (node.lineno, node.col_offset)
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        if node.name is not None:
            yield node.name, (node.lineno, node.col_offset)
    elif isinstance(node, ast.comprehension):
        # The names of a comprehension are local to it.
        for part in (node.iter, *node.ifs):
            yield from _bound(part)
        return
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _bound_as_global(scope: ast.AST) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the names that functions in a scope declare as global and bind."""
    for function in ast.walk(scope):
        if not isinstance(function, _FUNCTIONS):
            continue
        declared = {
            name
            for node in ast.walk(function)
            if isinstance(node, ast.Global)
            for name in node.names
        }
        if declared:
            inner = (pair for statement in function.body for pair in _bound(statement))
            yield from ((name, _ANYTIME) for name, _ in inner if name in declared)
