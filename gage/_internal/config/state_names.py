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
_TARGETS = (ast.Tuple, ast.List, ast.Starred)  # expressions that hold names that are bound


def bindings(module: ast.Module, source: str) -> dict[str, tuple[int, int]]:
    """Return the names that a module binds, with the line and column of the last binding.

    A binding by `global` in a function may happen at any time: it counts as the last. Most of a
    module is expressions, which bind nothing unless its source has a `:=`: they are passed over.
    """
    last: dict[str, tuple[int, int]] = {}
    has_walrus, has_global = ":=" in source, "global" in source
    for statement in module.body:
        for name, place in _bound(statement, has_walrus=has_walrus, has_global=has_global):
            last[name] = max(place, last.get(name, place))
    return last


def _bound(
    statement: ast.AST, *, has_walrus: bool, has_global: bool
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each name that a statement of the module's scope binds."""
    rest = [statement]
    while rest:
        node = rest.pop()
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name, (node.lineno, node.col_offset)
            if has_global:
                yield from _bound_as_global(node, has_walrus=has_walrus)
            continue
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id, (node.lineno, node.col_offset)
            continue
        if isinstance(node, ast.expr) and not has_walrus and not isinstance(node, _TARGETS):
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.alias):
            name = node.asname or node.name.partition(".")[0]
            yield name, (node.lineno, node.col_offset)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if node.name is not None:
                yield node.name, (node.lineno, node.col_offset)
        elif isinstance(node, ast.comprehension):
            # The names of a comprehension are local to it.
            rest += (node.iter, *node.ifs)
            continue
        rest += ast.iter_child_nodes(node)


def _bound_as_global(scope: ast.AST, *, has_walrus: bool) -> Iterator[tuple[str, tuple[int, int]]]:
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
            inner = (
                pair
                for part in function.body
                for pair in _bound(part, has_walrus=has_walrus, has_global=True)
            )
            yield from ((name, _ANYTIME) for name, _ in inner if name in declared)
