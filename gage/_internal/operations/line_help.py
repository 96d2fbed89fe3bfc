"""The help text of a form of the line, made from the table of options.

It looks like the help of the shell's other commands.
"""

from __future__ import annotations

from gage._internal.operations.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.operations.option import Option

__all__ = ["HELP_COLUMNS", "help_text"]

HELP_COLUMNS = 80
_NAMES_COLUMNS = 28

_USAGE = {
    "shell": "gage run [TARGET] [k=v ...] [OPTIONS] [-- ARGUMENT ...]",
    "line": "%gage_run [TARGET] [k=v ...] [OPTIONS] [-- ARGUMENT ...]",
    "cell": "%%gage_run [NAME] [k=v ...] [OPTIONS]",
}
_RUN = "Run an operation, a script, a module or a notebook as a recorded run."
_ABOUT = {
    "shell": _RUN,
    "line": _RUN,
    "cell": "Run this cell in its own process as a recorded run.",
}
_OPERATION = "An operation of the Gage file"
_FILE = "a .py or an .ipynb file."
_TARGET = {
    "shell": ("TARGET", f"{_OPERATION} (default: its default operation), {_FILE}"),
    "line": ("TARGET", f"{_OPERATION}, {_FILE}"),
    "cell": ("NAME", "The name of the cell: it is staged as NAME.py (default: cell)."),
}
_SEVERAL = "k=[a,b], k=uniform(a,b), loguniform, randint, choice and range ask for several runs."
_VALUE = ("k=v", f"A value of the configuration. {_SEVERAL}")
_ARGUMENT = ("ARGUMENT", "An argument for the program itself.")


def help_text(form: str) -> str:
    """Return the help of a form of the line, one of `FORMS`."""
    words = [_TARGET[form], _VALUE, *([] if form == "cell" else [_ARGUMENT])]
    known = [row for row in OPTIONS if form in row.forms.split()]
    notebook = [row for row in known if "shell" not in row.forms.split() and row.names]
    several = [row for row in known if row.part == "several"]
    common = [row for row in known if row not in notebook and row not in several]
    lines = [f"Usage: {_USAGE[form]}", "", f"  {_ABOUT[form]}", "", *_table(words)]
    for title, rows in (
        ("Options", common),
        ("Several runs", several),
        ("In a notebook", notebook),
    ):
        if rows:
            lines += ["", f"{title}:", *_table([(_names(row), row.help) for row in rows])]
    return "\n".join(lines) + "\n"


def _names(row: Option) -> str:
    names = ", ".join(row.names.split())
    return f"{names} {row.metavar}" if row.metavar else names


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return names and their descriptions, side by side."""
    import textwrap

    width = min(max(len(name) for name, _ in rows), _NAMES_COLUMNS)
    lines = []
    for name, text in rows:
        first, *rest = textwrap.wrap(text, HELP_COLUMNS - width - 4)
        lines.append(f"  {name:<{width}}  {first}")
        lines += [" " * (width + 4) + line for line in rest]
    return lines
