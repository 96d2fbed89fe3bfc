"""Configuration of a script that uses argparse: `config = "args"`.

The script is not run. Its calls of `add_argument` are read from the source, which tells the flags,
types, defaults and choices as far as they are written there as simple values (or as names of the
module that have simple values). Setting a value then changes the command, not the source.

The key of an argument is the name that the parsed arguments have it under (`--learning-rate` is
`learning_rate`). Its default is what the command says, else what the script says. Arguments of
sub-commands are left out.
"""

from __future__ import annotations

import argparse
import ast
import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from gage._internal.config.document import LineIndex
from gage._internal.config.python_source import assignments, parse
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Argument", "CommandLine", "command_line", "read_arguments"]

_TYPES = {"int": int, "float": float, "str": str}
_SKIPPED_ACTIONS = {"help", "version"}
_SPECIAL = set("|&;<>()$`*?[#~\n!{")


class _Unknown:
    def __repr__(self) -> str:
        return "<computed>"


UNKNOWN = _Unknown()
"""A default that is not written in the script as a simple value."""


@dataclass(frozen=True)
class Argument:
    """An argument of a script, as `add_argument` describes it.

    Parameters
    ----------
    key
        The name of the value (`dest`).
    flags
        Its options, such as `-e` and `--epochs`; none for a positional argument.
    type
        `int`, `float`, `str` or `bool`; another name for what the script converts itself.
    default
        Its default, None where there is none, `UNKNOWN` where it is computed.
    """

    key: str
    flags: tuple[str, ...]
    type: str
    default: Any = None
    action: str = "store"
    nargs: int | str | None = None
    const: Any = None
    choices: tuple[Any, ...] | None = None
    required: bool = False
    help: str = ""
    line: int = 0

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.action in {"append", "append_const", "extend"} or self.nargs not in {
            None,
            "?",
        }


def read_arguments(data: bytes, path: str) -> list[Argument]:
    """Return the arguments of a script in the order of its source.

    Raises
    ------
    ConfigError
        If it is not Python source.
    """
    try:
        text = data.decode("utf-8-sig")
        module = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{path}:{line}: expected Python source: {error}") from None
    names = {name: node.value for name, node in assignments(module, LineIndex(text)) if node.simple}
    return list(_Calls(names).arguments(module))


