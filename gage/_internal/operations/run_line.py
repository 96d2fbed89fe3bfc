"""The line that asks for a run: one grammar for `gage run`, `%gage_run` and `%%gage_run`.

    [TARGET] [k=v …] [options] [-- argument …]

The shell and the notebook split a line by the same POSIX rules and hand the words to `parse`.
argparse rather than Click: it is in the standard library and imports in a quarter of the time,
and `gage run` has to start as quickly as anything. A line without options does not need even that.
"""

from __future__ import annotations

from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any, NamedTuple, NoReturn

    from gage._internal.config.typed import Text

    class RunLine(NamedTuple):
        target: str | None
        assignments: list[str]
        args: list[str]
        options: SimpleNamespace

else:
    from collections import namedtuple

    RunLine = namedtuple("RunLine", "target assignments args options")

__all__ = [
    "FORMS",
    "LineError",
    "RunLine",
    "asks_for_several",
    "config_of",
    "make_parser",
    "option_names",
    "parse",
]

RunLine.__doc__ = """A line in its parts; `assignments` are texts with `=`, `options` by name."""

_HELP_COLUMNS = 96

# What values of several runs begin with, beside a bracket: see `plan`.
SEVERAL = ("choice", "loguniform", "randint", "range", "uniform")

FORMS = ("shell", "line", "cell")

_USAGE = {
    "shell": "gage run [TARGET] [k=v ...] [options] [-- argument ...]",
    "line": "%gage_run [TARGET] [k=v ...] [options] [-- argument ...]",
    "cell": "%%gage_run [NAME] [k=v ...] [options]",
}
_ABOUT = {
    "shell": "Run an operation, a script, a module or a notebook as a recorded run.",
    "line": "Run an operation, a script, a module or a notebook as a recorded run.",
    "cell": "Run this cell in a process of its own as a recorded run.",
}
_TARGET = {
    "shell": "an operation of the Gage file (left out: its default), a .py or an .ipynb file",
    "line": "an operation of the Gage file (left out: its default), a .py or an .ipynb file",
    "cell": "what the cell is called: it is staged as NAME.py (default: cell)",
}


class LineError(ValueError):
    """A line that does not follow the grammar."""


def parse(words: Sequence[str], form: str) -> RunLine:
    """Return a line's parts.

    Parameters
    ----------
    form
        One of `FORMS`: which of the three forms of the line it is.

    Raises
    ------
    LineError
        If an option is unknown or lacks its value, or a word is neither TARGET nor `k=v`.
    """
    words = list(words)
    args: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, args = words[:cut], words[cut + 1 :]
    options = SimpleNamespace(**_defaults(), words=words)
    if any(word.startswith("-") for word in words):
        _, unknown = make_parser(form).parse_known_intermixed_args(words, options)
        if unknown:
            raise LineError(_unknown_option(unknown[0], form))
    target: str | None = None
    assignments: list[str] = []
    for word in options.words:
        may_be_target = target is None and options.module is None and not assignments
        if _is_assignment(word, may_be_target=may_be_target):
            assignments.append(word)
        elif target is None and not assignments:
            target = word
        else:
            raise LineError(f"expected k=v, found {word!r}: {_advice(assignments)}")
    if options.module is not None:
        if target is not None:
            raise LineError(f"expected one target, found two: {target} and -m {options.module}")
        target = f"-m {options.module}"
    return RunLine(target, assignments, args, options)


def config_of(line: RunLine) -> dict[str, Text]:
    """Return the values that a line gives, as typed, by key.

    Raises
    ------
    LineError
        If a key is given twice.
    ConfigError
        If what stands before `=` is no key.
    """
    if not line.assignments:
        return {}
    from gage._internal.config.typed import parse_assignment

    config: dict[str, Text] = {}
    for assignment in line.assignments:
        key, value = parse_assignment(assignment)
        if key in config:
            raise LineError(f"expected one value for {key}, found two")
        config[key] = value
    return config


def asks_for_several(line: RunLine) -> bool:
    """Return whether a line may ask for several runs; the defaults of its keys have the last word.

    Cheap: nothing is read. `plan` says what the values mean.
    """
    options = line.options
    if any((options.trials, options.optimize, options.batch, options.each)):
        return True
    for assignment in line.assignments:
        value = assignment.partition("=")[2].strip()
        if value.startswith("[") or value.partition("(")[0].strip() in SEVERAL:
            return True
    return False


