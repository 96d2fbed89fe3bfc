"""The paths that an expression of a program may evaluate to, found without running it.

String literals, their concatenation, f-strings, `os.path.join`, `pathlib` and names with such
values are evaluated. Anything else is `UNKNOWN`, a part of the path that can be any string. Names,
and so expressions, may have several values.
"""

from __future__ import annotations

import ast
import itertools
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["UNKNOWN", "PathValues", "called_name"]

UNKNOWN = "\0"

_MOST_VALUES = 64
_DEEPEST = 12
_PATH_CLASSES = ("Path", "PurePath", "PosixPath", "PurePosixPath")
_SAME_PATH = ("abspath", "realpath", "normpath", "expanduser", "fspath", "str", "fsdecode")
_SAME_PATH_METHODS = ("resolve", "absolute", "as_posix", "expanduser", "strip", "__str__")


class PathValues:
    """The values of a program's names.

    Parameters
    ----------
    tree
        The program.
    file
        Its absolute path, the value of `__file__`; None if it has none.
    """

    def __init__(self, tree: ast.AST, file: str | None = None) -> None:
        self._file = file
        self._by_name: dict[str, list[ast.expr]] = {}
        self._items: dict[str, list[ast.expr]] = {}
        self._working: set[str] = set()
        for node in ast.walk(tree):
            self._note_bindings(node)

    def of(self, node: ast.expr, depth: int = 0) -> list[str]:
        """Return the values of an expression; none if nothing of it is known."""
        if depth > _DEEPEST:
            return []
        found = self._of(node, depth + 1)
        return list(dict.fromkeys(found))[:_MOST_VALUES]

    def _note_bindings(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, value)
            case ast.NamedExpr(target=target, value=value):
                self._bind(target, value)
            case ast.For(target=target, iter=items) | ast.comprehension(target=target, iter=items):
                name = _key(target)
                if name:
                    self._items.setdefault(name, []).append(items)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._note_defaults(node.args)

    def _note_defaults(self, args: ast.arguments) -> None:
        names = [*args.posonlyargs, *args.args]
        for arg, default in zip(
            names[len(names) - len(args.defaults) :], args.defaults, strict=True
        ):
            self._by_name.setdefault(arg.arg, []).append(default)
        for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            if value is not None:
                self._by_name.setdefault(arg.arg, []).append(value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for one, its_value in zip(target.elts, value.elts, strict=False):
                self._bind(one, its_value)
        elif name := _key(target):
            self._by_name.setdefault(name, []).append(value)

    def _of(self, node: ast.expr, depth: int) -> Iterable[str]:  # noqa: PLR0911 - a table of forms
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Constant(value=int(number)):
                return [str(number)]
            case ast.JoinedStr(values=parts):
                return self._product((self._or_unknown(part, depth) for part in parts), "".join)
            case ast.FormattedValue(value=value, format_spec=None):
                return self._or_unknown(value, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                sides = [self.of(left, depth), self.of(right, depth)]
                if not any(sides):
                    return []
                return self._product([side or [UNKNOWN] for side in sides], "".join)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], depth)
            case ast.BinOp(left=left, op=ast.Mod()):
                return [_without_percent(text) for text in self.of(left, depth)]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.of(body, depth), *self.of(orelse, depth)]
            case ast.Name() | ast.Attribute():
                return self._of_name(node, depth)
            case ast.Subscript(value=value):
                return self._of_item(value, depth)
            case ast.Call():
                return self._of_call(node, depth)
        return []

    def _or_unknown(self, node: ast.expr, depth: int) -> list[str]:
        return self.of(node, depth) or [UNKNOWN]

    def _product(
        self, parts: Iterable[list[str]], join: Callable[[tuple[str, ...]], str]
    ) -> list[str]:
        combined = itertools.islice(itertools.product(*parts), _MOST_VALUES)
        return [join(values) for values in combined]

    def _joined(self, nodes: list[ast.expr], depth: int) -> list[str]:
        sides = [self.of(node, depth) for node in nodes]
        if not any(sides):
            return []
        return self._product(
            [side or [UNKNOWN] for side in sides], lambda parts: os.path.join(*parts)
        )

    def _of_name(self, node: ast.expr, depth: int) -> list[str]:
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return [os.path.dirname(path) or ".." for path in self.of(node.value, depth)]
        name = _key(node)
        if name == "__file__":
            return [self._file] if self._file else []
        if not name or name in self._working:
            return []
        self._working.add(name)
        try:
            values = [
                path for value in self._by_name.get(name, ()) for path in self.of(value, depth)
            ]
            for items in self._items.get(name, ()):
                values += self._of_items(items, depth)
        finally:
            self._working.discard(name)
        return values

    def _of_items(self, node: ast.expr, depth: int) -> list[str]:
        """Return the values of the items of a list, tuple or dict, also of a named one."""
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [path for item in items for path in self.of(item, depth)]
            case ast.Dict(values=items):
                return [path for item in items for path in self.of(item, depth)]
            case ast.Name() | ast.Attribute() if depth < _DEEPEST:
                values = self._by_name.get(_key(node), [])
                return [path for value in values for path in self._of_items(value, depth + 1)]
            case ast.Call(func=func, args=[items, *_]) if called_name(func) in (
                "enumerate",
                "sorted",
                "list",
                "tqdm",
            ):
                return self._of_items(items, depth + 1)
        return []

    def _of_item(self, value: ast.expr, depth: int) -> list[str]:
        if isinstance(value, ast.Attribute) and value.attr == "parents":
            return [os.path.join(path, "..", "..") for path in self.of(value.value, depth)]
        return self._of_items(value, depth)

    def _of_call(self, node: ast.Call, depth: int) -> list[str]:  # noqa: PLR0911 - a table of calls
        name = called_name(node.func)
        base = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _PATH_CLASSES:
            return self._joined(node.args, depth) if node.args else ["."]
        if name in ("getcwd", "cwd"):
            return ["."]
        if name == "joinpath" and base is not None:
            return self._joined([base, *node.args], depth)
        if name == "join" and (len(node.args) > 1 or _key(base).endswith("path")):
            return self._joined(node.args, depth)
        if name == "dirname" and node.args:
            return [os.path.dirname(path) or "." for path in self.of(node.args[0], depth)]
        if name in _SAME_PATH and len(node.args) == 1:
            return self.of(node.args[0], depth)
        if base is None:
            return []
        if name in _SAME_PATH_METHODS:
            return self.of(base, depth)
        if name == "format":
            return [_without_braces(text) for text in self.of(base, depth)]
        if name == "with_name" and node.args:
            return self._joined([ast.Attribute(base, "parent"), *node.args], depth)
        if name == "with_suffix" and node.args:
            return self._product(
                [
                    [os.path.splitext(path)[0] for path in self.of(base, depth)],
                    self._or_unknown(node.args[0], depth),
                ],
                "".join,
            )
        return []


def called_name(node: ast.expr) -> str:
    """Return the last part of a called function's name, "" if it has no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _key(node: ast.expr | None) -> str:
    """Return a name or attribute as one word, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _key(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def _without_percent(text: str) -> str:
    """Return a string with `%s` and the like as unknown parts."""
    import re

    return re.sub(r"%(\(\w+\))?[-#0 +]*[\d*]*(\.[\d*]+)?[a-zA-Z]", UNKNOWN, text)


def _without_braces(text: str) -> str:
    import re

    return re.sub(r"\{[^{}]*\}", UNKNOWN, text)
