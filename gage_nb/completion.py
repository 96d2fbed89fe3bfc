"""Completion of the magics' lines: options, targets, keys of configuration, commands, runs.

IPython calls every matcher and puts Python's names first, two hundred of them after a `-`. Our
matcher comes before the others, and if it has completions, they are the only ones.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher
from IPython.core.getipython import get_ipython

from gage._internal.api.completion import Choice, complete_command, complete_words
from gage_nb.command_list import COMMANDS
from gage_nb.name_errors import names_assigned_by

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register_matcher", "unregister_matcher"]

_LINE = re.compile(r"\s*(?:[\w.]+\s*=\s*)?(%gage_run|%gage|%%gage_run)\s+(.*)", re.DOTALL)


def register_matcher(ip: InteractiveShell) -> None:
    """Register completion of the magics' lines with a shell."""
    ip.Completer.custom_matchers.append(_match)


def unregister_matcher(ip: InteractiveShell) -> None:
    """Undo `register_matcher`."""
    matchers = ip.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if matcher is not _match]


# Before all other matchers. IPython's decorator has no types.
@context_matcher(identifier="gage_nb", priority=1000)  # type: ignore[untyped-decorator]
def _match(context: CompletionContext) -> Any:  # a TypedDict that IPython 8 does not have
    line, body = context.text_until_cursor, context.full_text.partition("\n")[2]
    choices = _continuations(line, context.token, context.cursor_line, body)
    found = [SimpleCompletion(text=each.text, type=each.about or "magic") for each in choices]
    return {"completions": found, "suppress": bool(found), "ordered": True}


def _continuations(line: str, token: str, line_number: int, body: str = "") -> list[Choice]:
    """Return the completions of the token before the cursor; never raises.

    `body` is what follows the first line of the cell.
    """
    found = _LINE.fullmatch(line)
    if not found or (found[1].startswith("%%") and line_number > 0):
        return []
    magic, rest = found[1], found[2]
    words = rest.split()
    incomplete = words.pop() if words and not rest[-1].isspace() else ""
    # IPython's token may be only the end of the word, such as after a `=`.
    before = len(incomplete) - len(token)
    if not incomplete.endswith(token) or before < 0:
        return []
    form = "cell" if magic.startswith("%%") else "line"
    if magic == "%gage":
        choices = complete_command(incomplete, words, list(COMMANDS))
    elif words and words[-1] in {"-i", "--input", "--each"}:
        choices = _variables(incomplete, only_frames=words[-1] == "--each")
    elif words and words[-1] in {"-o", "--output"}:
        source = body if form == "cell" else _script_of(words[:-1])
        choices = _assigned(incomplete, source)
    else:
        choices = complete_words(incomplete, words, form)
    return [Choice(each.text[before:], each.about) for each in choices]


def _variables(incomplete: str, *, only_frames: bool) -> list[Choice]:
    """Return the notebook's variables that hold data, with their types."""
    shell = get_ipython()
    if shell is None:
        return []
    own = set(shell.user_ns_hidden)
    found = []
    for name, value in sorted(shell.user_ns.items()):
        if name.startswith("_") or name in own or not name.startswith(incomplete):
            continue
        kind = type(value).__name__
        if kind == "DataFrame" if only_frames else not (callable(value) or kind == "module"):
            found.append(Choice(name, kind))
    return found


def _assigned(incomplete: str, source: str) -> list[Choice]:
    """Return the variables that a program assigns, in their order."""
    return [
        Choice(name, "assigned here")
        for name, binding in names_assigned_by(source).items()
        if binding.kind == "value" and name.startswith(incomplete) and not name.startswith("_")
    ]


def _script_of(words: list[str]) -> str:
    """Return the text of the script that a line runs, "" if that is not known."""
    scripts = [word for word in words if word.endswith(".py") and "=" not in word]
    try:
        return Path(scripts[0]).read_text() if scripts else ""
    except (OSError, ValueError):
        return ""
