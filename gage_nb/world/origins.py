"""The origins of names: the statements that made them, as code that can run before a cell.

A name is carried as code if its last binding is a statement at the top level whose meaning does not
depend on when it runs: an import, a definition, a constant. A definition has to be that of the
notebook's object: their compiled code is compared.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gage_nb.world.constants import NOTHING, constant_of, same_constant
from gage_nb.world.definitions import is_definition_of
from gage_nb.world.facts import Facts, parsed
from gage_nb.world.importing import gives, import_line
from gage_nb.world.syntax import facts_of_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gage_nb.world.executions import Execution

__all__ = ["Origin", "Origins", "Part"]

_MAX_CONSTANT_CHARACTERS = 300


@dataclass(frozen=True)
class Part:
    """Carried code: lines of an executed cell, or a generated line.

    Attributes
    ----------
    number
        The execution that it comes from; 0 for a generated line.
    index
        The position of the statement in that cell, from 0; -1 for a generated line.
    first_line, last_line
        Its lines in the cell, from 1; 0 for a generated line.
    """

    number: int
    index: int
    first_line: int
    last_line: int
    text: str
    kind: Literal["import", "definition", "constant", "setting"]
    names: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the other parts."""
        return self.number, self.index

    @property
    def facts(self) -> Facts:
        """The facts about its names."""
        return _facts_of_part(self.text)


@functools.lru_cache(maxsize=2000)
def _facts_of_part(text: str) -> Facts:
    tree = parsed(text)
    return Facts() if tree is None else facts_of_nodes(tree.body)


@dataclass(frozen=True)
class Origin:
    """The last binding of a name: the execution, and its statement if it is known."""

    execution: Execution
    index: int
    node: ast.stmt | None


class Origins:
    """The origins of a notebook's names."""

    def __init__(self, executions: Sequence[Execution]) -> None:
        self.executions = list(executions)
        self._last: dict[str, Origin] = {}
        for execution in self.executions:
            self._note(execution)

    def of(self, name: str) -> Origin | None:
        """Return the last binding of a name, None if it is not known."""
        return self._last.get(name)

    def number(self, name: str) -> int:
        """Return the number of the execution that made a name, 0 if it is not known."""
        origin = self._last.get(name)
        return 0 if origin is None else origin.execution.number

    def import_part(self, name: str, value: object) -> Part | None:
        """Return the import that gives a name its value, one that ran or a generated one."""
        origin = self._last.get(name)
        if origin is not None and isinstance(origin.node, ast.Import | ast.ImportFrom):
            node = origin.node
            own = [
                alias for alias in node.names if (alias.asname or _bound_by(node, alias)) == name
            ]
            if own and gives(node, own[0], value):
                return _part_of(origin, "import", _names_of(node))
        text = import_line(name, value)
        if not text:
            return None
        return Part(self.number(name), -1, 0, 0, text, "import", (name,))

    def definition_part(self, name: str, value: Any, namespace: Mapping[str, Any]) -> Part | None:
        """Return the statement that defines a function or class, if it defines exactly this one."""
        origin = self._last.get(name)
        if origin is None:
            return None
        node = origin.node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None
        if node.name == name and is_definition_of(node, value, namespace):
            return _part_of(origin, "definition", (name,))
        return None

    def constant_part(self, name: str, value: object) -> Part | None:
        """Return the statement that binds a small constant, if the name still has it."""
        origin = self._last.get(name)
        if origin is None or not isinstance(origin.node, ast.Assign):
            return None
        node = origin.node
        if not (len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            return None
        literal = constant_of(node.value)
        if literal is NOTHING or not same_constant(literal, value):
            return None
        part = _part_of(origin, "constant", (name,))
        return part if len(part.text) <= _MAX_CONSTANT_CHARACTERS else None

    def statements(self, execution: Execution) -> list[ast.stmt]:
        """Return the statements of an execution."""
        tree = _tree(execution.code)
        return [] if tree is None else tree.body

    def setting_part(self, execution: Execution, index: int) -> Part:
        """Return a statement of an execution that configures something, as a part."""
        return _part_of(Origin(execution, index, self.statements(execution)[index]), "setting", ())

    def _note(self, execution: Execution) -> None:
        tree = _tree(execution.code)
        seen: set[str] = set()
        if tree is not None:
            for index, node in enumerate(tree.body):
                binds = _facts_of_statement(execution.code, index).binds
                for name in binds:
                    # If it failed, only names that were seen to be bound count.
                    if execution.success is False and name not in execution.bound:
                        continue
                    self._last[name] = Origin(execution, index, node)
                seen |= binds
        for name in execution.bound - seen:
            self._last[name] = Origin(execution, 0, None)


@functools.lru_cache(maxsize=2000)
def _tree(code: str) -> ast.Module | None:
    return parsed(code)


@functools.lru_cache(maxsize=20000)
def _facts_of_statement(code: str, index: int) -> Facts:
    tree = _tree(code)
    assert tree is not None  # noqa: S101 - asked for a statement that it has
    return facts_of_nodes([tree.body[index]])


def _part_of(
    origin: Origin,
    kind: Literal["import", "definition", "constant", "setting"],
    names: tuple[str, ...],
) -> Part:
    node = origin.node
    assert node is not None  # noqa: S101 - only called where there is one
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    last = node.end_lineno or node.lineno
    code = origin.execution.code
    if decorators or _alone_on_its_lines(code, node):
        text = "\n".join(code.split("\n")[first - 1 : last])
    else:
        text = ast.get_source_segment(code, node) or ast.unparse(node)
    return Part(origin.execution.number, origin.index, first, last, text, kind, names)


def _alone_on_its_lines(code: str, node: ast.stmt) -> bool:
    tree = _tree(code)
    return tree is not None and not any(
        other is not node
        and other.lineno <= (node.end_lineno or node.lineno)
        and (other.end_lineno or other.lineno) >= node.lineno
        for other in tree.body
    )


def _names_of(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    return tuple(alias.asname or _bound_by(node, alias) for alias in node.names)


def _bound_by(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name
