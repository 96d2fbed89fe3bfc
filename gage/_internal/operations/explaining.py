"""The faults that jsonschema finds in a Gage file, in plain words: expected, found, where."""

from __future__ import annotations

from gage._internal.operations.schema_check import fits, regex_error, resolve, unknown_keys
from gage._internal.suggestions import did_you_mean, near_misses
from gage._internal.text import listed, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from jsonschema import ValidationError

    KeyPath: TypeAlias = tuple[str | int, ...]
    Found: TypeAlias = tuple[KeyPath, str]

__all__ = ["faults_against_schema", "found_text", "key_text", "sentences", "short"]

_SHOWN = 60  # characters of a value in a message


def key_text(path: KeyPath) -> str:
    """Return the name of a key in messages: `train.depends[1].files`."""
    text = ""
    for name in path:
        if isinstance(name, int):
            text += f"[{name}]"
        else:
            plain = name.replace("-", "").replace("_", "").replace("$", "").isalnum()
            text += ("." if text else "") + (name if plain else repr(name))
    return text


def faults_against_schema(data: Any, schema: dict[str, Any]) -> list[Found]:
    """Return each fault that jsonschema finds in a Gage file's data."""
    try:
        from jsonschema import Draft202012Validator as Validator
    except ImportError:
        tables = data if isinstance(data, dict) else {}
        bad = [name for name in tables if not fits({name: tables[name]}, schema, schema)]
        where = f"{', '.join(map(repr, bad))} does" if bad else "it does"
        message = (
            f"{where} not follow the schema of Gage files: to see the faults, "
            "pip install 'gage[config]'"
        )
        return [] if fits(data, schema, schema) else [((), message)]
    validator = Validator(schema, format_checker=Validator.FORMAT_CHECKER)
    return [found for error in validator.iter_errors(data) for found in _explain(error, schema)]


def _explain(error: ValidationError, root: dict[str, Any]) -> Iterator[Found]:
    """Yield the faults behind an error of jsonschema: those of the form that was meant."""
    path: KeyPath = tuple(error.absolute_path)
    keyword = str(error.validator)
    # These attributes are unset only in errors made by hand, not in those of a validator.
    schema: Any = error.schema
    value: Any = error.instance
    if keyword == "additionalProperties":
        yield from _unknown(path, value, schema, root)
    elif keyword == "required":
        unknown = unknown_keys(value, schema)
        for name in schema["required"]:
            # A key that is spelled wrong is one fault, not two.
            if name not in value and not any(near_misses(other, [name]) for other in unknown):
                yield path, f"expected the key {name!r}, found {_table_text(value)}"
    elif keyword == "type":
        yield path, _wrong_type(path, value, schema, root)
    elif keyword == "enum":
        choices = schema["enum"]
        near = did_you_mean(value, choices) if isinstance(value, str) and len(choices) > 1 else ""
        allowed = listed(map(repr, choices), word="or")
        yield path, sentences(f"expected {allowed}, found {found_text(value)}", near)
    elif keyword == "minLength":
        yield path, "expected a non-empty string, found an empty one"
    elif keyword == "minItems":
        yield path, "expected a non-empty list, found an empty one"
    elif keyword == "format":
        yield path, f"malformed regular expression {short(value)}: {regex_error(value)}"
    elif "errorMessage" in schema:
        yield path, f"{schema['errorMessage']}{_found_in_message(keyword, value)}"
    elif keyword == "anyOf":
        yield from _explain_any(error, path, root)
    else:  # a keyword that the schema does not use
        yield path, error.message


def _explain_any(error: ValidationError, path: KeyPath, root: dict[str, Any]) -> Iterator[Found]:
    options: dict[Any, list[ValidationError]] = {}
    for below in error.context or ():
        options.setdefault(below.schema_path[0], []).append(below)
    meant = [
        [found for below in errors for found in _explain(below, root)]
        for errors in options.values()
        if not any(_is_wrong_type(below, path) for below in errors)
    ]
    if meant:
        yield from min(meant, key=len)
    else:
        schema: Any = error.schema
        yield path, _wrong_type(path, error.instance, schema, root)


