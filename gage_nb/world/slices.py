"""A slice of the notebook: the executions that make a name when they run again.

It is found backwards from the cell: a name leads to the last execution that bound it, and to later
ones that may have changed its object; each of them leads to the names that it reads. The body of a
function counts where it is called, not where it is defined. A slice has whole cells, in the order
in which they ran. If a slice is doubtful, all executions are used, and the doubt is reported.
"""

from __future__ import annotations

import ast
import builtins
import functools
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gage_nb.world.changes import Changes, changes_of, parameters_changed
from gage_nb.world.configuring import is_configuring, package_of
from gage_nb.world.facts import Facts, parsed
from gage_nb.world.ipython_names import OF_IPYTHON, is_of_ipython
from gage_nb.world.syntax import facts_of, facts_of_nodes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from gage_nb.world.executions import Execution

__all__ = ["Slice", "slice_of"]


@dataclass(frozen=True)
class Slice:
    """The executions to run, in their order.

    Attributes
    ----------
    unknown
        Names that no execution made.
    doubts
        Reasons why more, or other, executions may be needed.
    """

    executions: tuple[Execution, ...] = ()
    unknown: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()


@dataclass
class _Step:
    """An execution with its facts for slices."""

    execution: Execution
    facts: Facts
    changes: Changes
    binds: set[str] = field(default_factory=set)
    configures: set[str] = field(default_factory=set)


def slice_of(
    names: Collection[str],
    executions: Sequence[Execution],
    namespace: Mapping[str, Any],
    *,
    source: str = "",
) -> Slice:
    """Return the executions that make names with their present values.

    Parameters
    ----------
    source
        The cell that needs them, whose calls change objects after all executions.
    """
    steps = [_step(execution) for execution in executions if not _is_ours(execution)]
    slicer = _Slicer(steps, namespace)
    if source and facts_of(source).dynamic:
        return slicer.whole(f"the cell calls {min(facts_of(source).dynamic)}()")
    return slicer.slice(names)


def _is_ours(execution: Execution) -> bool:
    """Return whether an execution only uses gage, so that it makes nothing for a cell."""
    words = execution.source.lstrip().split(maxsplit=2)
    if not words:
        return True
    if words[0] == "%%gage_run":
        return True
    lines = [line for line in execution.source.splitlines() if line.strip()]
    return all(line.lstrip().startswith(("%load_ext gage_nb", "%gage", "#")) for line in lines)


def _step(execution: Execution) -> _Step:
    facts = execution.facts
    binds = set(facts.binds) | set(execution.bound)
    if execution.success is False:
        binds &= set(execution.bound)
    configures = set()
    tree = parsed(execution.code)
    for node in tree.body if tree else []:
        root = is_configuring(node)
        if root:
            configures.add(root)
    return _Step(execution, facts, changes_of(execution.code), binds, configures)


