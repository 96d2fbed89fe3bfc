"""The values of an operation: its configuration read, and what it is given put in.

A script's arguments count as its configuration too, without a Gage file that says so: if a key is
none of the script's names, and the script or a module of the project that it imports has to do
with argparse, the script is asked for its parser.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError
from gage._internal.types import OpCmd, OpDef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.config import Config
    from gage._internal.types import Operation

__all__ = ["configure", "described_configuration", "read_configuration"]

_WITHOUT_GAGEFILE = ("script", "module")


def configure(
    operation: Operation, source_dir: str, *, strict: bool = True, complete: bool = True
) -> Operation:
    """Return an operation whose `config` has the value of every key, those given and defaults.

    Parameters
    ----------
    source_dir
        Where the files are that hold the defaults.
    strict
        Whether a value of another type than its default is an error.
    complete
        Whether the arguments that a script requires must have a value.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value cannot be given or is missing.
    """
    if not operation.opdef.config and not operation.config:
        return operation
    operation, config = read_configuration(operation, source_dir, operation.config)
    from gage._internal.config import resolve_values, with_values
    from gage._internal.config.resolving import check_required

    values, warnings = resolve_values(config, operation.config, strict=strict)
    if complete:
        check_required(config, values)
    return operation.but(
        cmd=OpCmd(with_values(config, values, operation.cmd.args), operation.cmd.env),
        config=values,
        notes=(*operation.notes, *config.notes, *warnings),
    )


def read_configuration(
    operation: Operation, source_dir: str, keys: Iterable[str]
) -> tuple[Operation, Config]:
    """Return an operation and its configuration, in which the given keys are looked for.

    The definition of a script or module gets `args` where it is the arguments that have a key.

    Raises
    ------
    ConfigError
        If it has no configuration, or that cannot be read.
    """
    from gage._internal.config import read_config

    opdef, command, env = operation.opdef, operation.cmd.args, operation.cmd.env
    if operation.opref.op_ns not in _WITHOUT_GAGEFILE:
        if not opdef.config:
            raise ConfigError(_without_config(operation, keys))
        return operation, read_config(source_dir, opdef.config, command, arguments="run", env=env)
    config = read_config(source_dir, opdef.config, command, arguments="tried")
    from gage._internal.config.resolving import is_argument, is_known_key

    is_whole = config.command is None or config.command.is_whole
    if all(
        is_known_key(config, key) and (is_whole or not is_argument(config, key)) for key in keys
    ):
        return operation, config
    if not _may_parse_arguments(operation, source_dir):
        if not opdef.config:
            raise ConfigError(_without_config(operation, keys))
        return operation, config
    with_args = _with_args(opdef)
    config = read_config(source_dir, with_args.config, command, arguments="run", env=env)
    return operation.but(opdef=with_args), config


def described_configuration(operation: Operation, source_dir: str) -> Config:
    """Return the configuration of an operation with all that its script's own parser takes.

    For a script without a Gage file, that runs it as far as `parse_args` where its source does not
    tell all of its arguments.

    Raises
    ------
    ConfigError
        If the configuration cannot be read.
    """
    from gage._internal.config import Config, read_config

    if operation.opref.op_ns not in _WITHOUT_GAGEFILE:
        if not operation.opdef.config:
            return Config({}, [], {}, {})
        return read_configuration(operation, source_dir, ())[1]
    command, env = operation.cmd.args, operation.cmd.env
    config = read_config(source_dir, operation.opdef.config, command, arguments="tried")
    is_whole = config.command is not None and config.command.is_whole
    if is_whole or not _may_parse_arguments(operation, source_dir):
        return config
    with_args = _with_args(operation.opdef)
    return read_config(source_dir, with_args.config, command, arguments="run", env=env)


def _with_args(opdef: OpDef) -> OpDef:
    """Return a definition whose configuration includes the arguments of its script."""
    patterns = [pattern for table in opdef.config for pattern in table["keys"]]
    keys = list(dict.fromkeys([*patterns, "args"]))
    return OpDef(opdef.name, {**opdef.data, "config": [{"keys": keys}]}, opdef.src)


def _may_parse_arguments(operation: Operation, source_dir: str) -> bool:
    """Return whether a program, or what it imports from the project, may have a parser."""
    from gage._internal.config.parser_source import mentions_parser
    from gage._internal.operations.found_files import modules_of

    for path in modules_of(operation):
        try:
            with open(os.path.join(source_dir, path), "rb") as file:
                if mentions_parser(file.read()):
                    return True
        except OSError:
            continue
    return False


def _without_config(operation: Operation, keys: Iterable[str]) -> str:
    what = f"{operation.opref.op_ns} {operation.opref.op_name}"
    where = f"in {operation.opdef.src}" if operation.opdef.src else "with it in a Gage file"
    return (
        f"expected no configuration for {what}, found {', '.join(keys)}: "
        f"define an operation's `config` {where} to set values"
    )