def _is_wrong_type(error: ValidationError, path: KeyPath) -> bool:
    """Return whether no form of an option accepts a value of this type."""
    if tuple(error.absolute_path) != path:
        return False
    if error.validator == "type":
        return True
    forms: dict[Any, bool] = {}
    for below in error.context or ():
        form = below.schema_path[0]
        forms[form] = forms.get(form, False) or _is_wrong_type(below, path)
    return error.validator == "anyOf" and bool(forms) and all(forms.values())


def _unknown(
    path: KeyPath, table: dict[str, Any], schema: dict[str, Any], root: dict[str, Any]
) -> Iterator[Found]:
    forms = _forms(schema, root)
    allowed = list(schema["properties"])
    known = list(dict.fromkeys(name for form in forms for name in form["properties"]))
    rest = f"Allowed are {', '.join(allowed)}"
    if not path:
        rest += " and names of operations, which do not begin with $"
    elif len(forms) > 1:
        rest = f"Allowed for {schema['title'].lower()} are {', '.join(allowed)}"
    for name in unknown_keys(table, schema):
        what = "not allowed here" if name in known else "unknown key"
        near = "" if name in known else did_you_mean(name, known)
        if name:
            yield (*path, name), sentences(what, near, rest)
        else:
            yield (*path, name), "expected a name, found an empty one"


def _forms(schema: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the forms of table that a schema allows."""
    for definition in root["$defs"].values():
        options = [resolve(x["$ref"], root) for x in definition.get("anyOf", ()) if "$ref" in x]
        if schema in options and all("properties" in option for option in options):
            return options
    return [schema]


def _wrong_type(path: KeyPath, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> str:
    expected = _types(schema, root)
    message = f"expected {listed(expected, word='or')}, found {found_text(value)}"
    if not path:
        return "expected a table of operations at the top, found " + found_text(value)
    keys = root["$defs"]["operation"]["properties"]
    if len(path) == 1 and path[0] in keys:
        return f"{message}. {path[0]} belongs to an operation: put it into the operation's table"
    is_scalar = value is not None and not isinstance(value, (str, list, dict))
    if is_scalar and {*expected} <= {"a string", "a whole number"}:
        return f"{message}: write it in quotes"
    if expected == ["true", "false"] and value in expected:
        return f"{message}: write it without quotes"
    if value is None:
        return f"{message}: give it a value or remove the key"
    return message


def _types(schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """Return the types that a schema allows, in words."""
    if "$ref" in schema:
        return _types(resolve(schema["$ref"], root), root)
    if "anyOf" in schema:
        return list(dict.fromkeys(x for option in schema["anyOf"] for x in _types(option, root)))
    kind = schema["type"]
    if kind == "array":
        items = [item.split(" ", 1)[1] for item in _types(schema["items"], root)]
        return [f"a list of {' and '.join(f'{item}s' for item in items)}"]
    if kind == "boolean":
        return ["true", "false"]
    return [{"object": "a table", "string": "a string", "integer": "a whole number"}[kind]]


def found_text(value: Any) -> str:
    """Return a description of a value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {short(value)}"
    if isinstance(value, dict):
        return _table_text(value) if value else "an empty table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return f"the {type(value).__name__} {value}"


def _found_in_message(keyword: str, value: Any) -> str:
    return f", found {short(value)}" if keyword == "pattern" else ""


def _table_text(table: dict[str, Any]) -> str:
    if not table:
        return "an empty table"
    names = list(table)
    return f"a table with {', '.join(names[:5])}{', …' if len(names) > 5 else ''}"


def short(text: str) -> str:
    """Return a string in quotes, shortened for a message."""
    return repr(shortened(text, _SHOWN))


def sentences(*parts: str) -> str:
    """Return a message of several sentences; the last one has no full stop."""
    return " ".join(
        sentence if sentence.endswith("?") else f"{sentence}." for sentence in parts if sentence
    ).removesuffix(".")
