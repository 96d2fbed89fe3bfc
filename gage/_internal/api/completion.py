"""What can come next on a line: options and their values, targets, keys, runs, filters.

Quick, and silent about everything that is wrong: a completion that raises is worse than none.
"""

from __future__ import annotations

import os

from gage._internal.api.place import home_of
from gage._internal.errors import GageError
from gage._internal.named import NamedTuple
from gage._internal.operations.options import OPTIONS, option_names
from gage._internal.operations.run_line import RunLine, parse
from gage._internal.operations.targets import known_operations, known_scripts, resolve_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.index.runs import RunIndex

__all__ = ["COMMAND_OPTIONS", "Choice", "complete_command", "complete_option", "complete_words"]

_MOST_RUNS = 100
_MOST_VALUES = 50
_TAKE_NO_RUN = frozenset({"batches", "doctor", "du", "ops", "check", "help", "completion"})
_TAKE_SEVERAL = frozenset({"diff", "compare", "plot", "delete", "metrics"})
_BATCH = ("-b", "--batch")
_ROW_FILES = (".csv", ".json")
_DIRECTIONS = ("minimize", "maximize")

_WORDS = {
    "interval": ("student", "bootstrap"),
    "kind": ("curves", "scatter", "parallel"),
}

COMMAND_OPTIONS = {
    "compare": {
        "--where": "filter",
        "--baseline": "run",
        "--by": "key",
        "--minimize": "metric",
        "--maximize": "metric",
        "--interval": "interval",
        "--all": "",
    },
    "plot": {
        "--where": "filter",
        "--metric": "metric",
        "--x": "x",
        "--by": "key",
        "--kind": "kind",
    },
    "timeline": {"--plot": ""},
    "doctor": {"--repair": ""},
}
"""The options of commands of `%gage`, and what they take; a flag takes nothing."""


class Choice(NamedTuple):
    """What a word may become, and what is said beside it."""

    text: str
    about: str = ""


def complete_words(
    incomplete: str, words: Sequence[str], form: str, directory: str | None = None
) -> list[Choice]:
    """Return what the word that is being typed on a line of a run may become.

    Parameters
    ----------
    incomplete
        The word so far, possibly empty.
    words
        The words before it.
    form
        The form of the line, one of `options.FORMS`.
    """
    try:
        given = "" if "--" in words else _value_of(words)
        if words and words[-1] == "--optimize":
            choices = _objectives(directory)
        elif given in ("FILE", "DIR"):
            suffixes = _ROW_FILES if words[-1] in _BATCH else ()
            choices = _files(incomplete, directory, suffixes, only_directories=given == "DIR")
        elif incomplete.startswith("-"):
            about = {name: row.help for row in OPTIONS for name in row.names.split()}
            choices = [Choice(name, about[name]) for name in option_names(form)]
        else:
            choices = _values(incomplete, words, form, directory)
    except (GageError, OSError, ValueError):
        return []
    found = {each.text: each for each in choices if each.text.startswith(incomplete)}
    return [found[text] for text in sorted(found)]


def complete_command(
    incomplete: str, words: Sequence[str], commands: Sequence[str], directory: str | None = None
) -> list[Choice]:
    """Return what the word that is being typed after `%gage` may become.

    A command; after it a run, the newest first, or for `runs` a part of a filter.
    """
    try:
        if not words:
            choices = [Choice(name) for name in sorted(commands)]
        elif words[0] in {"runs", "list", "ls", "select"}:
            choices = _filters(incomplete, _index(directory))
        elif incomplete.startswith("-") or _takes(words):
            choices = _option_choices(incomplete, words, directory)
        elif words[0] == "whence":
            choices = _files(incomplete, directory, (), only_directories=False)
        elif words[0] in _TAKE_NO_RUN or (len(words) > 1 and words[0] not in _TAKE_SEVERAL):
            choices = []
        else:
            choices = _runs(incomplete, _index(directory))
    except (GageError, OSError):
        return []
    return [each for each in choices if each.text.startswith(incomplete)]


def complete_option(taken: str, incomplete: str, directory: str | None = None) -> list[Choice]:
    """Return what the value of an option that takes `metric`, `key` or the like may become."""
    try:
        choices = _taken(taken, incomplete, directory)
    except (GageError, OSError):
        return []
    return [each for each in choices if each.text.startswith(incomplete)]


def _takes(words: Sequence[str]) -> str:
    """Return what the last word takes as its value; "" for nothing."""
    return COMMAND_OPTIONS.get(words[0], {}).get(words[-1], "")


def _option_choices(incomplete: str, words: Sequence[str], directory: str | None) -> list[Choice]:
    taken = _takes(words)
    if taken:
        return _taken(taken, incomplete, directory)
    return [Choice(option) for option in COMMAND_OPTIONS.get(words[0], {})]


