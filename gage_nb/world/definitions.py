"""Checking whether a statement defines exactly the function or class that the notebook has.

The compiled code of the statement is compared with the object's.
"""

from __future__ import annotations

import ast
import builtins
import types
import warnings
from typing import TYPE_CHECKING, Any

from gage_nb.world.constants import NOTHING, constant_of, same_constant
from gage_nb.world.facts import parsed
from gage_nb.world.syntax import facts_of_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["class_differences", "is_definition_of", "names_called_by"]


def is_definition_of(node: ast.stmt, value: Any, namespace: Mapping[str, Any]) -> bool:
    """Return whether a statement that defines a function or a class defines exactly this one.

    `namespace` has the present values of the names in its defaults.
    """
    code = _definition_code(node)
    if code is None:
        return False
    if isinstance(node, ast.ClassDef):
        return isinstance(value, type) and not class_differences(node, value, strict=True)
    function = _undecorated(value)
    return (
        function is not None
        and function.__code__ == code
        and _same_defaults(node, function, namespace)
    )


def class_differences(
    node: ast.ClassDef, value: type, *, strict: bool = False
) -> dict[str, object]:
    """Return the attributes of a class that running its statement would not set.

    With `strict`, only those that show another statement: functions with other code.
    """
    body = _class_body_code(node)
    if body is None:
        return dict(vars(value))
    codes = {code.co_name: code for code in body.co_consts if isinstance(code, types.CodeType)}
    literals = {}
    for child in node.body:
        match child:
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr())
            ):
                assert child.value is not None  # noqa: S101 - the pattern says so
                literals[name] = constant_of(child.value)
    bound = {name for child in node.body for name in facts_of_nodes([child]).binds}
    found: dict[str, object] = {}
    for name, attribute in vars(value).items():
        if name in _CLASS_NAMES or name.startswith(("_abc_", "__dataclass", "__match_args")):
            continue
        function = _undecorated(attribute)
        if function is not None and function.__module__ == "__main__":
            mangled = function.__code__.co_name
            if codes.get(mangled) == function.__code__ and name in bound:
                continue
            if name not in bound and function.__code__.co_filename == "<string>":
                continue  # a dataclass makes them
            if name not in bound and node.decorator_list and not strict:
                continue
            if strict and name not in bound:
                continue  # patched in, and carried beside the statement
            found[name] = attribute
        elif not strict and type(attribute) in _DATA and type(value).__name__ in _PLAIN_CLASSES:
            literal = literals.get(name, NOTHING)
            if literal is NOTHING or not same_constant(literal, attribute):
                found[name] = attribute
    return found


_CLASS_NAMES = frozenset(
    {
        *("__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__qualname__"),
        *("__firstlineno__", "__static_attributes__", "__orig_bases__", "__parameters__"),
        *("__slots__", "__hash__", "__annotate_func__", "__annotations_cache__", "__classcell__"),
    }
)
_PLAIN_CLASSES = ("type", "ABCMeta")
_DATA = (bool, int, float, complex, str, bytes, list, dict, set, tuple, frozenset, type(None))


def _undecorated(value: Any) -> types.FunctionType | None:
    """Return the function inside a decorated one, a method or a property."""
    for _ in range(20):
        if isinstance(value, types.FunctionType):
            inner = vars(value).get("__wrapped__")
            if inner is None:
                return value
            value = inner
        elif isinstance(value, classmethod | staticmethod):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        else:
            value = getattr(value, "__wrapped__", None) or getattr(value, "py_func", None)
            if value is None:
                return None
    return None


def _definition_code(node: ast.stmt) -> types.CodeType | None:
    """Return the code of a definition compiled like in IPython, without decorators."""
    code = _module_code(node)
    if code is None:
        return None
    name = getattr(node, "name", "")
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and constant.co_name == name:
            return constant
    return None


def _class_body_code(node: ast.ClassDef) -> types.CodeType | None:
    return _definition_code(node)


def _module_code(node: ast.stmt) -> types.CodeType | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: types.CodeType = compile(
                ast.Module([node], []), "cell", "exec", dont_inherit=True
            )
        except (SyntaxError, ValueError, RecursionError):
            return None
    return code


def _same_defaults(
    node: ast.stmt, function: types.FunctionType, namespace: Mapping[str, Any]
) -> bool:
    """Return whether a function has the defaults that its statement would set when run again."""
    args: ast.arguments = node.args  # type: ignore[attr-defined]
    pairs = list(zip(args.defaults, function.__defaults__ or (), strict=False))
    keywords = function.__kwdefaults__ or {}
    pairs += [
        (default, keywords.get(arg.arg))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        if default is not None
    ]
    for default, value in pairs:
        literal = constant_of(default)
        if literal is not NOTHING:
            if not same_constant(literal, value):
                return False
        elif isinstance(default, ast.List | ast.Dict | ast.Set):
            if not _plainly(default, value):
                return False
        else:
            now = _resolved(default, namespace)
            if now is not value and not (now is not None and same_constant(now, value)):
                return False
    return True


def _resolved(node: ast.expr, namespace: Mapping[str, Any]) -> object:
    """Return the present value of a name or its attributes, None for other expressions."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute):
        return getattr(_resolved(node.value, namespace), node.attr, None)
    return None


def _plainly(node: ast.expr, value: object) -> bool:
    try:
        return bool(ast.literal_eval(node) == value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False


def names_called_by(text: str) -> set[str]:
    """Return the names that a definition may call while it is executed, not later."""
    found: set[str] = set()
    tree = parsed(text)
    waiting: list[ast.AST] = list(tree.body) if tree else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                found |= {name.id for name in ast.walk(decorator) if isinstance(name, ast.Name)}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.append(node.args)
            continue
        if isinstance(node, ast.ClassDef):
            found |= {
                name.id
                for keyword in node.keywords
                for name in ast.walk(keyword)
                if isinstance(name, ast.Name)
            }
        if isinstance(node, ast.Call):
            found |= {name.id for name in ast.walk(node.func) if isinstance(name, ast.Name)}
        waiting += ast.iter_child_nodes(node)
    return found