class _Slicer:
    def __init__(self, steps: list[_Step], namespace: Mapping[str, Any]) -> None:
        self._steps = steps
        self._namespace = namespace
        self._taken: set[int] = set()
        self._asked: set[tuple[str, int]] = set()
        self._modules = {
            name for name, value in namespace.items() if isinstance(value, types.ModuleType)
        }
        self._functions = self._find_functions()

    def whole(self, doubt: str) -> Slice:
        """Return all executions."""
        return Slice(
            tuple(step.execution for step in self._steps),
            frozenset(),
            (f"{doubt}: all cells run",),
        )

    def slice(self, names: Iterable[str]) -> Slice:
        """Return the executions that make names with their present values."""
        end = len(self._steps)
        waiting = [(name, end) for name in names]
        wanted = set(names)
        while waiting:
            waiting += self._resolve(*waiting.pop())
        self._add_configuring()
        unknown = {name for name in wanted if not self._is_bound(name)}
        if unknown and any(step.facts.stars for step in self._steps):
            return self.whole(f"no cell is seen to make {min(unknown)}")
        for index in sorted(self._taken):
            doubt = _doubt_of(self._steps[index])
            if doubt:
                return self.whole(f"cell {self._steps[index].execution.number} {doubt}")
        found = tuple(self._steps[index].execution for index in sorted(self._taken))
        return Slice(found, frozenset(unknown), ())

    def _is_bound(self, name: str) -> bool:
        return (
            any(name in step.binds for step in self._steps)
            or hasattr(builtins, name)
            or self._is_given(name)
        )

    def _is_given(self, name: str) -> bool:
        """Return whether every cell has a name, so that none makes it."""
        if name in ("In", "Out"):
            return True
        value = self._namespace.get(name)
        return name in OF_IPYTHON and (value is None or is_of_ipython(name, value))

    def _resolve(self, name: str, before: int) -> list[tuple[str, int]]:
        """Add the executions that make a name before an execution; return their needs."""
        if (name, before) in self._asked or name.startswith("__") or self._is_given(name):
            return []
        self._asked.add((name, before))
        needed: list[tuple[str, int]] = []
        bound_at = None
        for index in range(before - 1, -1, -1):
            step = self._steps[index]
            if name in step.binds:
                needed += self._take(index)
                bound_at = index
                if name in step.facts.surely_binds or name in step.execution.bound:
                    # If it read the name first, it needs the earlier value: see `_take`.
                    break
        if bound_at is None:
            return needed
        if name not in self._modules:
            needed += self._changed_between(name, bound_at, before)
        needed += self._called_by(name, before)
        return needed

    def _changed_between(self, name: str, first: int, before: int) -> list[tuple[str, int]]:
        """Add the executions that may change a name's object, or one that shares parts with it."""
        needed: list[tuple[str, int]] = []
        same = self._same_as(name, before)
        for index in range(before - 1, -1, -1):
            changed = self._changed_by(index) & same
            if changed and (index >= first or changed - {name}):
                needed += self._take(index)
                needed += [(other, index) for other in changed]
        return needed

    def _changed_by(self, index: int) -> set[str]:
        step = self._steps[index]
        found = set(step.changes.changed)
        for function, position, name in step.changes.passed:
            if self._changes_parameter(function, position):
                found.add(name)
        for function in step.changes.calls:
            found |= self._changes_global(function)
            if any(_has_mutable_default(node) for node in self._definitions(function)):
                found.add(function)
        return found - self._modules

    def _same_as(self, name: str, before: int) -> set[str]:
        """Return the names whose objects may share something with that of a name."""
        links: dict[str, set[str]] = {}
        for step in self._steps[:before]:
            for pair in step.changes.aliases:
                first, second = sorted(pair)
                if first in self._modules or second in self._modules:
                    continue
                links.setdefault(first, set()).add(second)
                links.setdefault(second, set()).add(first)
        found, waiting = {name}, [name]
        while waiting:
            for other in links.get(waiting.pop(), ()):
                if other not in found and not self._is_atomic(other):
                    found.add(other)
                    waiting.append(other)
        return found

    def _is_atomic(self, name: str) -> bool:
        value = self._namespace.get(name, self)
        return isinstance(
            value, bool | int | float | complex | str | bytes | type | types.FunctionType
        )

    def _take(self, index: int) -> list[tuple[str, int]]:
        if index in self._taken:
            return []
        self._taken.add(index)
        step = self._steps[index]
        own = step.facts.surely_binds - step.facts.reads
        needed = [(name, index) for name in step.facts.now]
        for name in step.changes.calls | step.facts.now:
            if name not in own:
                needed += self._called_by(name, index)
        # Its functions may be called at any time, also by objects.
        end = len(self._steps)
        deferred = step.facts.reads - step.facts.now
        needed += [(name, end) for name in deferred]
        return needed

    def _called_by(self, name: str, before: int) -> list[tuple[str, int]]:
        """Return the names that a function reads when it is called before an execution."""
        found = None
        for index in range(before):
            if (index, name) in self._functions:
                found = self._functions[index, name]
        if found is None:
            return []
        return [(other, before) for other in _free_names(found) if other != name]

    # Functions of the notebook

    def _find_functions(self) -> dict[tuple[int, str], ast.stmt]:
        found: dict[tuple[int, str], ast.stmt] = {}
        for index, step in enumerate(self._steps):
            tree = parsed(step.execution.code)
            for node in tree.body if tree else []:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    found[index, node.name] = node
                elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            found[index, target.id] = node
        return found

    def _definitions(self, name: str) -> list[ast.stmt]:
        return [node for (_, other), node in self._functions.items() if other == name]

    def _changes_parameter(self, name: str, position: int | str) -> bool:
        for node in self._definitions(name):
            if isinstance(node, ast.ClassDef):
                continue
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            at = (
                names.index(position)
                if isinstance(position, str) and position in names
                else position
            )
            parameter = names[at] if isinstance(at, int) and at < len(names) else position
            changes = _changes_of_function(node)
            touched = set(changes.changed)
            for called, place, arg in changes.passed:
                if called != name and self._changes_parameter_once(called, place):
                    touched.add(arg)
            for pair in changes.aliases:
                if pair & touched:
                    touched |= pair
            if parameter in touched:
                return True
        return False

    def _changes_parameter_once(self, name: str, position: int | str) -> bool:
        """Return `_changes_parameter` for a function that another one calls, but not deeper."""
        for node in self._definitions(name):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
                index = names.index(position) if position in names else position
                own = names[index : index + 1] if isinstance(index, int) else []
                if set(own) & _changes_of_function(node).changed:
                    return True
        return False

    def _changes_global(self, name: str, depth: int = 3) -> set[str]:
        """Return the names of the notebook whose objects calling a function may change."""
        found: set[str] = set()
        for node in self._definitions(name):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                free = _free_names(node)
                changes = _changes_of_function(node)
                found |= changes.changed & free
                if depth:
                    for called in changes.calls:
                        found |= self._changes_global(called, depth - 1)
        return found

    # Configuration

    def _add_configuring(self) -> None:
        """Add the cells that only import and configure packages that the others use."""
        used = set()
        for index in self._taken:
            used |= self._steps[index].facts.reads | self._steps[index].binds
        packages = {_package(self._namespace.get(name)) for name in used} - {""}
        for index, step in enumerate(self._steps):
            if index in self._taken or step.execution.success is False:
                continue
            roots = {package_of(self._namespace.get(name)) for name in step.configures}
            is_seed = bool(step.execution.changed & {"random", "numpy.random", "rcParams", "cwd"})
            if roots & packages or (is_seed and step.configures):
                waiting = self._take(index)
                while waiting:
                    waiting += self._resolve(*waiting.pop())


