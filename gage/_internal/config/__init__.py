"""Configuration: the values in a project's files that a run can change.

    config = read_config(project_dir, opdef.config, command)     keys and defaults
    values, warnings = resolve_values(config, given)             the values of the run
    diff = rewrite(run_dir, config, values)                      writes them into the run's copies
    command = with_values(config, values, command)               puts them into the command

`reading` finds the values by patterns (`selection`), with a module for each format; `resolving`
converts typed values to the types of the defaults (`typed`); `rewriting` changes the copies.
"""

from __future__ import annotations

from gage._internal.config.configuration import Config, ConfigValue, Place
from gage._internal.config.formats import SUFFIXES, read_document
from gage._internal.config.keys import join_key, split_key
from gage._internal.config.reading import read_config
from gage._internal.config.resolving import resolve_values
from gage._internal.config.rewriting import rewrite
from gage._internal.config.typed import Text, parse_assignment, parse_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = [
    "SUFFIXES",
    "Config",
    "ConfigValue",
    "Place",
    "Text",
    "join_key",
    "parse_assignment",
    "parse_value",
    "read_config",
    "read_document",
    "resolve_values",
    "rewrite",
    "split_key",
    "with_values",
]


def with_values(
    config: Config, values: Mapping[str, Any], command: Sequence[str] | str
) -> list[str] | str:
    """Return the command with the values of the script's arguments (`config = "args"`).

    The command is returned unchanged if no argument gets a new value.

    Raises
    ------
    ConfigError
        If no command gives these values to the script.
    """
    same_command = command if isinstance(command, str) else list(command)
    line = config.command
    if line is None:
        return same_command
    wanted = {
        entry.argument.key: values[key]
        for key, entry in config.items()
        if entry.argument is not None and key in values
    }
    changed = any(
        key not in line.values or line.values[key] != value for key, value in wanted.items()
    )
    return line.with_values(wanted) if changed else same_command
