"""The configuration of an operation: the values that its patterns select, by key.

Tables of a Gage file select the values (`selection`) and name their keys:

    keys            patterns, or "args" for the arguments of the command's script (`command_line`)
    description     what the values are
    strip-prefix    removed from the beginning of the keys
    prefix          put before the keys, with a dot if it ends with a letter or digit
    rename          the new key if the table selects one; a `*` in it is replaced by the key

A key of several files is one key if its values are equal, and setting it sets all of them. If they
differ, each key begins with its file: `train.py#lr`, `eval.py#lr`.

Some values are not offered and can still be set by name: names that a program
gives another value later, and lists and dicts that hold an expression, as a whole.
"""

from __future__ import annotations

import os

from gage._internal.config.configuration import Config, ConfigValue, Place, Source
from gage._internal.config.document import same
from gage._internal.config.formats import read_document
from gage._internal.config.keys import has_wildcard, join_key, split_key
from gage._internal.config.selection import (
    Rule,
    find_files,
    parse_rules,
    select,
    select_unlisted,
)
from gage._internal.errors import ConfigError
from gage._internal.suggestions import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from gage._internal.config.command_line import CommandLine
    from gage._internal.config.document import Document, Node

__all__ = ["read_config"]


_ARGS = "args"


def read_config(
    project_dir: str,
    tables: Sequence[Mapping[str, Any]],
    command: Sequence[str] | str | None = None,
    *,
    arguments: str = "source",
    env: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration that the tables of an operation select.

    Parameters
    ----------
    project_dir
        The directory that the patterns are relative to.
    tables
        The tables of `OpDef.config`.
    command
        The command of the operation, for `config = "args"`.
    arguments
        How the script's arguments are found: from its `source`; by a `run` as far as its
        `parse_args` where the source does not tell all; `tried` from its source, a fault being a
        note.
    env
        The variables that the operation sets: a script that is run has them.

    Raises
    ------
    ConfigError
        If a file or a key that is spelled out does not exist or cannot be read. Faults of files
        that were found by wildcards are notes.
    PatternError
        If a pattern is malformed.
    """
    reader = _Reader(project_dir, arguments, env)
    for table in tables:
        reader.add(table, command)
    entries = _merged(reader.found)
    unlisted = {key: entry for key, entry in _merged(reader.unlisted).items() if key not in entries}
    return Config(
        entries,
        reader.notes,
        reader.sources,
        reader.nodes,
        reader.command,
        unlisted,
        has_arguments=reader.has_arguments,
    )


class _Reader:
    def __init__(self, project_dir: str, arguments: str, env: Mapping[str, str] | None) -> None:
        self.project_dir = project_dir
        self.env = env
        self.arguments = arguments
        self.found: list[ConfigValue] = []
        self.unlisted: list[ConfigValue] = []
        self.notes: list[str] = []
        self.sources: dict[str, Source] = {}
        self.nodes: dict[Place, Node] = {}
        self.command: CommandLine | None = None
        self.has_arguments = False

    def add(self, table: Mapping[str, Any], command: Sequence[str] | str | None) -> None:
        """Add the values that a table selects."""
        patterns = _patterns(table)
        found: list[ConfigValue] = []
        if _ARGS in patterns:
            self.has_arguments = True
            found += self._arguments(command)
        unlisted: list[ConfigValue] = []
        notes = len(self.notes)
        found += self._values([pattern for pattern in patterns if pattern != _ARGS], unlisted)
        if _ARGS in patterns and found:
            del self.notes[notes:]  # a script with arguments needs no other values
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
        """Raise an error if both file and key are spelled out and there is no such value."""
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

        try:
            may_run = self.arguments == "run"
            line = command_line(self.project_dir, command, may_run=may_run, env=self.env)
        except ConfigError as error:
            if self.arguments != "tried":
                raise
            self.notes.append(str(error))
            return
        self.command = line
        if line.note:
            self.notes.append(line.note)
        elif not line.arguments:
            self.notes.append(f"{line.script}: no arguments of argparse found")
        values = line.values
        for argument in line.arguments:
            value = values.get(argument.key)
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
                "into the name, which is replaced by the key, or select one key"
            )
        names = [new] * len(names)
    for name in names:
        split_key(name)
    return names


def _merged(found: Iterable[ConfigValue]) -> dict[str, ConfigValue]:
    """Return values by key; a key of several files is one if the values are equal."""
    groups: dict[str, list[ConfigValue]] = {}
    for entry in found:
        group = groups.setdefault(entry.key, [])
        # Two tables may select the same value; the first one gives it its name.
        if all(entry.places[0] not in other.places for other in group):
            group.append(entry)
    merged: dict[str, ConfigValue] = {}
    for key, found_group in groups.items():
        # Of a name of the script and an argument, it is the argument that the script goes by.
        scripts = {entry.file for entry in found_group if entry.argument is not None}
        group = [entry for entry in found_group if entry.argument or entry.file not in scripts]
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
