"""The names that a cell needs, and how each of them can be carried: as code or as a value.

A name of the cell needs others: a function needs the globals that it reads when it is called, an
object its class. `Needs` follows them through the notebook's present objects, not through the
source of its cells.
"""

from __future__ import annotations

import ast
import builtins
import sys
import types
from typing import TYPE_CHECKING, Any

from gage_nb.world.definitions import class_differences, names_called_by
from gage_nb.world.facts import globals_of_code
from gage_nb.world.importing import import_line
from gage_nb.world.ipython_names import OF_IPYTHON, is_of_ipython

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from gage_nb.world.facts import Facts
    from gage_nb.world.origins import Origins, Part

__all__ = ["Needs", "unknown_names"]

_ATTRIBUTES_OF_FUNCTIONS = frozenset({"__wrapped__"})


def unknown_names(facts: Facts, namespace: Mapping[str, Any]) -> list[str]:
    """Return the names that a cell certainly reads and that do not exist."""
    if facts.stars or "exec" in facts.dynamic:
        return []
    return sorted(
        name
        for name in facts.certain
        if name not in namespace and not hasattr(builtins, name) and name not in OF_IPYTHON
        if not (name.startswith("__") and name.endswith("__"))
    )


class Needs:
    """The names that have to be carried for a cell.

    Attributes
    ----------
    parts
        Names that are carried as code, each with its part.
    values
        Names that are carried as values.
    attributes
        Attributes of functions and classes that are carried as code, by name, which running their
        definition does not set.
    modules
        Further modules that the code uses, such as `sklearn.metrics` in `sklearn.metrics.auc`.
    evaluates
        Whether a function or class that is carried evaluates strings.
    """

    def __init__(
        self, namespace: Mapping[str, Any], origins: Origins, given: Collection[str] = ()
    ) -> None:
        self.parts: dict[str, Part] = {}
        self.values: dict[str, Any] = {}
        self.attributes: dict[str, dict[str, object]] = {}
        self.modules: dict[str, None] = {}
        self.evaluates = False
        self._namespace = namespace
        self._origins = origins
        self._given = frozenset(given)
        self._asked: set[str] = set()
        self._as_value: set[str] = set()

    def add_facts(self, facts: Facts) -> None:
        """Add the names that source reads, and the modules that it uses."""
        self.add(facts.reads)
        for chain in facts.chains:
            self._ask_for_modules(chain)

    def add(self, names: Iterable[str]) -> None:
        """Add names and the names that they need, if the notebook has them."""
        waiting = sorted(names)
        while waiting:
            name = waiting.pop()
            if name in self._asked or name in self._given or name not in self._namespace:
                continue
            if is_of_ipython(name, self._namespace[name]):
                continue
            if name.startswith("__") and name.endswith("__") and name != "__":
                continue
            self._asked.add(name)
            waiting += sorted(self._carry(name, self._namespace[name]))

    def add_code(self, names: Iterable[str]) -> bool:
        """Add names if all of them are code; return whether they are."""
        before = set(self.values)
        self.add(names)
        new = self.values.keys() - before
        for name in new:
            self.drop(name)
        return not new

    def add_all(self) -> None:
        """Add all names that the notebook made."""
        hidden = ("In", "Out")
        self.add(
            name
            for name, value in self._namespace.items()
            if not name.startswith("_") and name not in hidden and not _is_shell(value)
        )

    def is_code(self, name: str, value: Any) -> bool:
        """Return whether a function or class of the notebook is carried as code; plan it if not."""
        if getattr(value, "__qualname__", name) != name or self._namespace.get(name) is not value:
            return False
        self.add([name])
        part = self.parts.get(name)
        return part is not None and part.kind == "definition"

    def drop(self, name: str) -> None:
        """Remove a name from the values, since it is carried in another way."""
        self.values.pop(name, None)

    # How a name is carried

    def _carry(self, name: str, value: Any) -> set[str]:
        """Decide how a name is carried, and return the names that it needs."""
        part = self._part(name, value, set())
        if part is None:
            self.values[name] = value
            return _globals_of_value(value)
        self.parts[name] = part
        if part.kind != "definition":
            return set()
        facts = part.facts
        self.evaluates = self.evaluates or bool(facts.dynamic)
        for chain in facts.chains:
            self._ask_for_modules(chain)
        found = set(facts.reads)
        own = self._attributes_of(name, value)
        if own:
            self.attributes[name] = own
            for attribute in own.values():
                found |= _globals_of_value(attribute)
        return found

    def _part(self, name: str, value: Any, asking: set[str]) -> Part | None:
        """Return the code that gives a name its value, None if it has to be carried as a value."""
        origins = self._origins
        if name in self._as_value:
            return None
        if isinstance(value, types.ModuleType) or import_line(name, value):
            return origins.import_part(name, value)
        if isinstance(value, bool | int | float | complex | str | bytes | tuple | type(None)):
            return origins.constant_part(name, value)
        part = origins.definition_part(name, value, self._namespace)
        if part is None:
            return None
        # The names that its statement reads when it runs must exist before any value is bound.
        called = names_called_by(part.text)
        for needed in part.facts.now - {name}:
            if needed in asking or hasattr(builtins, needed):
                continue
            if needed not in self._namespace:
                return None
            if not self._is_there_before_values(needed, asking | {name}, called=needed in called):
                self._as_value.add(name)
                return None
        return part

    def _is_there_before_values(self, name: str, asking: set[str], *, called: bool) -> bool:
        """Return whether a name, and all names that it reads when called, are code."""
        if name in asking or name not in self._namespace:
            return hasattr(builtins, name) or name in asking
        part = self._part(name, self._namespace[name], asking)
        if part is None:
            return False
        if not called or part.kind != "definition":
            return True
        return all(
            self._is_there_before_values(other, asking | {name}, called=True)
            for other in part.facts.reads
            if other in self._namespace
        )

    def _attributes_of(self, name: str, value: Any) -> dict[str, object]:
        origin = self._origins.of(name)
        if isinstance(value, type):
            node = origin.node if origin else None
            return class_differences(node, value) if isinstance(node, ast.ClassDef) else {}
        if type(value) is types.FunctionType:
            own = vars(value)
            return {key: own[key] for key in own if key not in _ATTRIBUTES_OF_FUNCTIONS}
        return {}

    def _ask_for_modules(self, chain: tuple[str, ...]) -> None:
        """Note the submodules that an attribute chain needs to be loaded."""
        value = self._namespace.get(chain[0])
        if not isinstance(value, types.ModuleType):
            return
        path = value.__name__
        for part in chain[1:]:
            path = f"{path}.{part}"
            inner = getattr(value, part, None)
            if not isinstance(inner, types.ModuleType) or sys.modules.get(path) is not inner:
                return
            self.modules[path] = None
            value = inner


def _globals_of_value(value: Any) -> set[str]:
    """Return the global names that a function, or a function of a class, reads."""
    found: set[str] = set()
    if isinstance(value, type):
        if value.__module__ == "__main__":
            for attribute in vars(value).values():
                found |= _globals_of_value(attribute)
        return found
    function = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    if isinstance(function, types.FunctionType) and function.__module__ == "__main__":
        return globals_of_code(function.__code__)
    return found


def _is_shell(value: object) -> bool:
    return type(value).__module__.startswith(("IPython.", "ipykernel.", "gage_nb."))
