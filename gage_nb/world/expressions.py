"""Walking through expressions in the order of their evaluation, to find the names they read."""

from __future__ import annotations

import abc
import ast
from typing import TYPE_CHECKING

from gage_nb.world.facts import Facts, chains_in, compiled, globals_of_code, parsed, stores_of_code
from gage_nb.world.magics import code_in_call

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ExpressionReader"]

# Calls that find names in ways that are not visible in source.
_DYNAMIC = frozenset({"eval", "exec", "globals", "locals", "vars", "dir"})
# Calls whose strings are expressions over the caller's names.
_EVALUATING = frozenset({"eval", "evaluate", "exec", "query", "repeat", "timeit", "Timer"})


class ExpressionReader(abc.ABC):
    """Walks through expressions; `facts` has the result, `bound` the names certainly bound."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.bound: set[str] = set()
        self._inner: list[set[str]] = []
        self._conditions = 0

    @abc.abstractmethod
    def block(self, nodes: Iterable[ast.stmt]) -> None:
        """Walk through statements."""

    @abc.abstractmethod
    def _any(self, node: ast.AST) -> None:
        """Walk through a statement or an expression."""

    def _maybe(self, *blocks: Iterable[ast.AST]) -> list[set[str]]:
        """Walk through blocks that may not run; return the names bound after each of them."""
        before = set(self.bound)
        self._conditions += 1
        ends = []
        for block in blocks:
            self.bound = set(before)
            for node in block:
                self._any(node)
            ends.append(self.bound)
        self._conditions -= 1
        self.bound = before
        return ends

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self._any(child)

    def _expression(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self._read(name)
            case ast.Name(id=name, ctx=ast.Store()):
                self._bind(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._children(node)
                self._bind(name)
            case ast.MatchMapping(rest=str(name)):
                self._children(node)
                self._bind(name)
            case ast.NamedExpr():
                self._expression(node.value)
                scope, self._inner = self._inner, []
                self._bind(node.target.id)
                self._inner = scope
            case ast.Lambda():
                self._children(ast.arguments([], [], None, [], *_defaults(node.args)))
                self._deferred(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                self._comprehension(node.generators, [node.elt])
            case ast.DictComp():
                self._comprehension(node.generators, [node.key, node.value])
            case ast.IfExp():
                self._expression(node.test)
                self._maybe([node.body], [node.orelse])
            case ast.BoolOp():
                self._expression(node.values[0])
                self._maybe(node.values[1:])
            case ast.Call():
                self._call(node)
            case _:
                self._children(node)

    def _comprehension(self, generators: list[ast.comprehension], parts: list[ast.expr]) -> None:
        self._expression(generators[0].iter)
        self._inner.append(set())
        self._conditions += 1
        for number, generator in enumerate(generators):
            if number:
                self._expression(generator.iter)
            self._expression(generator.target)
            for condition in generator.ifs:
                self._expression(condition)
        for part in parts:
            self._expression(part)
        self._conditions -= 1
        self._inner.pop()

    def _call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _DYNAMIC and (name in ("eval", "exec", "globals") or not node.args):
            self.facts.dynamic.add(name)
        self._children(node)
        for text in code_in_call(node):
            self._embedded(text.code, certain=text.certain)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else name
        for constant in ast.walk(node):
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                self._string(constant.value, evaluated=called in _EVALUATING)

    def _embedded(self, source: str, *, certain: bool) -> None:
        tree = parsed(source)
        if tree is None:
            return
        if not certain:
            self._conditions += 1
        self.block(tree.body)
        for node in tree.body:
            self.facts.chains.update(chains_in(node))
        if not certain:
            self._conditions -= 1

    def _string(self, text: str, *, evaluated: bool) -> None:
        """Search names in a string that a library may evaluate in the caller's namespace."""
        if len(text) > 2000:
            return
        if "@" in text:
            # Of `df.query("a > @limit")`.
            text = text.replace("@", " ") if evaluated else text.replace("@", "")
            evaluated = True
        if "~" in text:
            # A formula, as patsy and statsmodels read it.
            left, _, right = text.partition("~")
            text = f"({left.strip() or 0}, {right.strip() or 0})"
            evaluated = True
        if not evaluated:
            return
        tree = parsed(text.strip())
        if tree is None:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                self._possible(node.id)

    def _deferred(self, node: ast.stmt | ast.Lambda) -> None:
        """Read the names that functions read when they are called, at any later time."""
        code = compiled(node)
        if code is None:
            return
        for name in globals_of_code(code, inner_only=True):
            self._possible(name)
        self.facts.binds |= stores_of_code(code)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
                self.facts.dynamic |= {inner.func.id} & {"eval", "exec", "globals"}
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                self._string(inner.value, evaluated=False)

    # Names

    def _read(self, name: str) -> None:
        if any(name in inner for inner in self._inner):
            return
        if name in self.bound:
            return
        self.facts.now.add(name)
        if self._conditions or name in self.facts.possible or name in self.facts.binds:
            self.facts.possible.add(name)
        else:
            self.facts.certain.add(name)

    def _possible(self, name: str) -> None:
        if name not in self.bound and not any(name in inner for inner in self._inner):
            self.facts.possible.add(name)

    def _bind(self, name: str) -> None:
        if self._inner:
            self._inner[-1].add(name)
            return
        self.facts.binds.add(name)
        self.bound.add(name)


def _defaults(args: ast.arguments) -> tuple[list[ast.expr | None], None, list[ast.expr]]:
    return args.kw_defaults, None, args.defaults
