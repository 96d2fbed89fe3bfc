"""The arguments of a script that uses argparse, read from its source.

The script is not run. Flags, types, defaults and choices are read from the calls of
`add_argument` in its source, if they are simple values or names of the module that have simple
values.

The key of an argument is the name that the parsed arguments have it under (`--learning-rate` is
`learning_rate`). Arguments of sub-commands are left out; `parser_probe` finds them.
"""

from __future__ import annotations

import argparse
import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.config.document import LineIndex
from gage._internal.config.parser_source import tells_all
from gage._internal.config.python_source import assignments, parse
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["UNKNOWN", "Argument", "ScriptParser", "read_arguments", "read_parser"]

_SKIPPED_ACTIONS = {"help", "version"}


class _Unknown:
    def __repr__(self) -> str:
        return "<computed>"


UNKNOWN = _Unknown()
"""A default that is not a simple value in the script."""


@dataclass(frozen=True)
class Argument:
    """An argument of a script, described by a call of `add_argument`.

    Parameters
    ----------
    key
        The name of the value (`dest`).
    flags
        Its options, such as `-e` and `--epochs`; none for a positional argument.
    type
        `int`, `float`, `str` or `bool`; or the name of the script's own converter.
    default
        Its default, None if there is none, `UNKNOWN` if it is computed.
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


class ScriptParser(NamedTuple):
    """What a script takes: its arguments, and the parsers of its sub-commands by name.

    `is_whole` says whether that is known to be all.
    """

    arguments: list[Argument]
    commands: Mapping[str, ScriptParser] = {}
    is_whole: bool = True


def read_arguments(data: bytes, path: str) -> list[Argument]:
    """Return the arguments of a script in the order of its source.

    Raises
    ------
    ConfigError
        If it is not Python source.
    """
    return read_parser(data, path).arguments


def read_parser(data: bytes, path: str) -> ScriptParser:
    """Return what the source of a script tells of its parser.

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
    return ScriptParser(list(_Calls(names).arguments(module)), {}, tells_all(module))


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
    """Return the name of an action; None for a class of the script."""
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
    # Without a type, argparse returns strings, whatever the default is.
    return "str" if action not in {"store_const", "append_const"} else type(default).__name__


def _is_required(options: Mapping[str, ast.expr], nargs: Any, *, is_option: bool) -> bool:
    if not is_option:
        return nargs not in {"?", "*", argparse.REMAINDER}
    required = options.get("required")
    return isinstance(required, ast.Constant) and required.value is True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
