"""Statements of earlier cells that configure a library, which run again before a cell.

    torch.set_default_dtype(torch.float64)     pio.templates.default = "plotly_white"
    logging.basicConfig(level="INFO")          alt.data_transformers.disable_max_rows()

A statement counts if the name of its call means configuration, or if it sets an attribute of a
module, and if it needs only constants and modules. Anything that it draws, writes or fetches would
happen twice, so nothing else of a cell runs again.
"""

from __future__ import annotations

import ast
import re
import types
from typing import TYPE_CHECKING, Any

from gage_nb.world.syntax import facts_of_nodes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gage_nb.world.origins import Origins, Part

__all__ = ["configuring_parts", "is_configuring", "package_of"]

_NAME = re.compile(
    r"^(set|use|enable|disable|register|configure|config|init|basic_?config|filter_?warnings|"
    r"simple_?filter|extension|theme|style|default|option|output_notebook|reset)(_|[A-Z]|$)",
    re.IGNORECASE,
)
# These are carried with their present values, not as calls: see `settings`.
_CARRIED_OTHERWISE = frozenset({"numpy", "random", "warnings", "os", "sys", "IPython"})


def configuring_parts(
    origins: Origins, namespace: Mapping[str, Any], packages: Collection[str]
) -> Iterator[Part]:
    """Yield the statements that configure one of these packages, in the order in which they ran."""
    for execution in origins.executions:
        if execution.success is False:
            continue
        for index, node in enumerate(origins.statements(execution)):
            root = is_configuring(node)
            value = namespace.get(root) if root else None
            package = package_of(value)
            asked = package and package in packages and package not in _CARRIED_OTHERWISE
            if asked and _needs_little(node, namespace):
                yield origins.setting_part(execution, index)


def is_configuring(node: ast.stmt) -> str:
    """Return the name at the root of a statement that configures, "" if it does not."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute() as function)):
            return _root(function) if _NAME.match(function.attr) else ""
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name if _NAME.match(name) else ""
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target]):
            return _root(target)
    return ""


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def package_of(value: object) -> str:
    """Return the top-level package of a module, or of a function or class of one; "" for none."""
    if isinstance(value, types.ModuleType):
        return value.__name__.partition(".")[0]
    module = getattr(value, "__module__", None)
    # Not an object that can be called: it is a value.
    if callable(value) and hasattr(value, "__qualname__"):
        package = module.partition(".")[0] if isinstance(module, str) else ""
        return "" if package == "__main__" else package
    return ""


def _needs_little(statement: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    if any(isinstance(node, ast.Lambda | ast.Await) for node in ast.walk(statement)):
        return False
    return all(
        isinstance(namespace.get(name), types.ModuleType) or package_of(namespace.get(name))
        for name in facts_of_nodes([statement]).reads
    )
