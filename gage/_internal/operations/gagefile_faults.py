"""What is wrong with the data of a Gage file: where, what was expected and what was found.

`gagefile.schema.json` says what is allowed, for editors too. A file is first held against it by a
quick look (`schema_check`); if it fits, there is nothing to explain (`explaining`). What a JSON
Schema cannot say is checked as well (`beyond_schema`).
"""

from __future__ import annotations

from gage._internal.operations.beyond_schema import beyond_schema, malformed_config, paths_of
from gage._internal.operations.explaining import faults_against_schema, found_text
from gage._internal.operations.schema_check import fits, read_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.operations.explaining import Found, KeyPath

__all__ = ["faults_of"]


def faults_of(data: Any, *, full: bool = False) -> list[tuple[KeyPath, str]]:
    """Return each fault of a Gage file's data: the path of the key and a message.

    Parameters
    ----------
    data
        As the parser of the file's format gave it.
    full
        Whether jsonschema is asked even where the quick look finds nothing, and patterns of
        configuration are looked at: what reads them takes its time to import.
    """
    odd: list[Found] = []
    data = _with_text_keys(data, (), odd)
    schema = read_schema()
    found = odd
    if full or not fits(data, schema, schema):
        found += faults_against_schema(data, schema)
    found += beyond_schema(data)
    if full and isinstance(data, dict):
        for name, table in data.items():
            config = table.get("config") if isinstance(table, dict) else None
            found += malformed_config(config, (name, "config"))
    # One place can fail for one reason in several ways: the first says it.
    first: dict[KeyPath, str] = {}
    for path, message in found:
        first.setdefault(path, message)
    order = {path: place for place, path in enumerate(paths_of(data, ()))}
    return sorted(first.items(), key=lambda found: order[found[0]])


def _with_text_keys(data: Any, path: KeyPath, odd: list[Found]) -> Any:
    """Return data whose keys are all strings; YAML has others."""
    if isinstance(data, list):
        return [_with_text_keys(item, (*path, i), odd) for i, item in enumerate(data)]
    if not isinstance(data, dict):
        return data
    result = {}
    for key, value in data.items():
        name = key if isinstance(key, str) else str(key)
        if not isinstance(key, str):
            message = f"expected a string as key, found {found_text(key)}: write it in quotes"
            odd.append(((*path, name), message))
        result[name] = _with_text_keys(value, (*path, name), odd)
    return result
