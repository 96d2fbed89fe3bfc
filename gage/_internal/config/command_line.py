"""A command that runs a script with arguments: `config = "args"`.

The words of the command are the values of the script's arguments (`script_arguments`); setting
another value changes the command, not the source. The default of an argument is its value in the
command, else its default in the script.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from gage._internal.config.script_arguments import UNKNOWN, Argument, ScriptParser, read_parser
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["CommandLine", "check_command", "command_line"]

_TYPES = {"int": int, "float": float, "str": str}
_COMMAND = "a sub-command and its words"
_SPECIAL = set("|&;<>()$`*?[#~\n!{")


class Level(NamedTuple):
    """What the script itself, or one of its sub-commands, takes and is given.

    `given` are values by key, `rest` the words that are no argument known here, `command` the
    sub-command that follows, if any.
    """

    parser: ScriptParser
    given: dict[str, Any]
    rest: list[str]
    command: str | None


@dataclass(frozen=True)
class CommandLine:
    """A command that runs a script, with the values of the script's arguments.

    Parameters
    ----------
    words
        The words of the command.
    script_at
        The position of the script (or of the module after `-m`) in them.
    script
        The path of the script, relative to the project.
    levels
        What the script is given, then what each sub-command is.
    note
        What is not known of the arguments, and why; "" if all is known.
    is_shell
        Whether the command was one string for the shell.
    """

    words: list[str]
    script_at: int
    script: str
    levels: list[Level]
    note: str = ""
    is_shell: bool = False

    @property
    def arguments(self) -> list[Argument]:
        """The arguments of the script and of the sub-command that it is given."""
        # What a sub-command has under the same name is what the script gets.
        found = {arg.key: arg for level in self.levels for arg in level.parser.arguments}
        return list(found.values())

    @property
    def values(self) -> dict[str, Any]:
        """The values that this command gives to the script, by key, without computed defaults."""
        given: dict[str, Any] = {}
        for level in self.levels:
            given |= level.given
        values = {arg.key: given.get(arg.key, _default(arg)) for arg in self.arguments}
        return {key: value for key, value in values.items() if value is not UNKNOWN}

    @property
    def is_whole(self) -> bool:
        """Whether all arguments of the script are known."""
        return self.levels[0].parser.is_whole

    @property
    def commands(self) -> list[str]:
        """The sub-commands of which one may follow."""
        return list(self.levels[-1].parser.commands)

    def with_values(self, values: Mapping[str, Any]) -> list[str] | str:
        """Return a command that gives other values to the script.

        Raises
        ------
        ConfigError
            If there is no such command.
        """
        words = self._with(values)
        if words is None:
            # Which of them it is: those that cannot be given alone, else all.
            before = self.values
            changed = {
                key: value
                for key, value in values.items()
                if key not in before or not _is_same(before[key], value)
            }
            alone = {key: v for key, v in changed.items() if self._with({key: v}) is None}
            shown = ", ".join(f"{key}={value!r}" for key, value in (alone or changed).items())
            raise ConfigError(f"{self.script}: found no arguments that give it {shown}")
        return shlex.join(words) if self.is_shell else words

    def _with(self, values: Mapping[str, Any]) -> list[str] | None:
        before = self.values
        wanted = {
            argument.key: values.get(argument.key, before.get(argument.key))
            for argument in self.arguments
            if argument.key in values or argument.key in before
        }
        owners = {arg.key: level for level in self.levels for arg in level.parser.arguments}
        tails = []
        for level in self.levels:
            own = [arg for arg in level.parser.arguments if owners[arg.key] is level]
            command = [] if level.command is None else [level.command]
            tails.append([[*tail, *command] for tail in _tails(own, wanted, level.rest)])
        for parts in itertools.product(*tails):
            tail = [word for part in parts for word in part]
            levels = _levels(self.levels[0].parser, tail)
            if levels is not None and self._agrees(levels, wanted):
                return [*self.words[: self.script_at + 1], *tail]
        return None

    def _agrees(self, levels: list[Level], wanted: Mapping[str, Any]) -> bool:
        """Return whether words, taken apart, give the script what is wanted."""
        if [level.command for level in levels] != [level.command for level in self.levels]:
            return False
        given: dict[str, Any] = {}
        for level in levels:
            given |= level.given
        for argument in self.arguments:
            if argument.key not in wanted:
                if argument.key in given:
                    return False
            elif not _is_same(given.get(argument.key, _default(argument)), wanted[argument.key]):
                return False
        return True


def command_line(
    project_dir: str,
    command: Sequence[str] | str,
    *,
    may_run: bool = False,
    env: Mapping[str, str] | None = None,
) -> CommandLine:
    """Parse a command that runs a Python script with arguments.

    Parameters
    ----------
    may_run
        Whether the script may be run as far as `parse_args` if its source does not tell all.
    env
        The variables that the operation sets for it.

    Raises
    ------
    ConfigError
        If it does not run a script of the project.
    """
    is_shell = isinstance(command, str)
    words = _words(command) if isinstance(command, str) else list(command)
    position, script = _script(project_dir, words)
    with open(os.path.join(project_dir, script), "rb") as file:
        data = file.read()
    parser = read_parser(data, script)
    note = ""
    if may_run and not parser.is_whole:
        from gage._internal.config.parser_probe import probe_parser

        try:
            parser = probe_parser(project_dir, words, position, script, env)
        except ConfigError as error:
            note = f"{error}. Its arguments are those that its source tells of"
    tail = words[position + 1 :]
    levels = _levels(parser, tail, lenient=True)
    if levels is None:
        raise ConfigError(f"{script}: cannot read the arguments of the command: {shlex.join(tail)}")
    return CommandLine(words, position, script, levels, note, is_shell)


def check_command(command: Sequence[str] | str) -> None:
    """Check whether a command may be one that runs a script; its files need not be there.

    Raises
    ------
    ConfigError
        If its words cannot be told, or none is a script or a module.
    """
    words = _words(command) if isinstance(command, str) else list(command)
    if "-m" not in words[1:-1] and not any(word.endswith(".py") for word in words):
        raise _without_script(words)


def _levels(parser: ScriptParser, words: list[str], *, lenient: bool = False) -> list[Level] | None:
    """Take the words after a script apart; None where its parser refuses them."""
    found = _parsed(_parser(parser, lenient=lenient), words)
    if found is None:
        return None
    given, rest = found
    following = given.pop(_COMMAND, None)
    if following is None:
        return [Level(parser, given, rest, None)]
    name, *inner = following
    if name not in parser.commands:
        return None
    below = _levels(parser.commands[name], inner, lenient=lenient)
    return None if below is None else [Level(parser, given, rest, name), *below]


def _words(command: str) -> list[str]:
    if command.startswith("#!"):
        raise ConfigError(
            'config = "args" needs a command that runs one script, found a script with #!'
        )
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        plain = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"cannot read the command {command!r}: {error}") from None
    # Words that the shell expands would not survive splitting and joining.
    if words != plain or any(_SPECIAL & set(word) for word in plain):
        raise ConfigError(
            'config = "args" needs a command without shell syntax, found '
            f"{command!r}: write it as a list of strings"
        )
    return plain


def _script(project_dir: str, words: list[str]) -> tuple[int, str]:
    for position, word in enumerate(words):
        if word == "-m" and position + 1 < len(words) and position > 0:
            base = words[position + 1].replace(".", "/")
            for path in (f"{base}.py", f"{base}/__main__.py"):
                if os.path.isfile(os.path.join(project_dir, path)):
                    return position + 1, path
        elif word.endswith(".py"):
            path = os.path.normpath(word).replace(os.sep, "/")
            if os.path.isfile(os.path.join(project_dir, path)):
                return position, path
    raise _without_script(words)


def _without_script(words: Sequence[str]) -> ConfigError:
    return ConfigError(
        'config = "args" needs a command that runs a Python script of the project, '
        f"found {shlex.join(words)}"
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)


def _parser(described: ScriptParser, *, lenient: bool = False) -> _Parser:
    """Return a parser for described arguments, without the script's own checks."""
    parser = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    for argument in described.arguments:
        options: dict[str, Any] = {"default": argparse.SUPPRESS}
        if argument.action in {"append", "append_const", "extend", "count"} and (
            argument.default is not UNKNOWN
        ):
            # Given values are added to the default.
            options["default"] = argument.default
        if argument.action == "boolean":
            options["action"] = argparse.BooleanOptionalAction
        elif argument.action != "store":
            options["action"] = argument.action
        if argument.action in {"store", "append", "extend"}:
            options["type"] = _converter(argument.type)
            nargs = argument.nargs
            if lenient and not argument.flags:
                # It may be given later.
                nargs = "?" if nargs is None else "*" if nargs == "+" else nargs
            if nargs is not None:
                options["nargs"] = nargs
        if argument.action in {"store_const", "append_const"} or (
            argument.nargs == "?" and argument.flags
        ):
            options["const"] = argument.const
        if argument.flags:
            options["dest"] = argument.key
        parser.add_argument(*(argument.flags or [argument.key]), **options)
    if described.commands:
        parser.add_argument(_COMMAND, nargs=argparse.PARSER).required = False
    return parser


