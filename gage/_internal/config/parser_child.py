"""The child that runs a script as far as `parse_args` and tells what its parser takes.

    python parser_child.py DIRECTORY SCRIPT [WORD …]        as python SCRIPT WORD …
    python parser_child.py DIRECTORY -m MODULE [WORD …]     as python -m MODULE WORD …

Nothing of the script runs after its first call of `parse_args` or the like. The answer is one JSON
object on standard output: `parser` (`parser_probe` says what is in it), `files`, the paths of the
modules that were loaded and of the files of DIRECTORY that were read, and `places`, the directories
of installed packages. What the script prints goes to standard error.

It is started by its path, with the interpreter of the script: it imports nothing of gage.
"""

import sys

# The directory of this file must not offer its modules to the script.
sys.path.pop(0)

import argparse
import json
import os
import runpy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_ACTIONS = {
    "_StoreAction": "store",
    "_StoreConstAction": "store_const",
    "_StoreTrueAction": "store_true",
    "_StoreFalseAction": "store_false",
    "_AppendAction": "append",
    "_AppendConstAction": "append_const",
    "_CountAction": "count",
    "_ExtendAction": "extend",
    "BooleanOptionalAction": "boolean",
}
_METHODS = (
    "parse_args",
    "parse_known_args",
    "parse_intermixed_args",
    "parse_known_intermixed_args",
)
_TYPES: "dict[Any, str]" = {None: "str", str: "str", int: "int", float: "float"}


def main() -> None:
    """Run the script of the command line; leave at the first parser that parses."""
    directory, *words = sys.argv[1:]
    answer = os.dup(1)
    os.dup2(2, 1)
    read: set[str] = set()

    def note(event: str, args: "tuple[Any, ...]") -> None:
        if event == "open" and isinstance(args[0], str) and not args[2] & os.O_ACCMODE:
            read.add(os.path.abspath(args[0]))

    sys.addaudithook(note)

    def stop(parser: argparse.ArgumentParser, *_: "Any", **__: "Any") -> "NoReturn":
        data = {"parser": _described(parser), "files": _used(directory, read)}
        data["places"] = [place for place in sys.path if _is_installed(place)]
        text = json.dumps(data).encode()
        while text:
            text = text[os.write(answer, text) :]
        os._exit(0)

    for name in _METHODS:
        setattr(argparse.ArgumentParser, name, stop)
    if words[0] == "-m":
        sys.argv = ["-m", *words[2:]]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
        runpy.run_path(words[0], run_name="__main__")


def _described(parser: argparse.ArgumentParser) -> "dict[str, Any]":
    arguments = []
    commands: dict[str, Any] = {}
    for action in parser._actions:  # noqa: SLF001  # there is no other way to the arguments
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            commands.update({name: _described(sub) for name, sub in action.choices.items()})
        elif type(action).__name__ in _ACTIONS:
            arguments.append(_argument(parser, action))
    return {"arguments": arguments, "commands": commands}


def _argument(parser: argparse.ArgumentParser, action: argparse.Action) -> "dict[str, Any]":
    kind = _ACTIONS[type(action).__name__]
    default = None if action.default is argparse.SUPPRESS else action.default
    described: dict[str, Any] = {
        "key": action.dest,
        "flags": list(action.option_strings),
        "type": _type(action, kind),
        "action": kind,
        "nargs": action.nargs if kind in {"store", "append", "extend"} else None,
        "required": action.required,
        "help": _help(parser, action),
    }
    if _is_simple(default):
        described["default"] = default
    if _is_simple(action.const):
        described["const"] = action.const
    if action.choices is not None:
        choices = list(action.choices)
        if _is_simple(choices):
            described["choices"] = choices
    return described


def _type(action: argparse.Action, kind: str) -> str:
    if kind in {"store_true", "store_false", "boolean"}:
        return "bool"
    if kind == "count":
        return "int"
    if kind in {"store_const", "append_const"}:
        return type(action.const).__name__
    for known, name in _TYPES.items():
        if action.type is known:
            return name
    return str(getattr(action.type, "__name__", type(action.type).__name__))


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if not action.help or action.help == argparse.SUPPRESS:
        return ""
    try:
        return str(parser._get_formatter()._expand_help(action))  # noqa: SLF001
    except Exception:  # noqa: BLE001  # a help text with a wrong % is the script's matter
        return str(action.help)


def _is_simple(value: "Any") -> bool:
    if value is None or type(value) in {bool, int, float, str}:
        return True
    return isinstance(value, (list, tuple)) and all(map(_is_simple, value))


def _used(directory: str, read: "set[str]") -> "list[str]":
    """Return the files that the parser depends on, except those of installed packages."""
    start = os.path.realpath(directory) + os.sep
    prefixes = tuple(os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix))
    loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = set()
    for path in {path for path in loaded if isinstance(path, str)} | read:
        real = os.path.realpath(path)
        if _is_installed(real) or "__pycache__" in real.split(os.sep) or not os.path.isfile(real):
            continue
        if real.startswith(start):
            files.add(os.path.relpath(real, start))
        elif path in loaded and not real.startswith(prefixes):
            files.add(real)
    return sorted(files)


def _is_installed(path: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep))


if __name__ == "__main__":
    main()
