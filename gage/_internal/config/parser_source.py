"""Checking whether a script's arguments can be read from its source, so that nothing has to be run.

They can if the file makes one `ArgumentParser`, adds all its arguments one by one with what is
written in the calls, and parses. They cannot if arguments are added in a loop or come from
elsewhere: from `parents`, sub-commands, an imported function.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mentions_parser", "tells_all"]

_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension, ast.ListComp, ast.GeneratorExp)
_GROUPS = {"add_argument_group", "add_mutually_exclusive_group"}
_WRITTEN_OUT = {"nargs", "choices", "dest", "action", "required"}


def mentions_parser(data: bytes) -> bool:
    """Return whether a source may have to do with argparse."""
    return b"argparse" in data or b"ArgumentParser" in data or b"parse_args" in data


def tells_all(module: ast.Module) -> bool:
    """Return whether all arguments of a script can be read from its source."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    makers = [call for call in calls if _name(call.func) == "ArgumentParser"]
    if len(makers) != 1 or any(keyword.arg in {"parents", None} for keyword in makers[0].keywords):
        return False
    parsers = _names_of_parsers(module)
    own = {node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
    parses = False
    for call in calls:
        name = _name(call.func)
        if name == "add_subparsers":
            return False
        if name == "add_argument" and not _is_written_out(call):
            return False
        if name in {"parse_args", "parse_known_args"} and isinstance(call.func, ast.Attribute):
            receiver = call.func.value
            parses = parses or receiver in makers or _is_one_of(receiver, parsers)
        given = (*call.args, *(keyword.value for keyword in call.keywords))
        if name not in own and any(_is_one_of(value, parsers) for value in given):
            return False
    return parses and not any(_name(call.func) == "add_argument" for call in _in_loops(module))


def _names_of_parsers(module: ast.Module) -> set[str]:
    made_by = {"ArgumentParser", *_GROUPS}
    return {
        target.id
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and _name(node.value.func) in made_by
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_one_of(expression: ast.expr, names: set[str]) -> bool:
    return isinstance(expression, ast.Name) and expression.id in names


def _is_written_out(call: ast.Call) -> bool:
    """Return whether the names, and what decides how many words an argument takes, are literal."""
    if not all(isinstance(arg, ast.Constant) for arg in call.args):
        return False
    for keyword in call.keywords:
        if keyword.arg is None:
            return False
        if keyword.arg in _WRITTEN_OUT and not isinstance(
            keyword.value, (ast.Constant, ast.List, ast.Tuple, ast.Attribute)
        ):
            return False
    return True


def _in_loops(module: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, _LOOPS):
            yield from (below for below in ast.walk(node) if isinstance(below, ast.Call))