def _converter(name: str) -> Callable[[str], Any]:
    """Return the converter of a type; argparse gives it the default of a positional, too."""
    convert: Callable[[str], Any] = _TYPES.get(name, str)
    return lambda text: text if text is argparse.SUPPRESS else convert(text)


def _parsed(parser: _Parser, words: list[str]) -> tuple[dict[str, Any], list[str]] | None:
    try:
        namespace, rest = parser.parse_known_args(words)
    except (argparse.ArgumentError, argparse.ArgumentTypeError, ValueError):
        return None
    return vars(namespace), rest


def _is_same(found: Any, wanted: Any) -> bool:
    if isinstance(found, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    if isinstance(found, float) and isinstance(wanted, float) and found != found:  # noqa: PLR0124
        return wanted != wanted  # noqa: PLR0124
    return bool(found == wanted or (isinstance(found, str) and found == _word(wanted)))


def _tails(
    arguments: Sequence[Argument], wanted: Mapping[str, Any], rest: list[str]
) -> Iterator[list[str]]:
    """Yield possible words after the script, the simplest first."""
    options: list[str] = []
    positionals: list[str] = []
    for argument in arguments:
        if argument.key not in wanted:
            continue
        value = wanted[argument.key]
        if argument.flags:
            if argument.required or not _is_same(_default(argument), value):
                options += _option_words(argument, value)
        elif value is not None and not (
            not argument.required and _is_same(_default(argument), value)
        ):
            positionals += map(_word, value if isinstance(value, list) else [value])
    yield [*positionals, *options, *rest]
    yield [*options, *rest, *positionals]
    yield [*options, *rest, "--", *positionals]


def _option_words(argument: Argument, value: Any) -> list[str]:
    flag = next((flag for flag in argument.flags if flag.startswith("--")), argument.flags[0])
    if argument.action in {"store_true", "store_false", "store_const"}:
        return [flag] if value != argument.default else []
    if argument.action == "boolean":
        return [flag if value else f"--no-{flag.removeprefix('--')}"]
    if argument.action == "count":
        return [flag] * (int(value) - int(argument.default or 0))
    if argument.action in {"append", "append_const", "extend"}:
        added = list(value or [])[len(argument.default or []) :]
        if argument.action == "append_const":
            return [flag] * len(added)
        if argument.action == "extend":
            return _flag_words(flag, added) if added else []
        return [
            word
            for item in added
            for word in _flag_words(flag, item if isinstance(item, list) else [item])
        ]
    if argument.nargs == "?" and _is_same(argument.const, value):
        return [flag]
    return [] if value is None else _flag_words(flag, value if isinstance(value, list) else [value])


def _flag_words(flag: str, values: list[Any]) -> list[str]:
    words = [_word(value) for value in values]
    if len(words) == 1 and words[0].startswith("-") and flag.startswith("--"):
        return [f"{flag}={words[0]}"]
    return [flag, *words]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _default(argument: Argument) -> Any:
    """Return a default as argparse does: a string is converted by the argument's type."""
    if isinstance(argument.default, str) and argument.type in {"int", "float"}:
        try:
            return _TYPES[argument.type](argument.default)
        except ValueError:
            return argument.default
    if argument.default is None and argument.nargs == "*" and not argument.flags:
        return []
    return list(argument.default) if isinstance(argument.default, tuple) else argument.default
