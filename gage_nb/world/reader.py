"""Walking through source in the order in which it runs, to find the names it reads and binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gage_nb.world.expressions import ExpressionReader

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Reader"]

# Statements that bind names or may not run, with their methods; all others only read.
_VISITED = {
    "If": "if",
    "For": "for",
    "AsyncFor": "for",
    "While": "while",
    "Try": "try",
    "TryStar": "try",
    "Match": "match",
    "Assign": "assign",
    "AnnAssign": "ann_assign",
    "AugAssign": "aug_assign",
    "Delete": "delete",
    "Import": "import",
    "ImportFrom": "import_from",
    "FunctionDef": "function_def",
    "AsyncFunctionDef": "function_def",
    "ClassDef": "class_def",
}


class Reader(ExpressionReader):
    """Walks through statements; `facts` has the result, `bound` the names certainly bound."""

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        """Walk through statements."""
        for node in nodes:
            self._statement(node)

    # Statements

    def _statement(self, node: ast.stmt) -> None:
        name = _VISITED.get(type(node).__name__)
        if name is None:
            self._children(node)
        else:
            getattr(self, f"_visit_{name}")(node)

    def _any(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._statement(node)
        else:
            self._expression(node)

    def _visit_if(self, node: ast.If) -> None:
        self._expression(node.test)
        first, second = self._maybe(node.body, node.orelse)
        self.bound = first & second

    def _visit_for(self, node: ast.For | ast.AsyncFor) -> None:
        self._expression(node.iter)
        self._maybe([node.target, *node.body], node.orelse)

    def _visit_while(self, node: ast.While) -> None:
        self._expression(node.test)
        self._maybe(node.body, node.orelse)

    def _visit_try(self, node: ast.Try) -> None:
        (body,) = self._maybe(node.body)
        ends = []
        for handler in node.handlers:
            nodes: list[ast.AST] = [handler.type] if handler.type else []
            if handler.name:
                nodes.append(ast.Name(handler.name, ast.Store()))
            ends += self._maybe([*nodes, *handler.body])
        before, self.bound = self.bound, body
        (whole,) = self._maybe(node.orelse)
        self.bound = before
        for end in ends:
            whole &= end
        self.bound = whole
        self.block(node.finalbody)

    def _visit_match(self, node: ast.Match) -> None:
        self._expression(node.subject)
        for case in node.cases:
            nodes: list[ast.AST] = [case.pattern, *([case.guard] if case.guard else [])]
            self._maybe([*nodes, *case.body])

    def _visit_assign(self, node: ast.Assign) -> None:
        self._expression(node.value)
        for target in node.targets:
            self._expression(target)

    def _visit_ann_assign(self, node: ast.AnnAssign) -> None:
        self._expression(node.annotation)
        if node.value is not None:
            self._expression(node.value)
            self._expression(node.target)

    def _visit_aug_assign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self._expression(node.value)
        self._expression(node.target)

    def _visit_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._read(target.id)
                self.bound.discard(target.id)
                self.facts.binds.discard(target.id)
            else:
                self._expression(target)

    def _visit_import(self, node: ast.Import) -> None:
        self.facts.imports = True
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])
            if not alias.asname and "." in alias.name:
                self.facts.chains.add(tuple(alias.name.split(".")))

    def _visit_import_from(self, node: ast.ImportFrom) -> None:
        self.facts.imports = True
        for alias in node.names:
            if alias.name == "*":
                self.facts.stars.append(node.module or "")
            else:
                self._bind(alias.asname or alias.name)

    def _visit_function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, node.args):
            self._children(part) if isinstance(part, ast.arguments) else self._expression(part)
        if node.returns is not None:
            self._expression(node.returns)
        self._deferred(node)
        self._bind(node.name)

    def _visit_class_def(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(key.value for key in node.keywords)):
            self._expression(part)
        inner: set[str] = set()
        self._inner.append(inner)
        bound, self.bound = self.bound, set(self.bound)
        self.block(node.body)
        self._inner.pop()
        # Names that its body binds are local to it.
        self.bound = bound
        self._deferred(node)
        self._bind(node.name)
