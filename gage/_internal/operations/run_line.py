"""The line that asks for a run: one grammar for `gage run`, `%gage_run` and `%%gage_run`.

    [TARGET] [k=v …] [options] [-- argument …]

The shell and the notebook split a line by the same POSIX rules and hand the words to `parse`,
which reads them by the table of `options`.
"""

from __future__ import annotations

from gage._internal.errors import OptionError
from gage._internal.named import NamedTuple
from gage._internal.operations.options import (
    OPTIONS,
    LineOptions,
    RunOptions,
    Several,
    option_names,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gage._internal.config.typed import Text
    from gage._internal.operations.option import Option


__all__ = ["LineError", "RunLine", "asks_for_several", "config_of", "parse"]


class RunLine(NamedTuple):
    """A line in its parts.

    Attributes
    ----------
    form
        The form of the line, one of `FORMS`.
    assignments
        The words with `=`, as typed.
    args
        Further arguments of the command.
    options
        The options that functions have too.
    only
        The options that only a line has.
    """

    form: str
    target: str | None
    assignments: list[str]
    args: list[str]
    options: RunOptions
    only: LineOptions


# The calls that a value for several runs may begin with, besides a bracket: see `batch.axes`.
_OTHER_WORDS = {
    "--background": "--bg",
    "--detach": "--bg",
    "--dry-run": "--preview",
    "--name": "--label",
    "--parallel": "--jobs",
    "--workers": "--jobs",
}
"""What other tools call options of the line."""

_CALLS = ("choice", "loguniform", "randint", "range", "uniform")


class LineError(OptionError):
    """A line that does not follow the grammar."""


def parse(words: Sequence[str], form: str) -> RunLine:
    """Return the parts of a line.

    Parameters
    ----------
    form
        The form of the line, one of `FORMS`.

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
    # In a notebook, a failed run is an error of the cell; the shell returns its exit code.
    parts: dict[str, dict[str, Any]] = {
        "run": {"check": form != "shell"},
        "several": {},
        "line": {},
    }
    plain: list[str] = []
    for option, value in _taken(words, form):
        if option is None:
            plain.append(value)
        elif option.kind == "list":
            parts[option.part].setdefault(option.field, []).append(value)
        else:
            parts[option.part][option.field] = value
    only = LineOptions(**parts["line"])
    target, assignments = _target_and_assignments(plain, only.module)
    options = RunOptions(**parts["run"], several=Several(**parts["several"]))
    return RunLine(form, target, assignments, args, options, only)


def config_of(line: RunLine) -> dict[str, Text]:
    """Return the values that a line gives, as typed, by key.

    Raises
    ------
    LineError
        If a key is given twice.
    ConfigError
        If a string before `=` is not a key.
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
    """Return whether a line may ask for several runs; the defaults of its keys decide finally.

    This is fast and reads no files. `batch.axes` describes the values.
    """
    several = line.options.several
    if several.trials or several.optimize or several.batch or line.only.each:
        return True
    for assignment in line.assignments:
        value = assignment.partition("=")[2].strip()
        if value.startswith("[") or value.partition("(")[0].strip() in _CALLS:
            return True
    return False


def _taken(words: list[str], form: str) -> Iterator[tuple[Option | None, Any]]:
    """Yield each option with its value, and None with each word that is not an option."""
    by_name: dict[str, Option] = {}
    if any(word.startswith("-") for word in words):
        by_name = {
            name: row for row in OPTIONS if form in row.forms.split() for name in row.names.split()
        }
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            yield None, word
            continue
        for name, attached in _split(word, by_name):
            option = by_name.get(name)
            if option is None:
                raise LineError(_unknown_option(name, form))
            if option.kind in ("flag", "off"):
                if attached is not None:
                    raise LineError(f"{name} takes no value, found {attached!r}")
                yield option, option.kind == "flag"
            else:
                value = next(rest, None) if attached is None else attached
                if value is None or (attached is None and value in by_name):
                    raise LineError(_without_value(option, name, value))
                yield option, _number(name, value) if option.kind == "number" else value


def _split(word: str, by_name: dict[str, Option]) -> Iterator[tuple[str, str | None]]:
    """Yield the options in a word, with a value that is attached to the last one."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        yield name, value if equals else None
        return
    # -q, -qn (two flags), -lTEXT
    for position in range(1, len(word)):
        name, attached = f"-{word[position]}", word[position + 1 :]
        option = by_name.get(name)
        if option is None or option.kind not in ("flag", "off"):
            yield name, attached or None
            return
        yield name, None


def _without_value(option: Option, name: str, found: str | None) -> str:
    message = f"expected {option.metavar} after {name}, found "
    if found is None:
        return f"{message}nothing"
    return f"{message}the option {found}. If it is the value: {name}={found}"


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise LineError(f"expected a whole number after {name}, found {value!r}") from None


def _target_and_assignments(words: list[str], module: str | None) -> tuple[str | None, list[str]]:
    target: str | None = None
    assignments: list[str] = []
    for word in words:
        may_be_target = target is None and module is None and not assignments
        if _is_assignment(word, may_be_target=may_be_target):
            assignments.append(word)
        elif target is None and not assignments:
            target = word
        else:
            raise LineError(f"expected k=v, found {word!r}: {_advice(assignments)}")
    if module is not None:
        if target is not None:
            raise LineError(f"expected one target, found two: {target} and -m {module}")
        target = f"-m {module}"
    return target, assignments


def _is_assignment(word: str, *, may_be_target: bool) -> bool:
    key, equals, _ = word.partition("=")
    # If a target is expected, a path such as runs/a=1.py is a target.
    is_path = may_be_target and word.endswith((".py", ".ipynb"))
    return bool(equals) and bool(key) and not is_path


def _advice(assignments: list[str]) -> str:
    """Return advice on a word that is not an assignment."""
    last = assignments[-1] if assignments else ""
    if any(last.count(begin) > last.count(end) for begin, end in ("[]", "()", "{}")):
        key, _, value = last.partition("=")
        return f"put a value with spaces in quotes, {key}='{value} …'"
    return "put arguments of the program itself after --"


def _unknown_option(option: str, form: str) -> str:
    from gage._internal.suggestions import did_you_mean

    known = option_names(form)
    meant = _OTHER_WORDS.get(option)
    near = f"Did you mean {meant!r}?" if meant in known else did_you_mean(option, known)
    return f"unknown option {option}. {near or 'See --help'}"