class _Calls:
    """Finds the calls of `add_argument` and `set_defaults` in a module."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def arguments(self, module: ast.Module) -> Iterator[Argument]:
        calls = sorted(
            (node for node in ast.walk(module) if isinstance(node, ast.Call)),
            key=lambda call: (call.lineno, call.col_offset),
        )
        foreign = _subcommand_names(module)
        defaults: dict[str, Any] = {}
        found: dict[str, Argument] = {}
        for call in calls:
            if not isinstance(call.func, ast.Attribute) or _receiver(call.func) in foreign:
                continue
            if call.func.attr == "set_defaults":
                defaults.update(
                    {
                        keyword.arg: self._value(keyword.value)
                        for keyword in call.keywords
                        if keyword.arg
                    }
                )
            elif call.func.attr == "add_argument":
                argument = self._argument(call)
                if argument is not None:
                    found.setdefault(argument.key, argument)
        for key, argument in found.items():
            if key in defaults:
                yield Argument(**{**vars(argument), "default": defaults[key]})
            else:
                yield argument

    def _argument(self, call: ast.Call) -> Argument | None:
        flags = [self._value(arg) for arg in call.args]
        if not flags or not all(isinstance(flag, str) and flag for flag in flags):
            return None
        options = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        action = _action(options.get("action"))
        if action in _SKIPPED_ACTIONS or action is None:
            return None
        is_option = flags[0].startswith("-")
        dest = self._value(options["dest"]) if "dest" in options else None
        long = next((flag for flag in flags if flag.startswith("--")), flags[0])
        key = dest if isinstance(dest, str) else long.lstrip("-").replace("-", "_")
        default = self._value(options["default"]) if "default" in options else None
        if "default" not in options and action in {"store_true", "store_false"}:
            default = action == "store_false"
        choices = self._value(options["choices"]) if "choices" in options else None
        nargs = self._value(options["nargs"]) if "nargs" in options else None
        return Argument(
            key=key if is_option else (dest or flags[0]),
            flags=tuple(flags) if is_option else (),
            type=_type(options.get("type"), action, default),
            default=default,
            action=action,
            nargs=nargs if isinstance(nargs, (int, str)) else None,
            const=self._value(options["const"]) if "const" in options else None,
            choices=tuple(choices) if isinstance(choices, (list, tuple)) else None,
            required=_is_required(options, nargs, is_option=is_option),
            help=_text(self._value(options["help"])) if "help" in options else "",
            line=call.lineno,
        )

    def _value(self, expression: ast.expr) -> Any:
        if isinstance(expression, ast.Name):
            return self.names.get(expression.id, UNKNOWN)
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            name = f"{expression.value.id}.{expression.attr}"
            constants = {
                "argparse.REMAINDER": argparse.REMAINDER,
                "argparse.OPTIONAL": argparse.OPTIONAL,
                "argparse.ZERO_OR_MORE": argparse.ZERO_OR_MORE,
                "argparse.ONE_OR_MORE": argparse.ONE_OR_MORE,
                "argparse.SUPPRESS": None,
            }
            return constants.get(name, UNKNOWN)
        try:
            return ast.literal_eval(expression)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return UNKNOWN


def _receiver(function: ast.Attribute) -> str | None:
    return function.value.id if isinstance(function.value, ast.Name) else None


def _subcommand_names(module: ast.Module) -> set[str]:
    """Return the variables that hold parsers of sub-commands, and groups of these."""
    names: set[str] = set()
    made_by = {"add_parser", "add_argument_group", "add_mutually_exclusive_group"}
    statements = [node for node in ast.walk(module) if isinstance(node, ast.Assign)]
    for node in sorted(statements, key=lambda node: node.lineno):
        function = node.value.func if isinstance(node.value, ast.Call) else None
        if not isinstance(function, ast.Attribute) or function.attr not in made_by:
            continue
        if function.attr == "add_parser" or _receiver(function) in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _action(expression: ast.expr | None) -> str | None:
    """Return the name of an action; None for a class of the script's own."""
    if expression is None:
        return "store"
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return expression.value
    name = expression.attr if isinstance(expression, ast.Attribute) else None
    name = expression.id if isinstance(expression, ast.Name) else name
    return "boolean" if name == "BooleanOptionalAction" else None


def _type(expression: ast.expr | None, action: str, default: Any) -> str:
    if action in {"store_true", "store_false", "boolean"}:
        return "bool"
    if action == "count":
        return "int"
    if expression is not None:
        return ast.unparse(expression)
    # Without a type argparse hands on texts, whatever the default is.
    return "str" if action not in {"store_const", "append_const"} else type(default).__name__


def _is_required(options: Mapping[str, ast.expr], nargs: Any, *, is_option: bool) -> bool:
    if not is_option:
        return nargs not in {"?", "*", argparse.REMAINDER}
    required = options.get("required")
    return isinstance(required, ast.Constant) and required.value is True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


# The command


@dataclass(frozen=True)
class CommandLine:
    """A command that runs a script, and what it gives to the script's arguments.

    Parameters
    ----------
    words
        The command, a word each.
    script_at
        Which of them is the script (or the module after `-m`).
    script
        The path of the script, relative to the project.
    arguments
        The script's arguments.
    values
        What the script gets by this command, by key; computed defaults are left out.
    rest
        The words after the script that are no argument known here.
    is_shell
        Whether the command was one text for the shell.
    """

    words: list[str]
    script_at: int
    script: str
    arguments: list[Argument]
    values: dict[str, Any]
    rest: list[str] = field(default_factory=list)
    is_shell: bool = False

    def with_values(self, values: Mapping[str, Any]) -> list[str] | str:
        """Return the command with which the script gets other values.

        Raises
        ------
        ConfigError
            If there is no such command.
        """
        wanted = {
            argument.key: values.get(argument.key, self.values.get(argument.key))
            for argument in self.arguments
            if argument.key in values or argument.key in self.values
        }
        head = self.words[: self.script_at + 1]
        parser = _parser(self.arguments)
        for tail in _tails(self.arguments, wanted, self.rest):
            found = _parsed(parser, tail)
            if found is not None and _agrees(self.arguments, found[0], wanted):
                words = [*head, *tail]
                return shlex.join(words) if self.is_shell else words
        shown = ", ".join(f"{key}={value!r}" for key, value in values.items())
        raise ConfigError(f"{self.script}: found no arguments that give it {shown}")


