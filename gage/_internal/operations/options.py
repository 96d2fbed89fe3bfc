"""The options of a run: one table, from which parser, help and keywords are made.

`OPTIONS` has a row for each option: the field it sets, how it is typed on a line, its help, its
default, the forms of the line and the functions that take it. Made from the table are

- the parser of a line (`run_line`), its help (`line_help`) and its completion (`api.completion`),
- the fields and defaults of `RunOptions`, `Several` and `LineOptions`: a request has one
  `RunOptions`,
- the options of every command of `gage` (`cli.group`),
- the keywords that functions of `gage_nb` accept and show, with their defaults
  (`gage_nb.keywords`).

Type checkers and editors read source code, so some lists are written out: the fields below under
`TYPE_CHECKING`, the signatures and docstrings of `gage.run`, `gage.run_batch` and
`gage_nb.run_cell`, and the typed keywords of `gage_nb.keywords`. `tests/operations/test_options.py`
compares their names, order, defaults and types with the table.

Named tuples rather than dataclasses: every `gage run` imports this module.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple, declare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    # In the order of the table.
    class Several(NamedTuple):
        batch: Sequence[str] = ()
        rows: Sequence[Mapping[str, Any]] | str | None = None
        trials: int | None = None
        seed: int | None = None
        optimize: str | None = None
        jobs: int = 1
        fail_fast: bool = False
        resume: bool = False

    class RunOptions(NamedTuple):
        label: str | None = None
        tags: Sequence[str] = ()
        with_files: Sequence[str] = ()
        find: bool = True
        metrics: Sequence[str] = ()
        no_metrics: bool = False
        strict: bool = True
        needed: bool = False
        stage: bool = False
        background: bool = False
        quiet: bool = False
        directory: str | None = None
        runs_home: str | None = None
        check: bool = False
        several: Several = Several()

    class LineOptions(NamedTuple):
        module: str | None = None
        preview: bool = False
        json: bool = False
        help_op: bool = False
        yes: bool = False
        help: bool = False
        each: str | None = None
        as_name: str | None = None
        inputs: Sequence[str] = ()
        outputs: Sequence[str] = ()
        carry_from: str = "values"
        alone: bool = False
        explain: bool = False
        trust: bool = False


__all__ = [
    "CALLS",
    "FORMS",
    "OPTIONS",
    "LineOptions",
    "Option",
    "RunOptions",
    "Several",
    "keywords_of",
    "option_names",
    "options_of",
]


class Option(NamedTuple):
    """A row of the table.

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


FORMS = ("shell", "line", "cell")
CALLS = (
    "gage.run",
    "gage.run_batch",
    "gage_nb.run",
    "gage_nb.run_cell",
    "gage_nb.run_batch",
    "gage_nb.start",
)

_EVERY = "gage.run gage.run_batch gage_nb.run gage_nb.run_cell gage_nb.run_batch"
_SHOWN = "gage_nb.run gage_nb.run_cell gage_nb.run_batch gage_nb.start"
_ONE = "gage.run gage_nb.run gage_nb.run_cell"
_BATCH = "gage.run_batch gage_nb.run_batch"
_NOTEBOOK = "line cell"
_CELL = "gage_nb.run_cell"


def _value(part: str, field: str, names: str, metavar: str, text: str, **more: Any) -> Option:
    return Option(part, field, names, more.pop("kind", "text"), metavar, text, **more)


def _list(part: str, field: str, names: str, metavar: str, text: str, **more: Any) -> Option:
    text = f"{text}; may be repeated."
    return Option(part, field, names, "list", metavar, text, default=(), **more)


def _flag(part: str, field: str, names: str, text: str, **more: Any) -> Option:
    return Option(part, field, names, more.pop("kind", "flag"), "", text, default=False, **more)


_number = {"kind": "number", "calls": _BATCH}
_seed = {"kind": "number", "calls": f"{_BATCH} {_CELL}"}

