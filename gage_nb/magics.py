"""`%gage_run`, `%%gage_run` and `%gage`, their completion, and the display of their results.

What `%load_ext` has to load. The rest is loaded in a thread while the user reads on, or by the
first line.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand, output_can_be_silenced

from gage._internal.api.spare import spare
from gage._internal.operations.line_help import help_text as run_help
from gage._internal.people import outcome
from gage._internal.types import Status
from gage_nb.command_list import BATCH_TYPES, help_text
from gage_nb.completion import register_matcher, unregister_matcher
from gage_nb.world.executions import start_log, stop_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.formatters import IPythonDisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["register", "unregister"]

# By name, as of `BATCH_TYPES`: its module is loaded by the first run.
_RUN_TYPE = "gage._internal.store.recorded_run.RecordedRun"
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
    ip.events.register("post_run_cell", _load_in_a_thread)
    _display_formatter(ip).for_type(_RUN_TYPE, _display_run)
    _text_formatter(ip).for_type(Status, _status_line)
    for name in BATCH_TYPES:
        _display_formatter(ip).for_type(name, _display_batch)


def unregister(ip: InteractiveShell) -> None:
    """Undo `register`."""
    for kind, name in _MAGICS:
        ip.magics_manager.magics[kind].pop(name, None)
    unregister_matcher(ip)
    stop_log(ip)
    _forget_to_load(ip)
    spare.dismiss()
    _display_formatter(ip).pop(_RUN_TYPE, None)
    _text_formatter(ip).pop(Status, None)
    for name in BATCH_TYPES:
        _display_formatter(ip).pop(name, None)


def _gage_run(ip: InteractiveShell) -> Callable[..., Any]:
    def gage_run(line: str, cell: str | None = None) -> Any:
        from gage_nb import lines

        return lines.gage_run(ip, line, cell)

    gage_run.__doc__ = f"{run_help('line')}\n\n{run_help('cell')}"
    return no_var_expand(gage_run)


def _gage(ip: InteractiveShell) -> Callable[..., Any]:
    def gage(line: str) -> Any:
        from gage_nb import lines

        return lines.gage(ip, line)

    gage.__doc__ = help_text()
    return no_var_expand(output_can_be_silenced(gage))


def _load_in_a_thread(_: object) -> None:
    """Load what the first line needs, once the cell with `%load_ext` has ended."""
    ip = get_ipython()
    if ip is not None:
        _forget_to_load(ip)
    threading.Thread(target=_load_lines, name="gage-load", daemon=True).start()


def _forget_to_load(ip: InteractiveShell) -> None:
    if _load_in_a_thread in ip.events.callbacks["post_run_cell"]:
        ip.events.unregister("post_run_cell", _load_in_a_thread)


def _load_lines() -> None:
    with contextlib.suppress(Exception):  # whatever it is, the first line raises it again
        importlib.import_module("gage_nb.lines")


def _display_run(run: RecordedRun) -> None:
    from gage_nb.shown import display_run

    display_run(run)


def _display_batch(batch: Any) -> None:
    from gage_nb.batches import display_batch

    display_batch(batch)


def _status_line(status: Status, printer: Any, _: object) -> None:
    """Show what `run.stop()` and `run.wait()` return in the words of the panel."""
    from gage._internal.people import STATUS_SIGNS

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