def command_line(project_dir: str, command: Sequence[str] | str) -> CommandLine:
    """Take a command apart that runs a Python script with arguments.

    Raises
    ------
    ConfigError
        If no script of the project can be found in it.
    """
    is_shell = isinstance(command, str)
    words = _words(command) if isinstance(command, str) else list(command)
    position, script = _script(project_dir, words)
    with open(os.path.join(project_dir, script), "rb") as file:
        arguments = read_arguments(file.read(), script)
    tail = words[position + 1 :]
    found = _parsed(_parser(arguments, lenient=True), tail)
    if found is None:
        raise ConfigError(f"{script}: cannot read the arguments of the command: {shlex.join(tail)}")
    given, rest = found
    values = {}
    for argument in arguments:
        value = given.get(argument.key, _default(argument))
        if value is not UNKNOWN:
            values[argument.key] = value
    return CommandLine(words, position, script, arguments, values, rest, is_shell)


def _words(command: str) -> list[str]:
    if command.startswith("#!"):
        raise ConfigError(
            'config = "args" needs a command that runs one script, found a text with #!'
        )
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        plain = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"cannot read the command {command!r}: {error}") from None
    # What the shell would expand cannot be kept when the words are joined again.
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
    raise ConfigError(
        'config = "args" needs a command that runs a Python script of the project, '
        f"found {shlex.join(words)}"
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)


def _parser(arguments: Iterable[Argument], *, lenient: bool = False) -> _Parser:
    """Return a parser for described arguments: their values only, no checks of the script's own."""
    parser = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    for argument in arguments:
        options: dict[str, Any] = {"default": argparse.SUPPRESS}
        if argument.action in {"append", "append_const", "extend", "count"} and (
            argument.default is not UNKNOWN
        ):
            # What is given is added to the default.
            options["default"] = argument.default
        if argument.action == "boolean":
            options["action"] = argparse.BooleanOptionalAction
        elif argument.action != "store":
            options["action"] = argument.action
        if argument.action in {"store", "append", "extend"}:
            options["type"] = _TYPES.get(argument.type, str)
            nargs = argument.nargs
            if lenient and not argument.flags and nargs is None:
                nargs = "?"
            if nargs is not None:
                options["nargs"] = nargs
        if argument.action in {"store_const", "append_const"} or (
            argument.nargs == "?" and argument.flags
        ):
            options["const"] = argument.const
        if argument.flags:
            options["dest"] = argument.key
        parser.add_argument(*(argument.flags or [argument.key]), **options)
    return parser


def _parsed(parser: _Parser, words: list[str]) -> tuple[dict[str, Any], list[str]] | None:
    try:
        namespace, rest = parser.parse_known_args(words)
    except (argparse.ArgumentError, argparse.ArgumentTypeError, ValueError):
        return None
    return vars(namespace), rest


def _agrees(
    arguments: Iterable[Argument], found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> bool:
    for argument in arguments:
        if argument.key not in wanted:
            if argument.key in found:
                return False
            continue
        value = found.get(argument.key, _default(argument))
        if not _is_same(value, wanted[argument.key]):
            return False
    return True


def _is_same(found: Any, wanted: Any) -> bool:
    if isinstance(found, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    if isinstance(found, float) and isinstance(wanted, float) and found != found:  # noqa: PLR0124
        return wanted != wanted  # noqa: PLR0124
    return bool(found == wanted or (isinstance(found, str) and found == _word(wanted)))


def _tails(
    arguments: Sequence[Argument], wanted: Mapping[str, Any], rest: list[str]
) -> Iterator[list[str]]:
    """Yield what may stand after the script, the plainest first."""
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
    """Return a default as argparse hands it on: a text is converted by the argument's type."""
    if isinstance(argument.default, str) and argument.type in {"int", "float"}:
        try:
            return _TYPES[argument.type](argument.default)
        except ValueError:
            return argument.default
    if argument.default is None and argument.nargs == "*" and not argument.flags:
        return []
    return list(argument.default) if isinstance(argument.default, tuple) else argument.default
