"""`%gage_run`, `%%gage_run` and `%gage`: parse the line, call the function, show its result."""

from __future__ import annotations

import keyword
import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand, output_can_be_silenced

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
from gage._internal.people import outcome
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.suggestions import did_you_mean
from gage._internal.types import Status
from gage_nb.commands import COMMANDS, carry_out, command_name, help_text
from gage_nb.completion import register_matcher, unregister_matcher
from gage_nb.expansion import ExpansionError, expand
from gage_nb.keywords import Display
from gage_nb.observer import NotebookObserver
from gage_nb.running_cells import run_cell_line
from gage_nb.shown import display_run, mark_shown
from gage_nb.spare import spare
from gage_nb.views.run_words import STATUS_SIGNS
from gage_nb.world.executions import start_log, stop_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.formatters import IPythonDisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.operations.run_line import RunLine

__all__ = ["register", "unregister"]

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

# By name: their modules are loaded when somebody asks for several runs.
_BATCH_TYPES = ("gage._internal.batch.batch.Batch", "gage_nb.batch_display.NotebookBatch")

_MAGICS = (("line", "gage_run"), ("cell", "gage_run"), ("line", "gage"))


def register(ip: InteractiveShell) -> None:
    """Register the magics, their completion, and the display of runs."""
    # IPython makes a method of the function in a way that type checkers read as unbound.
    add: Any = ip.register_magic_function
    add(_gage_run(ip), "line_cell", "gage_run")
    add(_gage(ip), "line", "gage")
    register_matcher(ip)
    start_log(ip)
    spare.provide()
    _display_formatter(ip).for_type(RecordedRun, display_run)
    _text_formatter(ip).for_type(Status, _status_line)
    for name in _BATCH_TYPES:
        _display_formatter(ip).for_type(name, _display_batch)


def unregister(ip: InteractiveShell) -> None:
    """Undo `register`."""
    for kind, name in _MAGICS:
        ip.magics_manager.magics[kind].pop(name, None)
    unregister_matcher(ip)
    stop_log(ip)
    spare.dismiss()
    _display_formatter(ip).pop(RecordedRun, None)
    _text_formatter(ip).pop(Status, None)
    for name in _BATCH_TYPES:
        _display_formatter(ip).pop(name, None)


def _gage_run(ip: InteractiveShell) -> Callable[..., Any]:
    def gage_run(line: str, cell: str | None = None) -> Any:
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

    gage_run.__doc__ = f"{run_help('line')}\n\n{run_help('cell')}"
    return no_var_expand(gage_run)


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


def _display_batch(batch: Any) -> None:
    from gage_nb.batches import display_batch

    display_batch(batch)


def _gage(ip: InteractiveShell) -> Callable[..., Any]:
    def gage(line: str) -> Any:
        words = _words(line.rstrip().removesuffix(";"), ip)
        name = words[0] if words else "help"
        args = [_run_called(word, ip) for word in words[1:]]
        if name in ("help", "-h", "--help"):
            print(topic_text(" ".join(words[1:])) or help_text())
            return None
        if command_name(name) not in COMMANDS:
            near = did_you_mean(name, list(COMMANDS))
            raise UsageError(f"%gage has no command {name!r}. {near or 'See %gage help'}")
        try:
            return carry_out(name, args)
        except _OF_THE_LINE as error:
            raise _usage_error(error) from None
        except KeyboardInterrupt as error:
            raise _short(error) from None

    gage.__doc__ = help_text()
    return no_var_expand(output_can_be_silenced(gage))


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
    is_batch = not kinds.isdisjoint(_BATCH_TYPES)
    return str(value.id) if is_batch or isinstance(value, RecordedRun) else word


def _usage_error(error: Exception) -> UsageError:
    # Exactly a UsageError, since IPython shows a subclass with its whole traceback.
    return UsageError(str(error))


def _short(error: KeyboardInterrupt) -> KeyboardInterrupt:
    """Return an interrupt that IPython shows in one line, without the place where we waited."""
    vars(error)["_render_traceback_"] = lambda: ["KeyboardInterrupt"]
    return error


def _status_line(status: Status, printer: Any, _: object) -> None:
    """Show what `run.stop()` and `run.wait()` return in the words of the panel."""
    words = outcome(status.name, status.exit_code, status.reason)
    printer.text(f"{STATUS_SIGNS.get(status.name, '?')} {words}")


def _text_formatter(ip: InteractiveShell) -> Any:
    formatter = ip.display_formatter
    assert formatter is not None  # noqa: S101 - every shell has one once it is made
    return formatter.formatters["text/plain"]


def _display_formatter(ip: InteractiveShell) -> IPythonDisplayFormatter:
    formatter = ip.display_formatter
    assert formatter is not None  # noqa: S101 - every shell has one once it is made
    own: IPythonDisplayFormatter = formatter.ipython_display_formatter
    return own
