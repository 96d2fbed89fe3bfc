"""Imports that give a name its value in the notebook."""

from __future__ import annotations

import ast
import sys
import types
from typing import Any

__all__ = ["gives", "import_line"]


def gives(node: ast.Import | ast.ImportFrom, alias: ast.alias, value: object) -> bool:
    """Return whether an import, run again in another process, gives the name its value."""
    if isinstance(node, ast.Import):
        name = alias.name if alias.asname else alias.name.partition(".")[0]
        return sys.modules.get(name) is value
    if node.level or not node.module or node.module in ("__main__", "__future__"):
        return node.module == "__future__"
    module = sys.modules.get(node.module)
    if module is None:
        return False
    inner = sys.modules.get(f"{node.module}.{alias.name}")
    return getattr(module, alias.name, inner) is value


def import_line(name: str, value: object) -> str:
    """Return an import that binds a name to a module or an object of one, "" if there is none."""
    if isinstance(value, types.ModuleType):
        module = value.__name__
        if sys.modules.get(module) is not value or module == "__main__":
            return ""
        return f"import {module}" if module == name else _import_as(module, name)
    home: Any = getattr(value, "__module__", None)
    own: Any = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(home, str) or not isinstance(own, str) or home == "__main__":
        return ""
    if not own.isidentifier() or not home.replace(".", "").isidentifier():
        return ""
    if getattr(sys.modules.get(home), own, None) is not value:
        return ""
    as_name = "" if own == name else f" as {name}"
    return f"from {home} import {own}{as_name}"


def _import_as(module: str, name: str) -> str:
    package, _, last = module.rpartition(".")
    if package:
        return f"from {package} import {last}" + ("" if last == name else f" as {name}")
    return f"import {module} as {name}"
