"""The objects that source may change in place, and names that may be one object, for slices.

None of this is certain, so it errs on the side of more: an extra cell in a slice costs time, a
missing one gives another result.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gage_nb.world.facts import parsed
from gage_nb.world.known_calls import (
    CHANGING_FUNCTIONS,
    FRESH_FUNCTIONS,
    FRESH_METHODS,
    PURE_METHODS,
)
from gage_nb.world.magics import code_in_call

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Changes", "changes_of"]


@dataclass
class Changes:
    """The effects of a piece of source on existing objects.

    Attributes
    ----------
    changed
        Names whose objects may be changed: by assignment to an item or an attribute, by a method
        that is not known to keep its object, by `inplace=True`, `out=`.
    passed
        Names that are arguments of a function, by the function's name and position (or keyword):
        the function's body tells whether it changes them.
    aliases
        Pairs of names whose objects may be the same, or share a part.
    calls
        Names of functions that are called.
    """

    changed: set[str] = field(default_factory=set)
    passed: set[tuple[str, int | str, str]] = field(default_factory=set)
    aliases: set[frozenset[str]] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)


@functools.lru_cache(maxsize=4000)
def changes_of(code: str) -> Changes:
    """Return the changes that Python source (IPython's syntax translated) may make."""
    found = Changes()
    tree = parsed(code)
    if tree is not None:
        for node in tree.body:
            _collect(node, found)
    return found


def parameters_changed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Changes:
    """Return the changes that a function's body may make, also to its parameters."""
    found = Changes()
    for node in function.body:
        _collect(node, found)
    return found


def _collect(node: ast.AST, found: Changes) -> None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return  # it makes changes only when it is called
    match node:
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            _add(_root(node), found.changed)
        case ast.AugAssign(target=ast.Name(id=name)):
            found.changed.add(name)
        case ast.Assign():
            for target in node.targets:
                _alias(target, node.value, found)
        case ast.AnnAssign(value=ast.expr()) | ast.NamedExpr():
            assert node.value is not None  # noqa: S101 - the pattern says so
            _alias(node.target, node.value, found)
        case ast.For():
            _alias(node.target, node.iter, found)
        case ast.withitem(optional_vars=ast.expr()):
            assert node.optional_vars is not None  # noqa: S101 - the pattern says so
            _alias(node.optional_vars, node.context_expr, found)
        case ast.Call():
            _call(node, found)
            for text in code_in_call(node):
                inner = changes_of(text.code)
                found.changed |= inner.changed
                found.passed |= inner.passed
                found.aliases |= inner.aliases
                found.calls |= inner.calls
    for child in ast.iter_child_nodes(node):
        _collect(child, found)


def _call(node: ast.Call, found: Changes) -> None:
    function = node.func
    name = ""
    if isinstance(function, ast.Attribute):
        name = function.attr
        owner = _root(function.value)
        if owner and name not in PURE_METHODS:
            # A method of an object, or of a module, whose name no cell makes.
            found.changed.add(owner)
    elif isinstance(function, ast.Name):
        name = function.id
        found.calls.add(name)
        for position, arg in enumerate(node.args):
            inner = arg.value if isinstance(arg, ast.Starred) else arg
            for root in _roots_of_value(inner):
                found.passed.add((name, position, root))
    for keyword in node.keywords:
        root = _root(keyword.value)
        if not root:
            continue
        if isinstance(function, ast.Name) and keyword.arg:
            found.passed.add((name, keyword.arg, root))
        if keyword.arg in ("out", "ax", "axes", "fig", "cax"):
            found.changed.add(root)
    if any(
        key.arg == "inplace" and getattr(key.value, "value", True) is not False
        for key in node.keywords
    ):
        _add(_root(function), found.changed)
    if name in CHANGING_FUNCTIONS:
        for arg in node.args[:2]:
            _add(_root(arg), found.changed)


def _alias(target: ast.expr, value: ast.expr, found: Changes) -> None:
    names = [child.id for child in ast.walk(target) if isinstance(child, ast.Name)]
    if not isinstance(target, ast.Name | ast.Tuple | ast.List | ast.Starred):
        # `a.b = c` makes c a part of a.
        names = [root] if (root := _root(target)) else []
    for root in _roots_of_value(value):
        for name in names:
            if name != root:
                found.aliases.add(frozenset((name, root)))


def _roots_of_value(value: ast.expr) -> Iterator[str]:
    """Yield names whose objects may be, or may be in, an expression's value."""
    match value:
        case ast.Name(id=name):
            yield name
        case ast.Attribute() | ast.Starred() | ast.Await() | ast.NamedExpr():
            yield from _roots_of_value(value.value)
        case ast.Subscript():
            yield from _roots_of_value(value.value)
        case ast.Tuple() | ast.List() | ast.Set():
            for part in value.elts:
                yield from _roots_of_value(part)
        case ast.Dict():
            for part in value.values:
                yield from _roots_of_value(part)
        case ast.IfExp():
            yield from _roots_of_value(value.body)
            yield from _roots_of_value(value.orelse)
        case ast.BoolOp():
            for part in value.values:
                yield from _roots_of_value(part)
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            for generator in value.generators:
                yield from _roots_of_value(generator.iter)
            yield from _roots_of_value(value.elt)
        case ast.Call():
            yield from _roots_of_call(value)
        case _:
            return


def _roots_of_call(call: ast.Call) -> Iterator[str]:
    function = call.func
    if isinstance(function, ast.Name) and function.id in FRESH_FUNCTIONS:
        return
    if isinstance(function, ast.Attribute):
        if function.attr in FRESH_METHODS:
            return
        root = _root(function.value)
        if root in ("np", "numpy", "pd", "pandas", "math", "json", "os", "re", "random"):
            if function.attr not in ("asarray", "ravel", "reshape", "atleast_2d", "broadcast_to"):
                return
        else:
            yield from _roots_of_value(function.value)
    for arg in (*call.args, *(keyword.value for keyword in call.keywords)):
        yield from _roots_of_value(arg)


def _root(node: ast.AST) -> str:
    """Return the name at the beginning of `a.b[c].d`, "" for anything else."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in FRESH_METHODS:
                return ""
            node = node.func.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _add(name: str, names: set[str]) -> None:
    if name:
        names.add(name)
