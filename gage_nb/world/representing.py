"""How the notebook represents objects, where somebody has changed it.

`sympy.init_printing()` registers functions in IPython's formatters, `%precision 3` sets an option
of one. Only an IPython shell in the run's process can do the same: where something of it has been
changed, the cell runs under one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["has_own_printers"]

# Their printers are there in every notebook, or are what a run has too.
_USUAL = frozenset(
    {"IPython", "matplotlib_inline", "matplotlib", "gage_nb", "ipykernel", "builtins"}
)


def has_own_printers(shell: InteractiveShell) -> bool:
    """Return whether anything else than IPython itself represents objects in a shell."""
    return any(_package_of(printer) not in _USUAL for printer in _printers(shell))


def _printers(shell: InteractiveShell) -> Iterator[Any]:
    formatters: Any = getattr(shell.display_formatter, "formatters", {})
    for formatter in formatters.values():
        for table in ("singleton_printers", "type_printers", "deferred_printers"):
            yield from getattr(formatter, table, {}).values()


def _package_of(printer: Any) -> str:
    function = getattr(printer, "func", printer)
    return str(getattr(function, "__module__", None) or "builtins").partition(".")[0]
