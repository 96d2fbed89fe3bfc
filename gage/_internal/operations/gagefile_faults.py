"""What is wrong with the data of a Gage file: where, what was expected and what was found.

`gagefile.schema.json` says what is allowed, for editors too, and jsonschema is the judge of it.
Importing jsonschema takes longer than all else that starts a run, so a file is first held against
the schema by `_fits`: if it fits, there is nothing to explain. `_fits` knows the keywords that the
schema uses and refuses any other; a test holds the two against each other.

What a JSON Schema cannot say is checked here as well: patterns, groups of regular expressions.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError, PatternError
from gage._internal.sources.parsing import parse_pattern
from gage._internal.suggestions import did_you_mean, near_misses

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeAlias

    from jsonschema import ValidationError

    KeyPath: TypeAlias = tuple[str | int, ...]
    Found: TypeAlias = tuple[KeyPath, str]

__all__ = ["SCHEMA_PATH", "faults_of", "key_text"]

SCHEMA_PATH = os.path.join(os.path.dirname(__file__), "gagefile.schema.json")

_SHOWN = 60  # characters of a value in a message


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
    schema = _read_schema()
    found = odd
    if full or not _fits(data, schema, schema):
        found += _against_schema(data, schema)
    found += _beyond_schema(data)
    if full and isinstance(data, dict):
        for name, table in data.items():
            config = table.get("config") if isinstance(table, dict) else None
            found += _malformed_config(config, (name, "config"))
    # One place can fail for one reason in several ways: the first says it.
    first: dict[KeyPath, str] = {}
    for path, message in found:
        first.setdefault(path, message)
    order = {path: place for place, path in enumerate(_paths(data, ()))}
    return sorted(first.items(), key=lambda found: order[found[0]])


def key_text(path: KeyPath) -> str:
    """Return how a message names a key: `train.depends[1].files`."""
    text = ""
    for name in path:
        if isinstance(name, int):
            text += f"[{name}]"
        else:
            plain = name.replace("-", "").replace("_", "").replace("$", "").isalnum()
            text += ("." if text else "") + (name if plain else repr(name))
    return text


def _with_text_keys(data: Any, path: KeyPath, odd: list[Found]) -> Any:
    """Return data whose keys are all texts; YAML has others."""
    if isinstance(data, list):
        return [_with_text_keys(item, (*path, i), odd) for i, item in enumerate(data)]
    if not isinstance(data, dict):
        return data
    result = {}
    for key, value in data.items():
        name = key if isinstance(key, str) else str(key)
        if not isinstance(key, str):
            message = f"expected a text as key, found {_found(key)}: write it in quotes"
            odd.append(((*path, name), message))
        result[name] = _with_text_keys(value, (*path, name), odd)
    return result


# The quick look


def _read_schema() -> dict[str, Any]:
    import json

    with open(SCHEMA_PATH, "rb") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
_SAYS_NOTHING = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "errorMessage"}
)


def _fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Tell whether a value is what a schema allows."""
    return all(
        _fits_keyword(value, keyword, schema, root)
        for keyword in schema
        if keyword not in _SAYS_NOTHING
    )


