"""What can come next on a run line: options, targets, keys of configuration.

It is quick and never raises: a completion that raises is worse than none.
"""

from __future__ import annotations

import os

from gage._internal.api.runs import runs
from gage._internal.errors import GageError
from gage._internal.operations.options import option_names
from gage._internal.operations.run_line import RunLine, parse
from gage._internal.operations.targets import known_operations, known_scripts, resolve_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["complete_command", "complete_words"]


def complete_words(
    incomplete: str, words: Sequence[str], form: str, directory: str | None = None
) -> list[str]:
    """Return the completions of the word that is being typed.

    Parameters
    ----------
    incomplete
        The word so far, possibly empty.
    words
        The words before it.
    form
        The form of the line: `shell`, `notebook` or `cell`.
    """
    try:
        if incomplete.startswith("-"):
            choices = option_names(form)
        else:
            choices = _values(incomplete, words, form, directory)
    except (GageError, OSError, ValueError):
        return []
    return sorted({choice for choice in choices if choice.startswith(incomplete)})


def complete_command(
    incomplete: str, words: Sequence[str], commands: Sequence[str], directory: str | None = None
) -> list[str]:
    """Return the completions of a word after `%gage`: a command, then a run."""
    try:
        choices = [run.name for run in runs(directory=directory)] if words else commands
    except (GageError, OSError):
        return []
    return sorted(choice for choice in choices if choice.startswith(incomplete))


def _values(incomplete: str, words: Sequence[str], form: str, directory: str | None) -> list[str]:
    if form == "cell" or "--" in words:
        return []
    line = parse(words, form)  # fails after an option without its value, which cannot be completed
    if line.target is not None:
        return _keys(line, directory)
    choices = [opdef.name for opdef in known_operations(directory)]
    return choices + known_scripts(directory) + _paths(incomplete, directory)


def _keys(line: RunLine, directory: str | None) -> list[str]:
    """Return `key=default` of the target's configuration, without the keys already given."""
    operation = resolve_target(line.target, directory=directory)
    from gage._internal.config import read_config

    given = {assignment.partition("=")[0] for assignment in line.assignments}
    opdef, command = operation.opdef, operation.cmd.args
    config = read_config(operation.project_dir, opdef.config, command, arguments="tried")
    return [f"{key}={_word(value.value)}" for key, value in config.items() if key not in given]


def _word(value: object) -> str:
    """Return a value as a word of a line; "" if shell and notebook would quote it differently."""
    text = str(value)
    if any(mark in text for mark in "'\"\\{}$`\n"):
        return ""
    return f"'{text}'" if " " in text else text


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