def _taken(taken: str, incomplete: str, directory: str | None) -> list[Choice]:
    if taken in _WORDS:
        return [Choice(word) for word in _WORDS[taken]]
    index = _index(directory)
    if taken == "run":
        return _runs(incomplete, index)
    if taken == "filter":
        return _filters(incomplete, index)
    index.select()  # looks at the disk
    names = [Choice(name) for name in index.names()["metric" if taken == "metric" else "config"]]
    if taken == "x":
        return [Choice("step"), Choice("time"), *names]
    if taken == "key":
        names += [Choice(f"'all but {name}'") for name, _ in names if name.isidentifier()]
    return names


def _index(directory: str | None) -> RunIndex:
    from gage._internal.index.runs import run_index

    return run_index(home_of(directory, None))


def _runs(incomplete: str, index: RunIndex) -> list[Choice]:
    """Return the names of runs with operation, status and age, the newest first."""
    from gage._internal.people import format_age, status_words

    choices = []
    for run in index.select():
        if run.name.startswith(incomplete):
            status = status_words(run.status, run.exit_code, run.reason)
            about = (run.op_name, status, format_age(run.started_us or run.initialized_us))
            choices.append(Choice(run.name, " · ".join(filter(None, about))))
    return choices[:_MOST_RUNS]


def _filters(incomplete: str, index: RunIndex) -> list[Choice]:
    """Return `name=` for each name of a filter; after `name=` the values that the runs have."""
    from gage._internal.index.sql import COLUMNS

    index.select()  # looks at the disk
    name, equals, _ = incomplete.partition("=")
    if equals:
        values = [_word(value) for value in index.values(name)]
        return [Choice(f"{name}={value}") for value in values if value][:_MOST_VALUES]
    recorded = [
        Choice(f"{name}=", kind)
        for kind, names in index.names().items()
        for name in names
        if name not in COLUMNS and name.isprintable() and not set(name) & set(" \"'()=<>~,!`")
    ]
    return [*(Choice(f"{name}=", "column") for name in COLUMNS), *recorded]


def _objectives(directory: str | None) -> list[Choice]:
    """Return `minimize:METRIC` and `maximize:METRIC` for the metrics that the runs have."""
    index = _index(directory)
    index.select()
    metrics = index.names()["metric"] or [""]
    return [Choice(f"{direction}:{name}") for direction in _DIRECTIONS for name in metrics]


def _values(
    incomplete: str, words: Sequence[str], form: str, directory: str | None
) -> list[Choice]:
    if form == "cell" or "--" in words:
        return []
    line = parse(words, form)  # fails after an option that lacks its value: nothing is known of it
    if line.target is not None:
        return _keys(line, directory)
    operations = [Choice(each.name, each.description) for each in known_operations(directory)]
    files = [*known_scripts(directory), *_paths(incomplete, directory)]
    return [*(Choice(name) for name in files), *operations]


def _value_of(words: Sequence[str]) -> str:
    """Return what the last word takes as its value, such as `FILE`; "" if it takes none."""
    for row in OPTIONS:
        if words and words[-1] in row.names.split():
            return row.metavar
    return ""


def _keys(line: RunLine, directory: str | None) -> list[Choice]:
    """Return `key=default` of the target's configuration, without the keys already given."""
    operation = resolve_target(line.target, directory=directory)
    from gage._internal.config import read_config

    given = {assignment.partition("=")[0] for assignment in line.assignments}
    config = read_config(operation.project_dir, operation.opdef.config, operation.cmd.args)
    return [
        Choice(f"{key}={_word(value.value)}") for key, value in config.items() if key not in given
    ]


def _word(value: object) -> str:
    """Return a value as a line has it; nothing for one that shell and notebook quote unlike."""
    text = str(value)
    if any(mark in text for mark in "'\"\\{}$`\n"):
        return ""
    return f"'{text}'" if " " in text else text


def _files(
    incomplete: str, directory: str | None, suffixes: tuple[str, ...], *, only_directories: bool
) -> list[Choice]:
    """Return files and directories where one is being typed; hidden ones after a `.`."""
    head, name = os.path.split(incomplete)
    base = os.path.join(directory or os.getcwd(), os.path.expanduser(head))
    choices = []
    for entry in os.scandir(base):
        if entry.name.startswith(".") and not name.startswith("."):
            continue
        if entry.is_dir():
            choices.append(Choice(os.path.join(head, entry.name) + os.sep))
        elif not only_directories and entry.name.endswith(suffixes or ("",)):
            choices.append(Choice(os.path.join(head, entry.name)))
    return choices


def _paths(incomplete: str, directory: str | None) -> list[str]:
    """Return directories and scripts below the directory that is being typed."""
    head = os.path.dirname(incomplete)
    if not head:
        return []
    base = os.path.join(directory or os.getcwd(), os.path.expanduser(head))
    return [
        os.path.join(head, entry.name) + (os.sep if entry.is_dir() else "")
        for entry in os.scandir(base)
        if entry.is_dir() or entry.name.endswith((".py", ".ipynb"))
    ]