# In the order of the help.
OPTIONS = (
    _value(
        "line", "module", "-m", "MODULE", "Run a module, as python -m does.", forms="shell line"
    ),
    _value("run", "label", "-l --label", "TEXT", "Give the run a label.", calls=_EVERY),
    _list("run", "tags", "-t --tag", "TAG", "Give the run a tag", calls=_EVERY),
    _list(
        "run",
        "with_files",
        "--with",
        "FILE",
        "Add a file that the run needs, or a directory with all its files",
        calls=_EVERY,
    ),
    Option(
        "run",
        "find",
        "--no-find",
        "off",
        "",
        "Do not search for files that the program is going to read.",
        calls=_EVERY,
        default=True,
    ),
    _list("run", "metrics", "--metrics", "PATTERN", "Find metrics by a pattern", calls=_EVERY),
    _flag("run", "no_metrics", "--no-metrics", "Find no metrics in printed lines.", calls=_EVERY),
    Option(
        "run",
        "strict",
        "--no-strict",
        "off",
        "",
        "Accept a value of another type than its default, with a note.",
        calls=_EVERY,
        default=True,
    ),
    _flag(
        "run",
        "needed",
        "-n --needed",
        "Use a completed run with the same code, values and inputs, if there is one.",
        calls=_EVERY,
    ),
    _flag("run", "stage", "--stage", "Only stage the run; start it later.", calls=_ONE),
    _flag(
        "run",
        "background",
        "--bg",
        "Return as soon as the run has started.",
        calls=f"{_EVERY} gage_nb.start",
    ),
    _flag("run", "quiet", "-q --quiet", "Show nothing but a failure.", calls=_SHOWN),
    _flag("line", "preview", "--preview", "Show what would be staged and run; run nothing."),
    _flag("line", "json", "--json", "With --preview: JSON for programs."),
    _flag(
        "line",
        "help_op",
        "--help-op",
        "Describe the operation and its configuration.",
        forms="shell line",
    ),
    _value("run", "directory", "-C", "DIR", "Work as if started in this directory.", calls=_EVERY),
    _value("run", "runs_home", "--runs", "DIR", "The directory of runs to use.", calls=_EVERY),
    _flag("line", "yes", "-y --yes", "Answer every question with yes."),
    _flag("line", "help", "-h --help", "Show this text."),
    _list(
        "several",
        "batch",
        "-b --batch",
        "FILE",
        "A CSV or JSON file with the values of a run in each row",
    ),
    _value(
        "several",
        "rows",
        "",
        "",
        "The values of a run in each row.",
        kind="rows",
        forms="",
        calls=_BATCH,
    ),
    _value(
        "several", "trials", "--trials", "N", "How many runs to draw, or to search with.", **_number
    ),
    _value("several", "seed", "--seed", "S", "The seed for drawing, in a cell too.", **_seed),
    _value(
        "several",
        "optimize",
        "--optimize",
        "minimize:METRIC",
        "Search with Optuna; or maximize:METRIC.",
        calls=_BATCH,
    ),
    _value(
        "several",
        "jobs",
        "--jobs",
        "N",
        "Runs at the same time (default: 1).",
        default=1,
        **_number,
    ),
    _flag("several", "fail_fast", "--fail-fast", "Stop at the first run that fails.", calls=_BATCH),
    _flag(
        "several",
        "resume",
        "--resume",
        "Run only what is missing from the same batch.",
        calls=_BATCH,
    ),
    _value(
        "line",
        "each",
        "--each",
        "DF",
        "A DataFrame with the values of a run in each row.",
        forms=_NOTEBOOK,
    ),
    _value(
        "line",
        "as_name",
        "--as",
        "NAME",
        "Bind the run, or the batch, to this name in the notebook.",
        forms=_NOTEBOOK,
    ),
    _flag(
        "run",
        "check",
        "--no-raise",
        "Do not make a failed run an error of the cell.",
        kind="off",
        forms=_NOTEBOOK,
        calls=f"{_EVERY} gage_nb.start",
    ),
    _list(
        "line",
        "inputs",
        "-i --input",
        "NAME",
        "A variable of the notebook that the cell gets",
        forms="cell",
        calls=_CELL,
    ),
    _list(
        "line",
        "outputs",
        "-o --output",
        "NAME",
        "A variable of the cell that the notebook gets",
        forms="cell",
        calls=_CELL,
    ),
    _value(
        "line",
        "carry_from",
        "--from",
        "WHAT",
        "What the cell needs of the notebook: its values, or code alone (default: values).",
        forms="cell",
        calls=_CELL,
        default="values",
    ),
    _flag(
        "line",
        "alone",
        "--alone",
        "Carry nothing from the notebook.",
        forms="cell",
        calls=_CELL,
    ),
    _flag(
        "line",
        "explain",
        "--explain",
        "Show what would be carried from the notebook, and why; run nothing.",
        forms="cell",
    ),
    _flag(
        "line",
        "trust",
        "--trust",
        "With --needed and -o: load a pickle that another kernel's run made.",
        forms="cell",
        calls=_CELL,
    ),
)


if not TYPE_CHECKING:

    def _made(name: str, part: str, **more: Any) -> Any:
        """Return a named tuple of the options of one part."""
        fields = {row.field: row.default for row in OPTIONS if row.part == part} | more
        return declare(name, fields, __name__)

    Several = _made("Several", "several")
    RunOptions = _made("RunOptions", "run", several=Several())
    LineOptions = _made("LineOptions", "line")

Several.__doc__ = """The options of a request for several runs.

`rows` has the values of one run in each row, `batch` the files with such rows; `trials` is the
number of draws, or of the runs of a search; `seed` is the seed for drawing; `optimize` is
`minimize:METRIC` or `maximize:METRIC`; `jobs` is the number of runs at the same time; with
`fail_fast` the first run that fails stops the others; `resume` runs what is missing from the newest
batch of the same request and code.
"""
RunOptions.__doc__ = """The options of a request that lines and functions have.

With `needed`, a completed run that did the same work takes the place of a new one; with `check`, a
failed run raises an error; gage works as if it was started in `directory`; `runs_home` is the
directory of runs, if not that of the project.
"""
LineOptions.__doc__ = """The options that only lines have, or the function that runs a cell."""


def options_of(words: Mapping[str, Any]) -> RunOptions:
    """Return the options for keywords of a function.

    Raises
    ------
    TypeError
        If a word is not an option.
    """
    parts: dict[str, dict[str, Any]] = {"run": {}, "several": {}}
    for word, value in words.items():
        part = next((row.part for row in OPTIONS if row.field == word), "line")
        if part == "line":
            raise TypeError(f"there is no keyword {word!r}")
        parts[part][word] = value
    return RunOptions(**parts["run"], several=Several(**parts["several"]))


def keywords_of(call: str) -> dict[str, Any]:
    """Return the keywords of a function that are in the table, with their defaults."""
    known = {**RunOptions()._asdict(), **Several()._asdict(), **LineOptions()._asdict()}
    return {row.field: known[row.field] for row in OPTIONS if call in row.calls.split()}


def option_names(form: str) -> list[str]:
    """Return all options of a form of the line, as typed, sorted."""
    return sorted(
        name for row in OPTIONS if form in row.forms.split() for name in row.names.split()
    )
