"""A quick check of data against the JSON Schema of Gage files.

jsonschema checks data against `gagefile.schema.json`, but importing it takes longer than everything
else that starts a run. `fits` knows the keywords that the schema uses and refuses any other; a test
compares its results with those of jsonschema.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SCHEMA_PATH", "fits", "read_schema", "regex_error", "resolve", "unknown_keys"]

SCHEMA_PATH = os.path.join(os.path.dirname(__file__), "gagefile.schema.json")


def read_schema() -> dict[str, Any]:
    """Return the JSON Schema of Gage files."""
    import json

    with open(SCHEMA_PATH, "rb") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
_SAYS_NOTHING = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "errorMessage"}
)


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Return whether a schema allows a value."""
    return all(
        _fits_keyword(value, keyword, schema, root)
        for keyword in schema
        if keyword not in _SAYS_NOTHING
    )


def _fits_keyword(value: Any, keyword: str, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    rule = schema[keyword]
    if keyword == "$ref":
        return fits(value, resolve(rule, root), root)
    if keyword == "type":
        return _is_of_type(value, rule)
    if keyword == "enum":
        return value in rule
    if keyword in {"anyOf", "oneOf", "allOf"}:
        fitting = sum(fits(value, option, root) for option in rule)
        return {"anyOf": fitting > 0, "oneOf": fitting == 1, "allOf": fitting == len(rule)}[keyword]
    if keyword == "not":
        return not fits(value, rule, root)
    if keyword in {"minLength", "pattern", "format"}:
        return not isinstance(value, str) or _fits_text(value, keyword, rule)
    if keyword in {"minItems", "items"}:
        if not isinstance(value, list):
            return True
        return (
            len(value) >= rule
            if keyword == "minItems"
            else all(fits(item, rule, root) for item in value)
        )
    if keyword in {
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
    }:
        return not isinstance(value, dict) or _fits_table(value, keyword, schema, root)
    raise ValueError(f"{SCHEMA_PATH}: unknown keyword {keyword!r}")


def _fits_text(text: str, keyword: str, rule: Any) -> bool:
    import re

    if keyword == "minLength":
        return len(text) >= int(rule)
    if keyword == "pattern":
        return re.search(rule, text) is not None
    if rule != "regex":
        raise ValueError(f"{SCHEMA_PATH}: unknown format {rule!r}")
    return regex_error(text) is None


def _fits_table(
    table: dict[str, Any], keyword: str, schema: dict[str, Any], root: dict[str, Any]
) -> bool:
    rule = schema[keyword]
    if keyword == "required":
        return all(name in table for name in rule)
    if keyword == "propertyNames":
        return all(fits(name, rule, root) for name in table)
    if keyword == "properties":
        return all(fits(table[name], rule[name], root) for name in rule if name in table)
    if keyword == "patternProperties":
        return all(
            fits(value, option, root)
            for pattern, option in rule.items()
            for name, value in table.items()
            if _fits_text(name, "pattern", pattern)
        )
    others = unknown_keys(table, schema)
    return not others if rule is False else all(fits(table[name], rule, root) for name in others)


def resolve(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a schema that a reference names."""
    resolved: dict[str, Any] = root["$defs"][reference.removeprefix("#/$defs/")]
    return resolved


def _is_of_type(value: Any, name: str) -> bool:
    if name == "integer":
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return is_whole and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def unknown_keys(table: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return the keys of a table that a schema does not name."""
    return [
        name
        for name in table
        if name not in schema.get("properties", {})
        and not any(
            _fits_text(name, "pattern", pattern) for pattern in schema.get("patternProperties", {})
        )
    ]


def regex_error(text: str) -> str | None:
    """Return the fault of a regular expression, None if it has none."""
    import re

    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None
