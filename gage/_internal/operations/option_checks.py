"""Checks that the options of a request make sense together."""

from __future__ import annotations

from gage._internal.errors import OptionError
from gage._internal.operations.options import OPTIONS, LineOptions, Several

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.operations.options import RunOptions

__all__ = ["check_options"]

# (an option, what it needs, why)
_NEEDS = (
    ("json", "preview", "a run has no JSON to show"),
    ("trust", "outputs", "it concerns the variables that come back"),
    ("trust", "needed", "it concerns a run that is found"),
)
# (an option, another, why they exclude each other)
_EXCLUDES = (
    ("stage", "background", "a run that is only staged is not started"),
    ("stage", "outputs", "variables come back at the end of the run"),
    ("background", "outputs", "variables come back at the end of the run"),
    ("metrics", "no_metrics", "the one finds what the other leaves out"),
    ("batch", "each", "rows come from one place"),
    ("alone", "carry_from", "nothing is carried"),
    ("explain", "preview", "each shows something else"),
)
_OF_ONE_RUN = ("stage", "outputs")


def check_options(
    options: RunOptions,
    only: LineOptions | None = None,
    *,
    several: bool,
    typed: bool = False,
    of_cell: bool = False,
) -> None:
    """Check that options make sense together.

    Parameters
    ----------
    only
        Further options, of a line or of the function that runs a cell.
    several
        Whether the request is for several runs.
    typed
        Whether the message names options as on a line; otherwise it names keywords.
    of_cell
        Whether it is a cell that runs: `seed` is for one run too.

    Raises
    ------
    OptionError
        For the first option that does not.
    """
    name_of = _typed if typed else _keyword
    given = _given(options, only or LineOptions())
    if not several:
        for field in Several._fields:
            if field in given and not (field == "seed" and of_cell):
                raise OptionError(
                    f"{name_of(field)} is for several runs, and this asks for one. Give a key "
                    "several values, such as k=[a,b] or k=uniform(a,b), or leave it out"
                )
    for field, needs, why in _NEEDS:
        if field in given and needs not in given:
            raise OptionError(f"{name_of(field)} means nothing without {name_of(needs)}: {why}")
    for first, second, why in _EXCLUDES:
        if {first, second} <= given.keys():
            raise OptionError(
                f"{name_of(first)} and {name_of(second)} do not go together: {why}. "
                "Leave one of them out"
            )
    if several:
        for field in _OF_ONE_RUN:
            if field in given:
                raise OptionError(
                    f"{name_of(field)} is for one run, and this asks for several. Leave it out"
                )


def _given(options: RunOptions, only: LineOptions) -> dict[str, Any]:
    """Return the values that differ from their default, by field."""
    return {
        name: value
        for part in (options, options.several, only)
        for (name, value), default in zip(part._asdict().items(), type(part)(), strict=True)
        if name != "several" and value is not None and (name == "rows" or value != default)
    }


def _typed(field: str) -> str:
    return next(
        (row.names.split()[-1] for row in OPTIONS if row.field == field and row.names), field
    )


def _keyword(field: str) -> str:
    return f"{field}="