def make_parser(form: str) -> argparse.ArgumentParser:
    """Return the parser of a form of the line; its help is the documentation of the form."""
    import argparse

    class Parser(argparse.ArgumentParser):
        """Raises instead of leaving the process: a kernel must survive a wrong line."""

        def error(self, message: str) -> NoReturn:
            raise LineError(message)

    parser = Parser(
        prog=_USAGE[form].split(" [")[0],
        usage=_USAGE[form].replace("%", "%%"),  # argparse formats it
        description=_ABOUT[form],
        add_help=False,
        allow_abbrev=False,
        # Without a width argparse asks the terminal, through shutil and with it bz2 and lzma.
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=_HELP_COLUMNS),
    )
    parser.add_argument("words", nargs="*", metavar="TARGET k=v", help=_TARGET[form])
    add = parser.add_argument
    if form != "cell":
        add("-m", dest="module", metavar="MODULE", help="run a module, as python -m does")
    add("-l", "--label", metavar="TEXT", help="what the run is to be remembered by")
    add("-t", "--tag", action="append", metavar="TAG", help="a tag; may be repeated")
    add(
        "--with",
        action="append",
        dest="with_files",
        metavar="FILE",
        help="a file that the run needs; may be repeated",
    )
    add(
        "--strict",
        action="store_true",
        help="a value of another type than its default is an error, not a warning",
    )
    add("--stage", action="store_true", help="only stage the run; start it later")
    add("-q", "--quiet", action="store_true", help="show nothing while it runs")
    add(
        "--needed",
        action="store_true",
        help="skip what a completed run with the same code, values and inputs has done",
    )
    several = parser.add_argument_group("several runs (k=[a,b], k=uniform(a,b), ...)")
    add = several.add_argument
    add("--trials", type=int, metavar="N", help="how many runs to draw, or to search with")
    add("--seed", type=int, metavar="S", help="seed of what is drawn")
    add("--optimize", metavar="minimize:METRIC", help="search with Optuna; or maximize:METRIC")
    add("--batch", metavar="FILE", help="a CSV or JSON file with the values of a run in each row")
    add("--jobs", type=int, metavar="N", help="runs at the same time (default: 1)")
    add("--fail-fast", action="store_true", help="stop at the first run that fails")
    add("--resume", action="store_true", help="run only what is missing of the same batch")
    add = parser.add_argument
    if form == "shell":
        add("--bg", action="store_true", help="return as soon as the run has started")
        add("--preview", action="store_true", help="show what would be staged and run; run nothing")
        add("--help-op", action="store_true", help="describe the operation and its configuration")
    else:
        notebook = parser.add_argument_group("in a notebook")
        add = notebook.add_argument
        add("--as", dest="as_name", metavar="NAME", help="the run under this name in the notebook")
        add("--bg", action="store_true", help="go on at once; the panel has a Stop button")
        add("--no-raise", action="store_true", help="a failed run is no error of the cell")
        add("--each", metavar="DF", help="a DataFrame with the values of a run in each row")
    if form == "line":
        add("--preview", action="store_true", help="show what would be staged and run; run nothing")
        add("--help-op", action="store_true", help="describe the operation and its configuration")
    if form == "cell":
        add(
            "-i",
            "--input",
            action="append",
            dest="inputs",
            metavar="NAME",
            help="a variable of the notebook that the cell gets; may be repeated",
        )
        add(
            "-o",
            "--output",
            action="append",
            dest="outputs",
            metavar="NAME",
            help="a variable of the cell that the notebook gets; may be repeated",
        )
        add("--trust", action="store_true", help="load pickled outputs of a run that is not yours")
    parser.add_argument("-h", "--help", action="store_true", help="show this text")
    parser.set_defaults(**_defaults())
    return parser


def _defaults() -> dict[str, Any]:
    """Return every option of every form, as it is where it is not said."""
    flags = (
        *("bg", "fail_fast", "help", "help_op", "needed", "no_raise", "preview", "quiet"),
        *("resume", "stage", "strict", "trust"),
    )
    values = ("as_name", "batch", "each", "label", "module", "optimize", "seed", "trials")
    lists = ("inputs", "outputs", "tag", "with_files")
    return {
        "jobs": 1,
        **dict.fromkeys(flags, False),
        **dict.fromkeys(values),
        **{name: [] for name in lists},
    }


def option_names(form: str) -> list[str]:
    """Return every option of a form of the line, as it is typed."""
    actions = make_parser(form)._actions  # noqa: SLF001 - argparse has no other list of them
    return sorted(name for action in actions for name in action.option_strings)


def _is_assignment(word: str, *, may_be_target: bool) -> bool:
    key, equals, _ = word.partition("=")
    # A path such as runs/a=1.py is a target where one is expected.
    is_path = may_be_target and word.endswith((".py", ".ipynb"))
    return bool(equals) and bool(key) and not is_path


def _advice(assignments: list[str]) -> str:
    """Return what may have been meant by a word that is no assignment."""
    last = assignments[-1] if assignments else ""
    if any(last.count(begin) > last.count(end) for begin, end in ("[]", "()", "{}")):
        key, _, value = last.partition("=")
        return f"a value with blanks goes in quotes, {key}='{value} …'"
    return "arguments of the program itself come after --"


def _unknown_option(word: str, form: str) -> str:
    from gage._internal.suggestions import did_you_mean

    option = word.partition("=")[0]
    near = did_you_mean(option, option_names(form))
    return f"unknown option {option}. {near or 'See --help'}"
