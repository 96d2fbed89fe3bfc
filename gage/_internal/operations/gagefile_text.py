"""The text of a Gage file in its formats: the data it holds and the line each key stands on.

    .toml         tomllib
    .yaml .yml    YAML 1.2 (ruamel.yaml), in which yes, no, on and off are booleans as in YAML 1.1
    .json         JSON with `//` and `/* */` comments; a key may stand once only

A key is known by its path: the names and positions that lead to it, `("train", "depends", 0)`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    KeyPath: TypeAlias = tuple[str | int, ...]
    Lines: TypeAlias = dict[KeyPath, int]

__all__ = ["TextError", "key_lines", "parse_text"]


class TextError(Exception):
    """A text that is not of its format; line and column count from 1, None where not known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column


def parse_text(name: str, text: str) -> Any:
    """Return the data of a text; the suffix of the name says which format it has.

    Raises
    ------
    TextError
        If it is not of that format, or what reads the format is not installed.
    """
    _, parse, _ = _format_of(name)
    try:
        return parse(text)
    except RecursionError:
        raise TextError("expected tables and lists, found too many of them nested") from None


def key_lines(name: str, text: str) -> Lines:
    """Return the line of each key of a text that `parse_text` accepts.

    In TOML it is the line on which the statement begins that holds the key.
    """
    _, _, lines = _format_of(name)
    return lines(text)


# TOML


def _parse_toml(text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        import re

        message, place = str(error), re.search(r" \(at (.*)\)$", str(error))
        if place is None:
            raise TextError(f"malformed TOML: {message}") from None
        message = f"malformed TOML: {message[: place.start()]}"
        numbers = [int(number) for number in re.findall(r"\d+", place[1])]
        if len(numbers) != 2:  # it says "end of document"
            before, _, last = text.rpartition("\n")
            numbers = [before.count("\n") + (2 if "\n" in text else 1), len(last) + 1]
        raise TextError(message, *numbers) from None


def _toml_lines(text: str) -> Lines:
    """Read one statement after the other: a statement ends with the line that makes it complete."""
    import tomllib

    found: Lines = {}
    table: KeyPath = ()
    tables: dict[KeyPath, int] = {}  # how many [[tables]] of each path came so far
    statement = ""
    first = 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement += line + "\n"
        try:
            data = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if data and statement.lstrip(" \t").startswith("["):
            table = _table_path(data, tables, is_array=statement.lstrip(" \t").startswith("[["))
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], first)
        else:
            for path in _paths(data):
                found.setdefault((*table, *path), first)
        statement, first = "", number + 1
    return found