def _has_mutable_default(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    defaults = (*node.args.defaults, *node.args.kw_defaults)
    return any(isinstance(default, ast.List | ast.Dict | ast.Set) for default in defaults)


def _package(value: object) -> str:
    return value.__name__.partition(".")[0] if isinstance(value, types.ModuleType) else ""


def _free_names(node: ast.stmt) -> set[str]:
    facts = facts_of_nodes([node])
    return set(facts.reads)


def _changes_of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Changes:
    return _changes_of_source(ast.unparse(node))


@functools.lru_cache(maxsize=2000)
def _changes_of_source(text: str) -> Changes:
    tree = parsed(text)
    node = tree.body[0] if tree and tree.body else None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return parameters_changed(node)
    return Changes()


def _doubt_of(step: _Step) -> str:
    """Return why the needs of an execution are doubtful, "" if they are not."""
    facts, code = step.facts, step.execution.code
    if "exec" in facts.dynamic or "eval" in facts.dynamic:
        return "runs code that is not visible in its source"
    if "globals" in facts.dynamic:
        return "uses names through globals()"
    if "run_line_magic('run'" in code or "run_line_magic('load'" in code:
        return "runs a script in the notebook"
    if facts.reads & {"_", "__", "___", "Out", "In"} or any(
        name.startswith("_") and name[1:].isdigit() for name in facts.reads
    ):
        return "uses the output of another cell"
    if "input" in facts.reads or "getpass" in facts.reads:
        return "asks for input"
    return ""
