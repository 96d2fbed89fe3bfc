"""The options of a run: one table, from which parser, help and keywords are made.

`OPTIONS` has a row for each option: the field it sets, how it is typed on a line, its help, its
default, the forms of the line and the functions that take it. Made from it are the parser of a
line (`run_line`), its help (`line_help`) and completion (`api.completion`), the options of every
command (`cli.group`), the fields of `RunOptions`, `Several` and `LineOptions` with their defaults,
and the keywords of `gage_nb` (`gage_nb.keywords`). Type checkers and editors read source code:
the classes under `TYPE_CHECKING`, the signatures and docstrings of `gage.run`, `gage.run_batch` and
`gage_nb.run_cell`, and the typed keywords of `gage_nb` are written out. A test,
`tests/operations/test_options.py`, compares names, order, defaults and types with the table.

Named tuples rather than dataclasses: every `gage run` imports this module.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple, declare
from gage._internal.operations.option import Option, flag_option, list_option, value_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

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
    "RunOptions",
    "Several",
    "keywords_of",
    "option_names",
    "options_of",
]


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


_number = {"kind": "number", "calls": _BATCH}
_seed = {"kind": "number", "calls": f"{_BATCH} {_CELL}"}

# In the order of the help.
OPTIONS = (
    value_option(
        "line", "module", "-m", "MODULE", "Run a module, as python -m does.", forms="shell line"
    ),
    value_option("run", "label", "-l --label", "TEXT", "Give the run a label.", calls=_EVERY),
    list_option("run", "tags", "-t --tag", "TAG", "Give the run a tag", calls=_EVERY),
    list_option(
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
    list_option(
        "run", "metrics", "--metrics", "PATTERN", "Find metrics by a pattern", calls=_EVERY
    ),
    flag_option(
        "run", "no_metrics", "--no-metrics", "Find no metrics in printed lines.", calls=_EVERY
    ),
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
    flag_option(
        "run",
        "needed",
        "-n --needed",
        "Use a completed run with the same code, values and inputs, if there is one.",
        calls=_EVERY,
    ),
    flag_option("run", "stage", "--stage", "Only stage the run; start it later.", calls=_ONE),
    flag_option(
        "run",
        "background",
        "--bg",
        "Return as soon as the run has started.",
        calls=f"{_EVERY} gage_nb.start",
    ),
    flag_option("run", "quiet", "-q --quiet", "Show nothing but a failure.", calls=_SHOWN),
    flag_option("line", "preview", "--preview", "Show what would be staged and run; run nothing."),
    flag_option("line", "json", "--json", "With --preview: JSON for programs."),
    flag_option(
        "line",
        "help_op",
        "--help-op",
        "Describe the operation and its configuration.",
        forms="shell line",
    ),
    value_option(
        "run", "directory", "-C", "DIR", "Work as if started in this directory.", calls=_EVERY
    ),
    value_option(
        "run", "runs_home", "--runs", "DIR", "The directory of runs to use.", calls=_EVERY
    ),
    flag_option("line", "yes", "-y --yes", "Answer every question with yes."),
    flag_option("line", "help", "-h --help", "Show this text."),
    list_option(
        "several",
        "batch",
        "-b --batch",
        "FILE",
        "A CSV or JSON file with the values of a run in each row",
    ),
    value_option(
        "several",
        "rows",
        "",
        "",
        "The values of a run in each row.",
        kind="rows",
        forms="",
        calls=_BATCH,
    ),
    value_option(
        "several", "trials", "--trials", "N", "How many runs to draw, or to search with.", **_number
    ),
    value_option("several", "seed", "--seed", "S", "The seed for drawing, in a cell too.", **_seed),
    value_option(
        "several",
        "optimize",
        "--optimize",
        "minimize:METRIC",
        "Search with Optuna; or maximize:METRIC.",
        calls=_BATCH,
    ),
    value_option(
        "several",
        "jobs",
        "--jobs",
        "N",
        "Runs at the same time (default: 1).",
        default=1,
        **_number,
    ),
    flag_option(
        "several", "fail_fast", "--fail-fast", "Stop at the first run that fails.", calls=_BATCH
    ),
    flag_option(
        "several",
        "resume",
        "--resume",
        "Run only what is missing from the same batch.",
        calls=_BATCH,
    ),
    value_option(
        "line",
        "each",
        "--each",
        "DF",
        "A DataFrame with the values of a run in each row.",
        forms=_NOTEBOOK,
    ),
    value_option(
        "line",
        "as_name",
        "--as",
        "NAME",
        "Bind the run, or the batch, to this name in the notebook.",
        forms=_NOTEBOOK,
    ),
    flag_option(
        "run",
        "check",
        "--no-raise",
        "Do not make a failed run an error of the cell.",
        kind="off",
        forms=_NOTEBOOK,
        calls=f"{_EVERY} gage_nb.start",
    ),
    list_option(
        "line",
        "inputs",
        "-i --input",
        "NAME",
        "A variable of the notebook that the cell gets",
        forms="cell",
        calls=_CELL,
    ),
    list_option(
        "line",
        "outputs",
        "-o --output",
        "NAME",
        "A variable of the cell that the notebook gets",
        forms="cell",
        calls=_CELL,
    ),
    value_option(
        "line",
        "carry_from",
        "--from",
        "WHAT",
        "What the cell needs of the notebook: its values, or code alone (default: values).",
        forms="cell",
        calls=_CELL,
        default="values",
    ),
    flag_option(
        "line",
        "alone",
        "--alone",
        "Carry nothing from the notebook.",
        forms="cell",
        calls=_CELL,
    ),
    flag_option(
        "line",
        "explain",
        "--explain",
        "Show what would be carried from the notebook, and why; run nothing.",
        forms="cell",
    ),
    flag_option(
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
