"""The configuration of an operation as values: what was read, by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gage._internal.config.typed import type_name
from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.config.command_line import CommandLine
    from gage._internal.config.document import Document, Node
    from gage._internal.config.script_arguments import Argument

__all__ = ["Config", "ConfigValue", "Place", "Source"]


class Place(NamedTuple):
    """Where a value is: a file, and its key in that file."""

    file: str
    source_key: str


class Source(NamedTuple):
    """A file of configuration as it was read."""

    data: bytes
    document: Document


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
    has_arguments
        Whether arguments of a script are selected, known here or not.
    """

    __slots__ = (
        "command",
        "entries",
        "has_arguments",
        "nodes",
        "notes",
        "sources",
        "unlisted",
    )

    def __init__(
        self,
        entries: dict[str, ConfigValue],
        notes: list[str],
        sources: dict[str, Source],
        nodes: dict[Place, Node],
        command: CommandLine | None = None,
        unlisted: dict[str, ConfigValue] | None = None,
        *,
        has_arguments: bool = False,
    ) -> None:
        self.entries = entries
        self.has_arguments = has_arguments
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
