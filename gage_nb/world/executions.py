"""The cells that a kernel has executed, and their effects.

`ExecutionLog` records every execution from `%load_ext` to `%unload_ext`: IPython calls it before
and after each cell. Earlier executions are read from IPython's history, which has only their
source.
"""

from __future__ import annotations

import functools
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage_nb.world.open_watch import OpenWatch
from gage_nb.world.settings import baseline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from gage_nb.world.facts import Facts

__all__ = ["Execution", "ExecutionLog", "log_of", "start_log", "stop_log"]

_MAX_OPENED = 200
_OWN = frozenset({"gage", "gage_nb"})
_RANDOM = frozenset({"random", "numpy.random"})


@dataclass(frozen=True)
class Execution:
    """An execution of a cell.

    Attributes
    ----------
    number
        The number in `In [number]`.
    cell_id
        The id of the cell in the notebook, "" if it is not known.
    source
        The text as typed.
    success
        Whether it ended without an error; None for a cell from the history.
    started_us, ended_us
        Epoch microseconds, 0 if they are not known.
    bound
        Names of the notebook that it bound, rebound or deleted.
    changed
        Other changed state: `random`, `numpy.random`, `cwd`, `environ`, `sys.path`, `rcParams`.
    modules
        Imported modules other than installed packages and the standard library.
    opened
        Absolute paths of files that were opened for reading, without installed packages.
    random
        The states of the random generators that it changed, as they were before: as
        `settings.random_states` takes them.
    """

    number: int
    cell_id: str
    source: str
    success: bool | None = None
    started_us: int = 0
    ended_us: int = 0
    bound: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    random: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The source as Python ran it, with IPython's syntax translated."""
        return _translated(self.source)

    @property
    def facts(self) -> Facts:
        """The facts about the source's names."""
        from gage_nb.world.syntax import facts_of  # only a run needs it

        return facts_of(self.code)

    @property
    def label(self) -> str:
        """The name of the cell in messages and file names."""
        return f"cell {self.number}"


@functools.lru_cache(maxsize=2000)
def _translated(source: str) -> str:
    from gage_nb.world.magics import translated  # likewise

    return translated(source)


@dataclass
class _Before:
    """The state before a cell."""

    info: ExecutionInfo
    started_us: int
    names: dict[str, int]
    state: dict[str, Any]
    modules: int
    opened: dict[str, None] = field(default_factory=dict)


