"""An option of a run: a row of the table in `options`.

A named tuple rather than a dataclass: every `gage run` imports this module.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Option", "flag_option", "list_option", "value_option"]


class Option(NamedTuple):
    """How an option is typed, what it sets, and what takes it.

    Attributes
    ----------
    part
        The named tuple of the field: `run` (`RunOptions`), `several` (`Several`) or `line`
        (`LineOptions`).
    field
        The name of the field, and of the keyword.
    names
        Its names on a line, separated by spaces; empty for an option of functions only.
    kind
        `flag` (sets True), `off` (sets False), `text`, `number`, `list` (may be repeated), `rows`.
    metavar
        The name of its value in the help.
    help
        A sentence.
    forms
        The forms of the line that take it.
    calls
        The functions that have it as a keyword.
    default
        Its default. Functions of `gage_nb` have `check=True`.
    """

    part: str
    field: str
    names: str
    kind: str
    metavar: str
    help: str
    forms: str = "shell line cell"
    calls: str = ""
    default: Any = None


def value_option(part: str, field: str, names: str, metavar: str, text: str, **more: Any) -> Option:
    """Return the row of an option with a value: a string, if no other `kind` is given."""
    return Option(part, field, names, more.pop("kind", "text"), metavar, text, **more)


def list_option(part: str, field: str, names: str, metavar: str, text: str, **more: Any) -> Option:
    """Return the row of an option that may be repeated."""
    text = f"{text}; may be repeated."
    return Option(part, field, names, "list", metavar, text, default=(), **more)


def flag_option(part: str, field: str, names: str, text: str, **more: Any) -> Option:
    """Return the row of an option without a value."""
    return Option(part, field, names, more.pop("kind", "flag"), "", text, default=False, **more)