def _fits_keyword(value: Any, keyword: str, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    rule = schema[keyword]
    if keyword == "$ref":
        return _fits(value, _resolve(rule, root), root)
    if keyword == "type":
        return _is_of_type(value, rule)
    if keyword == "enum":
        return value in rule
    if keyword in {"anyOf", "oneOf", "allOf"}:
        fitting = sum(_fits(value, option, root) for option in rule)
        return {"anyOf": fitting > 0, "oneOf": fitting == 1, "allOf": fitting == len(rule)}[keyword]
    if keyword == "not":
        return not _fits(value, rule, root)
    if keyword in {"minLength", "pattern", "format"}:
        return not isinstance(value, str) or _fits_text(value, keyword, rule)
    if keyword in {"minItems", "items"}:
        if not isinstance(value, list):
            return True
        return (
            len(value) >= rule
            if keyword == "minItems"
            else all(_fits(item, rule, root) for item in value)
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
    return _regex_error(text) is None


def _fits_table(
    table: dict[str, Any], keyword: str, schema: dict[str, Any], root: dict[str, Any]
) -> bool:
    rule = schema[keyword]
    if keyword == "required":
        return all(name in table for name in rule)
    if keyword == "propertyNames":
        return all(_fits(name, rule, root) for name in table)
    if keyword == "properties":
        return all(_fits(table[name], rule[name], root) for name in rule if name in table)
    if keyword == "patternProperties":
        return all(
            _fits(value, option, root)
            for pattern, option in rule.items()
            for name, value in table.items()
            if _fits_text(name, "pattern", pattern)
        )
    others = _unknown_keys(table, schema)
    return not others if rule is False else all(_fits(table[name], rule, root) for name in others)


def _resolve(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = root["$defs"][reference.removeprefix("#/$defs/")]
    return resolved


def _is_of_type(value: Any, name: str) -> bool:
    if name == "integer":
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return is_whole and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _unknown_keys(table: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    return [
        name
        for name in table
        if name not in schema.get("properties", {})
        and not any(
            _fits_text(name, "pattern", pattern) for pattern in schema.get("patternProperties", {})
        )
    ]


def _regex_error(text: str) -> str | None:
    import re

    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


# The judge, and what its judgement means


def _against_schema(data: Any, schema: dict[str, Any]) -> list[Found]:
    try:
        from jsonschema import Draft202012Validator as Validator
    except ImportError:
        tables = data if isinstance(data, dict) else {}
        bad = [name for name in tables if not _fits({name: tables[name]}, schema, schema)]
        where = f"{', '.join(map(repr, bad))} does" if bad else "it does"
        message = (
            f"{where} not say what the schema of Gage files allows: to learn more, "
            "pip install 'gage[config]'"
        )
        return [] if _fits(data, schema, schema) else [((), message)]
    validator = Validator(schema, format_checker=Validator.FORMAT_CHECKER)
    return [found for error in validator.iter_errors(data) for found in _explain(error, schema)]


def _explain(error: ValidationError, root: dict[str, Any]) -> Iterator[Found]:
    """Yield the faults behind an error of jsonschema: of several forms, those of the one meant."""
    path: KeyPath = tuple(error.absolute_path)
    keyword = str(error.validator)
    # What is unset in an error that was made by hand is set in those of a validator.
    schema: Any = error.schema
    value: Any = error.instance
    if keyword == "additionalProperties":
        yield from _unknown(path, value, schema, root)
    elif keyword == "required":
        unknown = _unknown_keys(value, schema)
        for name in schema["required"]:
            # A key that is spelled wrong is one fault, not two.
            if name not in value and not any(near_misses(other, [name]) for other in unknown):
                yield path, f"expected the key {name!r}, found {_listed(value)}"
    elif keyword == "type":
        yield path, _wrong_type(path, value, schema, root)
    elif keyword == "enum":
        choices = schema["enum"]
        near = did_you_mean(value, choices) if isinstance(value, str) and len(choices) > 1 else ""
        allowed = _either([repr(item) for item in choices])
        yield path, _sentences(f"expected {allowed}, found {_found(value)}", near)
    elif keyword == "minLength":
        yield path, "expected a text, found an empty one"
    elif keyword == "minItems":
        yield path, "expected a list, found an empty one"
    elif keyword == "format":
        yield path, f"malformed regular expression {_short(value)}: {_regex_error(value)}"
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
    """Tell whether a value is of another type than an option wants, in all forms of the option."""
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
    for name in _unknown_keys(table, schema):
        what = "not allowed here" if name in known else "unknown key"
        near = "" if name in known else did_you_mean(name, known)
        if name:
            yield (*path, name), _sentences(what, near, rest)
        else:
            yield (*path, name), "expected a name, found an empty one"


def _forms(schema: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the forms of table that may stand where one of this schema may."""
    for definition in root["$defs"].values():
        options = [_resolve(x["$ref"], root) for x in definition.get("anyOf", ()) if "$ref" in x]
        if schema in options and all("properties" in option for option in options):
            return options
    return [schema]


def _wrong_type(path: KeyPath, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> str:
    expected = _types(schema, root)
    message = f"expected {_either(expected)}, found {_found(value)}"
    if not path:
        return "expected a table of operations at the top, found " + _found(value)
    keys = root["$defs"]["operation"]["properties"]
    if len(path) == 1 and path[0] in keys:
        return f"{message}. {path[0]} belongs to an operation: put it into the operation's table"
    is_scalar = value is not None and not isinstance(value, (str, list, dict))
    if is_scalar and {*expected} <= {"a text", "a whole number"}:
        return f"{message}: write it in quotes"
    if expected == ["true", "false"] and value in expected:
        return f"{message}: write it without quotes"
    if value is None:
        return f"{message}: give it a value or take the key away"
    return message


def _types(schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """Return what a schema wants, in words."""
    if "$ref" in schema:
        return _types(_resolve(schema["$ref"], root), root)
    if "anyOf" in schema:
        return list(dict.fromkeys(x for option in schema["anyOf"] for x in _types(option, root)))
    kind = schema["type"]
    if kind == "array":
        items = [item.split(" ", 1)[1] for item in _types(schema["items"], root)]
        return [f"a list of {' and '.join(f'{item}s' for item in items)}"]
    if kind == "boolean":
        return ["true", "false"]
    return [{"object": "a table", "string": "a text", "integer": "a whole number"}[kind]]


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, dict):
        return _listed(value) if value else "an empty table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return f"the {type(value).__name__} {value}"


def _found_in_message(keyword: str, value: Any) -> str:
    return f", found {_short(value)}" if keyword == "pattern" else ""


def _listed(table: dict[str, Any]) -> str:
    if not table:
        return "an empty table"
    names = list(table)
    return f"a table with {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _sentences(*sentences: str) -> str:
    return " ".join(
        sentence if sentence.endswith("?") else f"{sentence}." for sentence in sentences if sentence
    ).removesuffix(".")


# What a JSON Schema cannot say


def _beyond_schema(data: Any) -> Iterator[Found]:
    for path, text in _paths(data, ()).items():
        if not isinstance(text, str):
            continue
        if "\0" in text:
            yield path, f"expected a text without NUL characters, found {_short(text)}"
        message = _malformed(path[1:], text)
        if message is not None:
            yield path, message


def _paths(value: Any, path: KeyPath) -> dict[KeyPath, Any]:
    """Return everything in tables and lists by its path, the outer before the inner."""
    found = {path: value}
    if isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found |= _paths(inner, (*path, name))
    return found


def _malformed(path: KeyPath, text: str) -> str | None:
    """Return what is wrong with a text of an operation, None where nothing is known to be."""
    key = path[0] if path else ""
    names = {name for name in path[1:] if isinstance(name, str)}
    if key in {"sourcecode", "depends"} and names <= {"files", "patterns"}:
        return _malformed_pattern(text)
    if len(path) > 2 or not text:
        return None
    if key == "output-summary":
        return _wrong_metric_groups(text, by_name=isinstance(path[-1], str) and len(path) == 2)
    if key == "progress" and text != "tqdm":
        return _wrong_progress_groups(text)
    return None


def _malformed_config(config: Any, path: KeyPath) -> Iterator[Found]:
    """Yield what is wrong with patterns of configuration; they are read one after the other."""
    from gage._internal.config.selection import parse_rules

    if isinstance(config, dict):
        yield from _malformed_config(config.get("keys"), (*path, "keys"))
        return
    texts = config if isinstance(config, list) else [config]
    if any(isinstance(text, dict) for text in texts):
        for place, item in enumerate(texts):
            yield from _malformed_config(item, (*path, place))
        return
    good: list[str] = []
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            continue
        try:
            parse_rules([*good, text])
            good.append(text)
        except (PatternError, ConfigError) as error:
            where = (*path, place) if isinstance(config, list) else path
            yield where, f"malformed pattern: {error}"


def _malformed_pattern(text: str) -> str | None:
    try:
        parse_pattern(text)
    except PatternError as error:
        return f"malformed pattern: {error}" if text else None
    return None


def _wrong_metric_groups(text: str, *, by_name: bool) -> str | None:
    regex = _compiled(text)
    if regex is None:
        return None
    names, wanted = {*regex.groupindex}, {"value"} if by_name else {"name", "value"}
    if names >= wanted or (not names and regex.groups >= len(wanted)):
        return None
    form = "(?P<value>...), or one group"
    if not by_name:
        form = "(?P<name>...) and (?P<value>...), or two groups"
    return f"expected a regular expression with {form}, found {_groups(regex)} in {_short(text)}"


def _wrong_progress_groups(text: str) -> str | None:
    regex = _compiled(text)
    if regex is None or regex.groups in {1, 2}:
        return None
    message = (
        "expected 'tqdm' or a regular expression with one group (the percentage) or two "
        f"(done and total), found {_groups(regex)} in {_short(text)}"
    )
    return _sentences(message, did_you_mean(text, ["tqdm"]))


def _compiled(text: str) -> re.Pattern[str] | None:
    import re

    return re.compile(text) if _regex_error(text) is None else None


def _groups(regex: re.Pattern[str]) -> str:
    names = ", ".join(regex.groupindex)
    count = {0: "no group", 1: "one group"}.get(regex.groups, f"{regex.groups} groups")
    return f"{count} ({names})" if names else count
