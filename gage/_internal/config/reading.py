"""The configuration of an operation: the values that its patterns select, by key.

Tables of a Gage file say which (`selection`) and how they are called:

    keys            patterns, or "args" for the arguments of the command's script (`command_line`)
    description     what the values are
    strip-prefix    taken from the beginning of the keys
    prefix          put before the keys; a dot comes between where it ends with a letter or digit
    rename          the key when the table selects one; with a `*` in it, which stands for the key

A key that several files have is one key when its values are equal, and setting it sets all of
them. When they differ, each gets the file before it: `train.py#lr`, `eval.py#lr`.

Some values are not offered and can still be set by name: names that a program
gives another value later, and lists and dicts that hold an expression, as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gage._internal.config.document import Document, Node, same
from gage._internal.config.formats import read_document
from gage._internal.config.keys import has_wildcard, join_key, split_key
from gage._internal.config.selection import (
    Rule,
    find_files,
    parse_rules,
    select,
    select_unlisted,
)
from gage._internal.config.typed import type_name
from gage._internal.errors import ConfigError
from gage._internal.named import NamedTuple
from gage._internal.suggestions import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.config.command_line import CommandLine
    from gage._internal.config.script_arguments import Argument


__all__ = ["Config", "ConfigValue", "Place", "read_config"]


class Place(NamedTuple):
    """Where a value is: a file, and its key in that file."""

    file: str
    source_key: str


class Source(NamedTuple):
    """A file of configuration as it was read."""

    data: bytes
    document: Document


_ARGS = "args"


class ConfigValue:
    """A value that a run can be given another one for.

    Parameters
    ----------
    key
        Its name.
    value
        What it is when nothing is given.
    places
        Where it is; several when files share the key.
    type
        The name of its type: bool, int, float, str, list, tuple, dict or null.
    description
        What the Gage file or the script says about it.
    argument
        The argument of the script that it is, when it is one.
    is_partly_known
        Whether it is a list or dict that holds an expression: `value` has what else is in it.
    """

    __slots__ = ("argument", "description", "is_partly_known", "key", "places", "type", "value")

    def __init__(
        self,
        key: str,
        value: Any,
        places: tuple[Place, ...],
        description: str = "",
        argument: Argument | None = None,
        *,
        is_partly_known: bool = False,
    ) -> None:
        self.key = key
        self.value = value
        self.places = places
        self.description = description
        self.argument = argument
        self.is_partly_known = is_partly_known
        unknown = argument is not None and value is None
        self.type = argument.type if argument is not None and unknown else type_name(value)

    def __repr__(self) -> str:
        return f"<{self.key} = {self.value!r} in {self.file}>"

    @property
    def file(self) -> str:
        """The file that holds it, the first of several."""
        return self.places[0].file

    @property
    def source_key(self) -> str:
        """The key that it has in the file."""
        return self.places[0].source_key


class Config(Mapping[str, ConfigValue]):
    """The configuration of an operation: values by key, in the order of patterns and files.

    Parameters
    ----------
    entries
        The values.
    notes
        What was passed over: files that cannot be read, patterns that match nothing.
    sources
        The files that were read, by path.
    nodes
        The place of a value in its file, by path and key in it.
    command
        The command, when arguments of its script are among the values.
    unlisted
        What can be set where it is named, by key; it is no key of the mapping.
    """

    __slots__ = ("command", "entries", "nodes", "notes", "sources", "unlisted")

    def __init__(
        self,
        entries: dict[str, ConfigValue],
        notes: list[str],
        sources: dict[str, Source],
        nodes: dict[Place, Node],
        command: CommandLine | None = None,
        unlisted: dict[str, ConfigValue] | None = None,
    ) -> None:
        self.entries = entries
        self.unlisted = unlisted or {}
        self.notes = notes
        self.sources = sources
        self.nodes = nodes
        self.command = command

    def __getitem__(self, key: str) -> ConfigValue:
        return self.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, key: str) -> ConfigValue | None:
        """Return what can be set under a key, offered or not."""
        return self.entries.get(key) or self.unlisted.get(key)

    def defaults(self) -> dict[str, Any]:
        """Return the values by key, as they are when nothing is given."""
        return {key: entry.value for key, entry in self.entries.items()}


def read_config(
    project_dir: str,
    tables: Sequence[Mapping[str, Any]],
    command: Sequence[str] | str | None = None,
) -> Config:
    """Read the configuration that the tables of an operation select.

    Parameters
    ----------
    project_dir
        The directory that the patterns are relative to.
    tables
        As `OpDef.config` gives them.
    command
        The command of the operation, for `config = "args"`.

    Raises
    ------
    ConfigError
        If a file or a key that is spelled out does not exist or cannot be read. Faults of files
        that wildcards found are notes.
    PatternError
        If a pattern is malformed.
    """
    reader = _Reader(project_dir)
    for table in tables:
        reader.add(table, command)
    entries = _merged(reader.found)
    unlisted = {key: entry for key, entry in _merged(reader.unlisted).items() if key not in entries}
    return Config(entries, reader.notes, reader.sources, reader.nodes, reader.command, unlisted)


class _Reader:
    def __init__(self, project_dir: str) -> None:
        self.project_dir = project_dir
        self.found: list[ConfigValue] = []
        self.unlisted: list[ConfigValue] = []
        self.notes: list[str] = []
        self.sources: dict[str, Source] = {}
        self.nodes: dict[Place, Node] = {}
        self.command: CommandLine | None = None

    def add(self, table: Mapping[str, Any], command: Sequence[str] | str | None) -> None:
        """Add what a table selects."""
        patterns = _patterns(table)
        found: list[ConfigValue] = []
        if _ARGS in patterns:
            found += self._arguments(command)
        unlisted: list[ConfigValue] = []
        found += self._values([pattern for pattern in patterns if pattern != _ARGS], unlisted)
        if "*" not in str(table.get("rename") or "*"):
            unlisted.clear()  # it names the one value that is selected
        description = str(table.get("description") or "")
        for entries, into in ((found, self.found), (unlisted, self.unlisted)):
            names = _names([entry.key for entry in entries], table)
            for entry, key in zip(entries, names, strict=True):
                entry.key = key
                entry.description = entry.description or description
                into.append(entry)

    def _values(self, patterns: list[str], unlisted: list[ConfigValue]) -> Iterator[ConfigValue]:
        """Yield the values that patterns select; add what else can be set to `unlisted`."""
        rules = parse_rules(patterns)
        paths, notes = find_files(self.project_dir, rules)
        self.notes += notes
        wanting: dict[int, bool] = {}
        for path in paths:
            source = self._source(path, rules)
            if source is None:
                continue
            chosen, unmatched = select(source.document, rules)
            others = select_unlisted(source.document, rules, chosen)
            for rule in unmatched:
                wanting[id(rule)] = wanting.get(id(rule), True)
                self._require(rule, path, source.document)
            for rule in rules:
                if rule not in unmatched and rule.is_about(path):
                    wanting[id(rule)] = False
            yield from (self._value(path, parts, node) for parts, node in chosen.items())
            unlisted += (self._value(path, parts, node) for parts, node in others.items())
        self.notes += [
            f"configuration pattern {rule.text!r} matches no value"
            for rule in rules
            if wanting.get(id(rule))
        ]

    def _value(self, path: str, parts: tuple[str, ...], node: Node) -> ConfigValue:
        place = Place(path, join_key(parts))
        self.nodes[place] = node
        return ConfigValue(place.source_key, node.value, (place,), is_partly_known=not node.simple)

    def _source(self, path: str, rules: Iterable[Rule]) -> Source | None:
        source = self.sources.get(path)
        if source is not None:
            return source
        try:
            with open(os.path.join(self.project_dir, path), "rb") as file:
                data = file.read()
            source = Source(data, read_document(path, data))
        except (ConfigError, OSError) as error:
            if any(rule.literal_file == path for rule in rules):
                if isinstance(error, ConfigError):
                    raise
                raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
            self.notes.append(f"not read for configuration: {error}")
            return None
        self.sources[path] = source
        return source

    @staticmethod
    def _require(rule: Rule, path: str, document: Document) -> None:
        """Raise when both the file and the key are spelled out and there is no such value."""
        if rule.literal_file != path or rule.keys is None or has_wildcard(rule.keys):
            return
        keys = [join_key(parts) for parts, node in document.walk() if node.simple]
        near = did_you_mean(rule.keys, keys)
        raise ConfigError(
            f"{path}: expected the key {rule.keys} of pattern {rule.text!r}, found no such value. "
            f"{near + ' ' if near else ''}Keys: {', '.join(keys[:40]) or 'none'}"
            + (f" and {len(keys) - 40} more" if len(keys) > 40 else "")
        )

    def _arguments(self, command: Sequence[str] | str | None) -> Iterator[ConfigValue]:
        if command is None:
            raise ConfigError('config = "args" needs the command of the operation, found none')
        from gage._internal.config.command_line import command_line

        self.command = line = command_line(self.project_dir, command)
        if not line.arguments:
            self.notes.append(f"{line.script}: no arguments of argparse found")
        for argument in line.arguments:
            value = line.values.get(argument.key)
            place = Place(line.script, argument.key)
            yield ConfigValue(argument.key, value, (place,), argument.help, argument)


def _patterns(table: Mapping[str, Any]) -> list[str]:
    keys = table.get("keys")
    patterns = [keys] if isinstance(keys, str) else list(keys or [])
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ConfigError(
            f"expected a pattern or a list of patterns as keys of the configuration, found {keys!r}"
        )
    return patterns


def _names(keys: list[str], table: Mapping[str, Any]) -> list[str]:
    """Return the names that a table gives to the keys of files."""
    strip, prefix, new = (str(table.get(key) or "") for key in ("strip-prefix", "prefix", "rename"))
    names = []
    for key in keys:
        name = key
        if strip and name.startswith(strip) and len(name) > len(strip):
            name = name[len(strip) :].lstrip(".")
        if prefix:
            name = prefix + ("." if prefix[-1].isalnum() else "") + name
        if "*" in new:
            name = new.replace("*", name)
        names.append(name)
    if new and "*" not in new:
        if len(names) > 1:
            raise ConfigError(
                f"expected one key to be renamed to {new!r}, found {', '.join(names)}: put a * "
                "into the name, which stands for the key, or select one key"
            )
        names = [new] * len(names)
    for name in names:
        split_key(name)
    return names


def _merged(found: Iterable[ConfigValue]) -> dict[str, ConfigValue]:
    """Return values by key; of one key in several files, one if equal, else one a file."""
    groups: dict[str, list[ConfigValue]] = {}
    for entry in found:
        group = groups.setdefault(entry.key, [])
        # Two tables may select the same value; the first one has named it.
        if all(entry.places[0] not in other.places for other in group):
            group.append(entry)
    merged: dict[str, ConfigValue] = {}
    for key, group in groups.items():
        first = group[0]
        alike = all(same(entry.value, first.value) and not entry.argument for entry in group)
        if len(group) == 1 or alike:
            first.places = tuple(place for entry in group for place in entry.places)
            merged[key] = first
            continue
        for entry in group:
            entry.key = f"{entry.file}#{key}"
            merged[entry.key] = entry
    return merged
