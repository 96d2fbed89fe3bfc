"""The faults in the data of a Gage file: where, what was expected and what was found.

`gagefile.schema.json` says what is allowed, for editors too. A file is first compared with it by a
quick check (`schema_check`); only if that fails, its faults are explained (`explaining`). Some
checks cannot be expressed by a JSON Schema (`beyond_schema`).
"""

from __future__ import annotations

from gage._internal.errors import ConfigError
from gage._internal.operations.beyond_schema import beyond_schema, malformed_config, paths_of
from gage._internal.operations.schema_check import fits, read_schema
from gage._internal.types import OpDef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gage._internal.operations.explaining import Found, KeyPath

__all__ = ["faults_of", "faulty_operations"]


def faulty_operations(data: dict[str, Any]) -> list[str]:
    """Return the keys at the top of a Gage file whose values are not valid.

    This is the quick check, which does not say what is wrong with them.
    """
    schema = read_schema()
    return [
        name
        for name, value in data.items()
        if not fits({name: value}, schema, schema)
        or next(beyond_schema({name: value}), None) is not None
    ]


def faults_of(data: dict[str, Any], *, full: bool = False) -> list[Found]:
    """Return each fault of a Gage file's data: the path of the key and a message.

    Parameters
    ----------
    full
        Whether to use jsonschema even if the quick check finds nothing, and to check patterns of
        configuration, whose reader takes long to import.
    """
    schema = read_schema()
    found: list[Found] = []
    if full or not fits(data, schema, schema):
        from gage._internal.operations.explaining import faults_against_schema

        found += faults_against_schema(data, schema)
    found += beyond_schema(data)
    if full:
        for name, table in data.items():
            config = table.get("config") if isinstance(table, dict) else None
            found += malformed_config(config, (name, "config"))
            if fits({name: table}, schema, schema) and isinstance(table, dict):
                found += _unusable_args(OpDef(name, table))
    # One fault can make several checks of a place fail: the first message is enough.
    first: dict[KeyPath, str] = {}
    for path, message in found:
        first.setdefault(path, message)
    order = {path: place for place, path in enumerate(paths_of(data, ()))}
    return sorted(first.items(), key=lambda found: order[found[0]])


def _unusable_args(opdef: OpDef) -> Iterator[Found]:
    """Yield the fault of an operation whose arguments are its values, if none can be set."""
    command = opdef.command("run")
    if command is None or not any("args" in table["keys"] for table in opdef.config):
        return
    from gage._internal.config.command_line import check_command

    try:
        check_command(command)
    except ConfigError as error:
        yield (opdef.name, "config"), str(error)
