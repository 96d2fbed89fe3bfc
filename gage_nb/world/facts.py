"""Facts about a piece of source or compiled code."""

from __future__ import annotations

import ast
import dis
import warnings
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Facts", "chains_in", "compiled", "globals_of_code", "parsed", "stores_of_code"]

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclass
class Facts:
    """The use of names by a piece of source.

    Attributes
    ----------
    certain
        Names that are read before anything else can happen to them.
    possible
        Names that may be read, without `certain` ones.
    now
        Names that are read while the source itself runs, not only when a function is called.
    binds
        Names that may be bound.
    surely_binds
        Names that are bound if the source has run to its end.
    chains
        Names with the attributes that are used: `("sklearn", "metrics", "auc")`.
    stars
        Modules of `from … import *`.
    dynamic
        Calls that find names in ways that are not visible in source: `globals`, `exec`.
    imports
        Whether a statement of the top level imports something.
    """

    certain: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    surely_binds: set[str] = field(default_factory=set)
    chains: set[tuple[str, ...]] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    dynamic: set[str] = field(default_factory=set)
    imports: bool = False

    @property
    def reads(self) -> set[str]:
        """All names that may be read."""
        return self.certain | self.possible


def parsed(source: str) -> ast.Module | None:
    """Return the tree of Python source, None if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def globals_of_code(code: CodeType, *, inner_only: bool = False) -> set[str]:
    """Return the global names that code and the functions in it read."""
    found = set()
    if not inner_only:
        instructions = list(dis.get_instructions(code))
        found = {str(item.argval) for item in instructions if item.opname in _LOADS}
        # Names that the body of a class binds are local to it.
        found -= {str(item.argval) for item in instructions if item.opname == "STORE_NAME"}
        found -= {"__name__"}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= globals_of_code(constant)
    return found


def stores_of_code(code: CodeType) -> set[str]:
    """Return the global names that functions in code bind."""
    found = set()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {
                str(item.argval)
                for item in dis.get_instructions(constant)
                if item.opname == "STORE_GLOBAL"
            }
            found |= stores_of_code(constant)
    return found


def compiled(node: ast.stmt | ast.expr) -> CodeType | None:
    """Return the code of a statement or expression, None if it cannot be compiled."""
    tree: ast.Module | ast.Expression
    tree = ast.Module([node], []) if isinstance(node, ast.stmt) else ast.Expression(node)
    mode = "exec" if isinstance(node, ast.stmt) else "eval"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: CodeType = compile(tree, "cell", mode, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            return None
    return code


def chains_in(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield names with the attributes that are used, also in functions."""
    for child in ast.walk(node):
        if not isinstance(child, ast.Attribute):
            continue
        parts: list[str] = []
        inner: ast.expr = child
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield (inner.id, *reversed(parts))
