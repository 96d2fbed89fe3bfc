"""What is known of a piece of source, and what compiled code tells of it."""

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
    """What a piece of source does with names.

    Attributes
    ----------
    certain
        Names that are read before anything else can happen to them.
    possible
        Names that may be read, `certain` ones left out.
    now
        Names that are read while the source itself runs, not only when a function is called.
    binds
        Names that may be bound.
    surely_binds
        Names that are bound when the source has run to its end.
    chains
        Names with the attributes asked for: `("sklearn", "metrics", "auc")`.
    stars
        Modules that all names are imported from.
    dynamic
        Calls that find names in a way that no source shows: `globals`, `exec`.
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
    """Return the tree of Python source, None where it is not Python."""
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
        # What the body of a class binds is its own.
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
    """Return the code of a statement or expression, None where it cannot be compiled."""
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
    """Yield names with the attributes that are asked of them, functions included."""
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
