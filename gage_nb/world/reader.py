"""Going through source in the order in which it runs, to find what it reads and binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gage_nb.world.facts import Facts, chains_in, compiled, globals_of_code, parsed, stores_of_code
from gage_nb.world.magics import code_in_call

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Reader"]

# Calls that find names in a way that no source shows.
_DYNAMIC = frozenset({"eval", "exec", "globals", "locals", "vars", "dir"})
# Calls whose strings are expressions over the caller's names.
_EVALUATING = frozenset({"eval", "evaluate", "exec", "query", "repeat", "timeit", "Timer"})

# Statements that bind or that may not run, with the methods for them; all others just read.
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


class Reader:
    """Goes through statements; `facts` has what was found, `bound` what is bound for certain."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.bound: set[str] = set()
        self._inner: list[set[str]] = []
        self._conditions = 0

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        """Go through statements."""
        for node in nodes:
            self._statement(node)

    # Statements

    def _statement(self, node: ast.stmt) -> None:
        name = _VISITED.get(type(node).__name__)
        if name is None:
            self._children(node)
        else:
            getattr(self, f"_visit_{name}")(node)

    def _maybe(self, *blocks: Iterable[ast.AST]) -> list[set[str]]:
        """Go through blocks that may not run; return what is bound after each of them."""
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
        # What its body binds is its own.
        self.bound = bound
        self._deferred(node)
        self._bind(node.name)

    # Expressions

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
        """Look for names in a string that a library may evaluate where it is called."""
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
        """Read what functions read when they are called: any time from now on."""
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
