"""Constants in source: numbers, strings, tuples of them."""

from __future__ import annotations

import ast

__all__ = ["NOTHING", "constant_of", "same_constant"]

NOTHING = object()


def constant_of(node: ast.expr) -> object:
    """Return the value of a constant (a number, a string, a tuple of them), else `NOTHING`."""
    if isinstance(node, ast.Constant):
        return node.value
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return NOTHING
    return value if isinstance(value, int | float | complex | tuple) else NOTHING


def same_constant(first: object, second: object) -> bool:
    """Return whether two constants have the same types and values."""
    if type(first) is not type(second):
        return False
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(same_constant, first, second))
    if isinstance(first, list | dict | set):
        return False
    return repr(first) == repr(second)
