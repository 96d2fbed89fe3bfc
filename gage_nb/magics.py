"""`%gage_run`, `%%gage_run` and `%gage`: parse the line, call the function, show what it gives."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand, output_can_be_silenced

from gage._internal.errors import ConfigError, PatternError, RunNotFound, TargetError
from gage._internal.recorded_run import RecordedRun
from gage._internal.run_line import LineError, RunLine, make_parser, parse
from gage._internal.suggestions import did_you_mean
from gage_nb import launching
from gage_nb.expansion import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register", "unregister"]

# What is wrong with the line, not with the run: told in one line, without a traceback.
_OF_THE_LINE = (LineError, TargetError, ConfigError, PatternError, RunNotFound, ExpansionError)


def register(ip: InteractiveShell) -> None:
    """Register the magics, their completion, and how a run is displayed."""
    ip.register_magic_function(_gage_run(ip), "line_cell", "gage_run")
    ip.register_magic_function(_gage(ip), "line", "gage")
    for key, complete in _completers(ip).items():
        ip.set_hook("complete_command", complete, str_key=key)
    formatter = ip.display_formatter.ipython_display_formatter
    formatter.for_type(RecordedRun, launching.display_run)


def unregister(ip: InteractiveShell) -> None:
    """Take away what `register` registered."""
    magics = ip.magics_manager.magics
    for kind, name in (("line", "gage_run"), ("cell", "gage_run"), ("line", "gage")):
        magics[kind].pop(name, None)
    for key in _completers(ip):
        ip.strdispatchers["complete_command"].strs.pop(key, None)
    ip.display_formatter.ipython_display_formatter.pop(RecordedRun, None)


def _gage_run(ip: InteractiveShell) -> Callable[..., Any]:
    @no_var_expand
    @output_can_be_silenced
    def gage_run(line: str, cell: str | None = None) -> Any:
        form = "line" if cell is None else "cell"
        silent = _ends_in_semicolon(line if cell is None else cell)
        words = _words(line.rstrip().removesuffix(";") if cell is None else line, ip)
        try:
            parsed = parse(words, form)
            if parsed.options.help:
                print(make_parser(form).format_help(), end="")
                return None
            quiet = parsed.options.quiet or silent
            return _launch(ip, parsed, cell, quiet)
        except _OF_THE_LINE as error:
            raise _usage_error(error) from None

    gage_run.__doc__ = f"{make_parser('line').format_help()}\n\n{make_parser('cell').format_help()}"
    return gage_run


def _launch(ip: InteractiveShell, line: RunLine, cell: str | None, quiet: bool) -> Any:
    request = launching.request_of(line, ip.user_ns, quiet=quiet)
    if cell is None:
        result = launching.run_line(line, request)
    else:
        result = launching.run_cell_line(line, cell, request, ip)
    return result


def _gage(ip: InteractiveShell) -> Callable[..., Any]:
    @no_var_expand
    @output_can_be_silenced
    def gage(line: str) -> Any:
        words = _words(line.rstrip().removesuffix(";"), ip)
        name, args = (words[0], words[1:]) if words else ("help", [])
        if name in ("help", "-h", "--help"):
            print(_help())
            return None
        if name not in launching.COMMANDS:
            near = did_you_mean(name, list(launching.COMMANDS))
            raise UsageError(f"%gage has no command {name!r}. {near or 'See %gage help'}")
        try:
            return launching.COMMANDS[name].call(args)
        except _OF_THE_LINE as error:
            raise _usage_error(error) from None

    gage.__doc__ = _help()
    return gage


def _help() -> str:
    width = max(len(command.usage) for command in launching.COMMANDS.values())
    lines = [
        f"    %gage {command.usage:<{width}}  {command.about}"
        for command in launching.COMMANDS.values()
    ]
    return "\n".join(
        [
            "%gage COMMAND [RUN]: look at runs and act on them.",
            "",
            "A RUN is called by its name, its id, a prefix of either, or its position in",
            "`%gage runs` (1 is the newest); left out, it is the newest.",
            "",
            *lines,
        ]
    )


def _words(line: str, ip: InteractiveShell) -> list[str]:
    """Split a line as a POSIX shell does, then put in the values of `{expression}`."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"cannot read the line {line!r}: {error}. Close every quote") from None
    try:
        return [expand(word, ip.user_ns) for word in words]
    except ExpansionError as error:
        raise UsageError(str(error)) from None


def _ends_in_semicolon(text: str) -> bool:
    return text.rstrip().endswith(";")


def _usage_error(error: Exception) -> UsageError:
    # Exactly UsageError: IPython shows a subclass with its whole traceback.
    return UsageError(str(error))


def _completers(ip: InteractiveShell) -> dict[str, Callable[..., list[str]]]:
    from gage._internal.completion import complete_run_line, complete_words

    def of_form(form: str) -> Callable[..., list[str]]:
        def complete(_: Any, event: Any) -> list[str]:
            words = event.line.split()[1:]
            before = words if event.line.endswith(" ") else words[:-1]
            return complete_words(event.symbol, before, form)

        return complete

    def complete_gage(_: Any, event: Any) -> list[str]:
        return complete_run_line(event.symbol, event.line, list(launching.COMMANDS))

    return {
        "%gage_run": of_form("line"),
        "%%gage_run": of_form("cell"),
        "%gage": complete_gage,
    }