def _table_path(data: dict[str, Any], tables: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    """Return the path that a header opens; below an array of tables it means the last one."""
    path: KeyPath = ()
    inner: Any = data
    while isinstance(inner, dict) and inner:
        ((name, inner),) = inner.items()
        path = (*path, name)
        if isinstance(inner, list):
            tables[path] = tables.get(path, 0) + is_array
        if path in tables:
            path = (*path, tables[path] - 1)
    return path


# YAML


def _parse_yaml(text: str) -> Any:
    yaml, errors = _yaml()
    try:
        data = yaml.load(text)
    except errors as error:
        raise _malformed_yaml(error) from None
    except ValueError as error:  # a date such as 2024-13-01
        raise TextError(f"malformed YAML: {error}") from None
    return {} if data is None else data  # comments only, as in TOML


def _yaml_lines(text: str) -> Lines:
    yaml, _ = _yaml()
    node = yaml.compose(text)
    return {} if node is None else dict(_node_lines(node, (), frozenset()))


def _node_lines(node: Any, path: KeyPath, above: frozenset[int]) -> Iterator[tuple[KeyPath, int]]:
    if id(node) in above:  # an alias of what it stands in
        return
    above |= {id(node)}
    for position, item in enumerate(node.value if not isinstance(node.value, str) else ()):
        key, value = item if isinstance(item, tuple) else (None, item)
        name = position if key is None else _key_text(key)
        yield (*path, name), (value if key is None else key).start_mark.line + 1
        yield from _node_lines(value, (*path, name), above)


def _key_text(key: Any) -> str:
    """Return a key as the text of the value that YAML reads it as."""
    if key.tag == "tag:yaml.org,2002:bool":
        return str(key.value.lower() in {"true", "yes", "on"})
    return str(key.value)


def _yaml() -> tuple[Any, tuple[type[Exception], ...]]:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.resolver import VersionedResolver
    except ImportError:
        raise TextError(
            "reading YAML needs ruamel.yaml: pip install 'gage[config]', or write gage.toml"
        ) from None
    import re

    class Resolver(VersionedResolver):
        @property
        def versioned_resolver(self) -> Any:
            first_use = self.processing_version not in self._version_implicit_resolver
            rules = super().versioned_resolver
            if first_use:
                words = re.compile("^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$")
                for char in "yYnNoO":
                    rules.setdefault(char, []).append(("tag:yaml.org,2002:bool", words))
            return rules

    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = Resolver
    return yaml, (MarkedYAMLError, YAMLError)


def _malformed_yaml(error: Any) -> TextError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    context = getattr(error, "context", None)
    message = f"malformed YAML: {problem}" + (f" ({context})" if context else "")
    if mark is None:
        return TextError(message)
    return TextError(message, mark.line + 1, mark.column + 1)


# JSON with comments


def _parse_json(text: str) -> Any:
    import json

    def no_number(word: str) -> Any:
        import re

        tokens = re.finditer(rf'"(?:\\.|[^"\\])*"|{re.escape(word)}', blanked)
        start = next(token.start() for token in tokens if token[0] == word)
        line, column = blanked.count("\n", 0, start) + 1, start - blanked.rfind("\n", 0, start)
        raise TextError(f"malformed JSON: {word} is not a number of JSON", line, column)

    repeated: list[str] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        if len(data) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(name for name in data if names.count(name) > 1)
        return data

    blanked = _without_comments(text)
    try:
        data = json.loads(blanked, object_pairs_hook=table, parse_constant=no_number)
    except json.JSONDecodeError as error:
        message = f"malformed JSON: {error.msg}"
        raise TextError(message, error.lineno, error.colno) from None
    if repeated:
        path, line = next((path, line) for path, line, again in _json_keys(blanked) if again)
        raise TextError(f"expected each key once, found {path[-1]!r} again", line)
    return data


def _json_lines(text: str) -> Lines:
    return {path: line for path, line, _ in _json_keys(_without_comments(text))}


def _without_comments(text: str) -> str:
    """Blank what is a comment, so that everything else keeps its line and column."""
    import re

    # Strings first: what looks like a comment in one is text. An open comment is left for the
    # parser to complain about.
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return token.sub(
        lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\r\n]", " ", found[0]), text
    )


def _json_keys(text: str) -> Iterator[tuple[KeyPath, int, bool]]:
    """Go through a valid JSON text: path, line and whether that path came before."""
    import json
    import re

    seen: set[KeyPath] = set()
    path: list[str | int] = []  # the place of what comes next, one entry for each open bracket
    line, end, key_comes = 1, 0, False
    for token in re.finditer(r'"(?:\\.|[^"\\])*"|[][{},:]', text):
        line += text.count("\n", end, token.start())
        end = token.start()
        sign = token[0][0]
        if sign in "{[":
            path.append("" if sign == "{" else 0)
            key_comes = sign == "{"
        elif sign in "}]":
            path.pop()
            key_comes = False
        elif sign == "," and isinstance(path[-1], int):
            path[-1] += 1
        elif sign == ",":
            key_comes = True
        elif sign == '"' and key_comes:
            path[-1] = json.loads(token[0])
            key_comes = False
            yield tuple(path), line, tuple(path) in seen
            seen.add(tuple(path))
            continue
        if path and isinstance(path[-1], int) and sign in "[,":
            following = re.compile(r"\s*").match(text, token.end())
            item = following.end() if following else token.end()
            yield tuple(path), line + text.count("\n", end, item), False


_FORMATS: tuple[tuple[tuple[str, ...], Callable[[str], Any], Callable[[str], Lines]], ...] = (
    ((".toml",), _parse_toml, _toml_lines),
    ((".yaml", ".yml"), _parse_yaml, _yaml_lines),
    ((".json",), _parse_json, _json_lines),
)


def _format_of(name: str) -> tuple[tuple[str, ...], Callable[[str], Any], Callable[[str], Lines]]:
    suffix = os.path.splitext(name)[1].lower()
    for known in _FORMATS:
        if suffix in known[0]:
            return known
    raise TextError(f"expected a name that ends in .toml, .yaml, .yml or .json, found {name!r}")


def _paths(data: Any) -> Iterator[KeyPath]:
    """Return the path of everything in tables and lists, the outer before the inner."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in items:
        yield (name,)
        if isinstance(value, (dict, list)):
            for path in _paths(value):
                yield (name, *path)
