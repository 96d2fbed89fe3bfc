"""What the lines of `%gage_run`, `%%gage_run` and `%gage` do: parse, call the function, show.

`%load_ext` does not load this module: it loads all that a run needs.
"""

from __future__ import annotations

import keyword
import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from gage._internal.api.driver import asked_of_line, run_line
from gage._internal.errors import (
    ConfigError,
    DependencyError,
    OptionError,
    PatternError,
    RunNotFound,
    TargetError,
)
from gage._internal.operations.help_topics import topic_text
from gage._internal.operations.line_help import help_text as run_help
from gage._internal.operations.run_line import LineError, parse
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.suggestions import did_you_mean
from gage_nb.command_list import BATCH_TYPES, COMMANDS, command_name, help_text
from gage_nb.expansion import ExpansionError, expand
from gage_nb.keywords import Display
from gage_nb.observer import NotebookObserver
from gage_nb.shown import mark_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.operations.run_line import RunLine

__all__ = ["gage", "gage_run"]

# What is wrong with the line, not with the run: told in one line, without a traceback.
_OF_THE_LINE = (
    ConfigError,
    DependencyError,
    ExpansionError,
    OptionError,
    PatternError,
    RunNotFound,
    TargetError,
)


def gage_run(ip: InteractiveShell, line: str, cell: str | None) -> Any:
    """Carry out a line of `%gage_run`, or of `%%gage_run` with its cell."""
    form = "line" if cell is None else "cell"
    # Of the line: one at the end of the cell silences the value of its last expression, and
    # nothing else, as in a cell without the magic.
    silent = line.rstrip().endswith(";")
    words = _words(line.rstrip().removesuffix(";"), ip)
    try:
        parsed = parse(words, form)
        if parsed.only.help or (cell is None and not words):
            print(run_help(form), end="")
            return None
        result = _launch(ip, parsed, cell, silent=silent)
        return None if silent else result
    except _OF_THE_LINE as error:
        raise _usage_error(error) from None
    except ValueError as error:
        raise _usage_error(error) from None
    except KeyboardInterrupt as error:
        raise _short(error) from None


def gage(ip: InteractiveShell, line: str) -> Any:
    """Carry out a line of `%gage`."""
    words = _words(line.rstrip().removesuffix(";"), ip)
    name = words[0] if words else "help"
    args = [_run_called(word, ip) for word in words[1:]]
    if name in ("help", "-h", "--help"):
        print(topic_text(" ".join(words[1:])) or help_text())
        return None
    if command_name(name) not in COMMANDS:
        near = did_you_mean(name, list(COMMANDS))
        raise UsageError(f"%gage has no command {name!r}. {near or 'See %gage help'}")
    from gage_nb.commands import carry_out  # loads pandas

    try:
        return carry_out(name, args)
    except _OF_THE_LINE as error:
        raise _usage_error(error) from None
    except KeyboardInterrupt as error:
        raise _short(error) from None


def _launch(ip: InteractiveShell, line: RunLine, cell: str | None, *, silent: bool) -> Any:
    if line.only.each is not None:
        from gage_nb.batches import with_rows_of  # most lines ask for one run

        line = with_rows_of(line, ip.user_ns)
    options = line.options._replace(quiet=line.options.quiet or silent)
    line = line._replace(options=options)
    name = line.only.as_name
    observer = NotebookObserver(
        options, Display(on_made=None if name is None else _binder(ip, name))
    )
    if cell is None:
        result = run_line(line, asked_of_line(line), observer)
    else:
        from gage_nb.running_cells import run_cell_line  # loads what finds a cell's names

        result = run_cell_line(line, cell, observer)
    if isinstance(result, str):
        print(result)
        return None
    made = observer.batch or result
    if options.quiet and not _has_failed(made):
        mark_shown(made.id)  # otherwise it would be displayed as the value of the cell
    return made


def _has_failed(work: Any) -> bool:
    """Return whether a run, or a run of a batch, has ended without completing."""
    statuses = [work.status] if isinstance(work, RecordedRun) else [*work.counts()]
    return not {"error", "terminated", "damaged"}.isdisjoint(statuses)


def _binder(ip: InteractiveShell, name: str) -> Callable[[object], None]:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise LineError(f"expected the name of a variable after --as, found {name!r}")
    return lambda run: ip.push({name: run})


def _words(line: str, ip: InteractiveShell) -> list[str]:
    """Split a line like a POSIX shell, then replace each `{expression}` by its value."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"cannot read the line {line!r}: {error}. Close every quote") from None
    try:
        return [expand(word, ip.user_ns) for word in words]
    except ExpansionError as error:
        raise _usage_error(error) from None


def _run_called(word: str, ip: InteractiveShell) -> str:
    """Return the id of the run or batch in a variable of this name, else the word."""
    value = ip.user_ns.get(word)
    # By name, since the module of batches is loaded only for several runs.
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}
    is_batch = not kinds.isdisjoint(BATCH_TYPES)
    return str(value.id) if is_batch or isinstance(value, RecordedRun) else word


def _usage_error(error: Exception) -> UsageError:
    # Exactly a UsageError, since IPython shows a subclass with its whole traceback.
    return UsageError(str(error))


def _short(error: KeyboardInterrupt) -> KeyboardInterrupt:
    """Return an interrupt that IPython shows in one line, without the place where we waited."""
    vars(error)["_render_traceback_"] = lambda: ["KeyboardInterrupt"]
    return error