class ExecutionLog:
    """The log of one shell; `before` is the state at its begin: `settings.baseline`."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.before: dict[str, Any] = {}
        self._executions: list[Execution] = []
        self._before: _Before | None = None
        self._depth = 0
        self._names: dict[str, int] = {}
        self._state: dict[str, Any] = {}
        self._prefixes = tuple({sys.prefix, sys.base_prefix, str(Path(os.__file__).parent)})
        self._not_noted = (*self._prefixes, "/proc/", "/sys/", "/dev/")
        manager = shell.history_manager
        history = [] if manager is None else manager.input_hist_raw
        self._first = len(history)
        self._watch = OpenWatch(self._opened)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was executed before the log began except the cell that began it."""
        return self._first <= 2

    def executions(self) -> list[Execution]:
        """Return the executions so far, in their order, without the cell being executed."""
        manager = self._shell.history_manager
        history = [] if manager is None else list(manager.input_hist_raw)
        known = {execution.number for execution in self._executions}
        early = [
            Execution(number, "", source)
            for number, source in enumerate(history[: self._first])
            if number not in known and source.strip()
        ]
        return [*early, *self._executions]

    # What IPython calls

    def before_cell(self, info: ExecutionInfo) -> None:
        """Record the state before a cell."""
        self._depth += 1
        if self._depth > 1:
            return  # a magic runs its body as a cell, which is part of the cell being executed
        self._watch.install()  # again, for modules that were loaded meanwhile
        self._before = _Before(
            info,
            time.time_ns() // 1000,
            # What has changed since the last cell, as a widget changes it, belongs to this one.
            self._names or _ids(self._shell.user_ns),
            self._state or _state(),
            len(sys.modules),
        )

    def after_cell(self, result: ExecutionResult) -> None:
        """Record the effects of a cell."""
        self._depth = max(self._depth - 1, 0)
        if self._depth:
            return
        before, self._before = self._before, None
        if before is None or not (before.info.store_history and result.execution_count):
            return
        names = self._names = _ids(self._shell.user_ns)
        bound = {name for name, _ in names.items() ^ before.names.items()}
        # The present state is the state before the next cell.
        state = self._state = _state()
        changed = {
            key
            for key in state.keys() & before.state.keys()
            if state.get(key) != before.state.get(key)
        }
        number = result.execution_count
        source = str(before.info.raw_cell or "")
        if "numpy.random" in state and "numpy.random" not in before.state and "random" in source:
            changed.add("numpy.random")
        self._executions.append(
            Execution(
                number=number,
                cell_id=str(getattr(before.info, "cell_id", None) or ""),
                source=source,
                success=bool(result.success),
                started_us=before.started_us,
                ended_us=time.time_ns() // 1000,
                bound=frozenset(name for name in bound if not _is_of_ipython(name)),
                changed=frozenset(changed),
                modules=tuple(self._new_modules(before.modules)),
                # What a run of a cell opens in the kernel is what gage reads itself.
                opened=() if source.lstrip().startswith("%%gage_run") else tuple(before.opened),
                random={key: before.state[key] for key in _RANDOM & changed & before.state.keys()},
            )
        )

    def close(self) -> None:
        """Stop recording."""
        self._watch.remove()

    def _new_modules(self, before: int) -> list[str]:
        if len(sys.modules) <= before:
            return []
        found = []
        for name, module in list(sys.modules.items())[before:]:
            if name.partition(".")[0] in _OWN:
                continue  # loaded by what we do, in a thread too
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and not path.startswith(self._prefixes):
                found.append(name)
        return found

    def _opened(self, path: str) -> None:
        """Note a file that was opened, in any thread, while a cell is executed."""
        before = self._before
        if before is None or len(before.opened) >= _MAX_OPENED or path == ":memory:":
            return
        if not path.startswith(self._not_noted):
            # `Path` is slow, and a cell may open thousands of files.
            full_path = path if path.startswith("/") else str(Path(path).absolute())
            before.opened[full_path] = None


def _ids(namespace: Mapping[str, object]) -> dict[str, int]:
    """Return which object each name has; quick, as a long session has thousands of names."""
    return dict(zip(namespace, map(id, namespace.values()), strict=True))


def _is_of_ipython(name: str) -> bool:
    """Return whether IPython itself binds a name: `_`, `_5`, `_i5`, `In`."""
    if name in ("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_dh", "_oh", "_ih"):
        return True
    return name.startswith("_") and name.lstrip("_i").isdigit()


def _state() -> dict[str, Any]:
    """Return the state of the process that a cell may change for later cells."""
    state: dict[str, Any] = {
        "random": random.getstate(),
        "cwd": _cwd(),
        "environ": dict(os.environ),
        "sys.path": tuple(sys.path),
    }
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        kind, keys, *rest = numpy_random.get_state()
        state["numpy.random"] = (kind, keys.tobytes(), *rest)
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None and hasattr(matplotlib, "rcParams"):
        # Not `rcParams.copy`, which checks each value.
        state["rcParams"] = dict(dict.items(matplotlib.rcParams))
    return state


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""


# One log for each shell.
_logs: dict[InteractiveShell, ExecutionLog] = {}


def start_log(shell: InteractiveShell) -> ExecutionLog:
    """Begin to record the executions of a shell, for `%load_ext`."""
    if shell not in _logs:
        log = _logs[shell] = ExecutionLog(shell)
        log.before = baseline()
        shell.events.register("pre_run_cell", log.before_cell)
        shell.events.register("post_run_cell", log.after_cell)
    return _logs[shell]


def stop_log(shell: InteractiveShell) -> None:
    """Stop recording and drop the log, for `%unload_ext`."""
    log = _logs.pop(shell, None)
    if log is not None:
        log.close()
        shell.events.unregister("pre_run_cell", log.before_cell)
        shell.events.unregister("post_run_cell", log.after_cell)


def log_of(shell: InteractiveShell) -> ExecutionLog:
    """Return the log of a shell, or a new one from its history if none was begun."""
    return _logs.get(shell) or ExecutionLog(shell)
