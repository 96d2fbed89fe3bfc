"""The keywords of the functions that start something from a notebook.

They are the options of the table (`gage._internal.operations.options`) and two for notebooks:
`view` (`widget`, `html` or `text`; default: what the front end can show) and `on_made`, a function
that is called with the run or the batch as soon as there is one. A test compares the types below
with the table.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

from gage._internal.operations.options import LineOptions, keywords_of, options_of
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gage._internal.operations.options import RunOptions

__all__ = [
    "BatchKeywords",
    "CellKeywords",
    "CellRunKeywords",
    "Display",
    "RunKeywords",
    "StartKeywords",
    "documented",
    "taken",
]

F = TypeVar("F", bound="Callable[..., Any]")


class Display(NamedTuple):
    """How a run or a batch is shown, and the function to call as soon as there is one."""

    view: str | None = None
    on_made: Callable[[Any], object] | None = None


class StartKeywords(TypedDict, total=False):
    """Keywords of `start`."""

    background: bool
    quiet: bool
    check: bool
    view: str | None
    on_made: Callable[[Any], object] | None


class _Keywords(StartKeywords, total=False):
    label: str | None
    tags: Sequence[str]
    with_files: Sequence[str]
    find: bool
    metrics: Sequence[str]
    no_metrics: bool
    strict: bool
    needed: bool
    directory: str | None
    runs_home: str | None


class RunKeywords(_Keywords, total=False):
    """Keywords of `run`."""

    stage: bool


class CellRunKeywords(RunKeywords, total=False):
    """Keywords of `run_cell` that its signature does not name."""

    seed: int | None


class CellKeywords(CellRunKeywords, total=False):
    """Keywords of `run_cell`."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    carry_from: str
    alone: bool
    trust: bool


class BatchKeywords(_Keywords, total=False):
    """Keywords of `run_batch`; `rows` may be a DataFrame."""

    rows: Any
    trials: int | None
    seed: int | None
    optimize: str | None
    jobs: int
    fail_fast: bool
    resume: bool


def documented(call: str) -> Callable[[F], F]:
    """Show the keywords of a function in its signature, with their defaults.

    `call` is the name of the function in the table of options.
    """

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        fixed = [item for item in own.parameters.values() if item.kind is not item.VAR_KEYWORD]
        names = {item.name for item in fixed}
        keywords = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in _defaults(call).items()
            if name not in names
        ]
        signature = own.replace(parameters=[*fixed, *keywords])
        function.__signature__ = signature  # type: ignore[attr-defined]  # inspect looks for it
        return function

    return decorate


def taken(call: str, keywords: Mapping[str, Any]) -> tuple[RunOptions, Display]:
    """Return the options and the display for keywords of a function.

    Raises
    ------
    TypeError
        If the function has no such keyword.
    """
    known = _defaults(call)
    for name in keywords:
        if name not in known:
            near = did_you_mean(name, known)
            raise TypeError(f"{call} has no keyword {name!r}. {near}".rstrip())
    values = {**known, **keywords}
    display = Display(values.pop("view"), values.pop("on_made"))
    for name in LineOptions._fields:
        values.pop(name, None)
    return options_of(values), display


def _defaults(call: str) -> dict[str, Any]:
    # In a notebook, a failed run is an error of the cell.
    return {**keywords_of(call), "check": True, **Display()._asdict()}
