"""The values of a run: the defaults of its configuration and the given values."""

from __future__ import annotations

from gage._internal.config.document import Node, same
from gage._internal.config.keys import join_key, split_key
from gage._internal.config.typed import Text, coerce, parse_value, type_name
from gage._internal.errors import ConfigError
from gage._internal.suggestions import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from gage._internal.config.configuration import Config, ConfigValue

__all__ = [
    "check_required",
    "expected_value",
    "has_alias",
    "is_argument",
    "is_known_key",
    "resolve_values",
    "template_of",
]

_TEMPLATES: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "str": ""}


def resolve_values(
    config: Config, given: Mapping[str, Any], *, strict: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the value of every key, and warnings.

    Parameters
    ----------
    config
        The keys and their defaults.
    given
        Values by key: of Python, or `Text` as typed. A key may also lead into a list or dict
        (`layers.0`, `opts.lr`), or be what several keys begin with, and its value a dict.
    strict
        Whether a value of another type than its default is an error.

    Raises
    ------
    ConfigError
        For unknown keys, values that are not simple or not among the choices, and with `strict`
        wrong types: all of them in one error.
    """
    faults: list[str] = []
    warnings: list[str] = []
    values = {key: entry.value for key, entry in config.items() if _is_known(entry, config)}
    new: dict[str, Any] = {}
    for key, value in _expanded(config, given, faults):
        try:
            name, inner = _find(config, key)
            entry = _entry(config, name)
            before = new.get(name, entry.value)
            changed, fault = _changed(entry, before, inner, value)
        except ConfigError as error:
            faults.append(
                f"{key}: {error}" if not str(error).startswith("expected the") else str(error)
            )
            continue
        if fault:
            nevertheless = "; --no-strict sets it nevertheless" if strict else ""
            (faults if strict else warnings).append(f"{key}: {fault}{nevertheless}")
        new[name] = changed
        _check_choice(entry, changed, faults)
    _share(config, new, faults)
    _replace_parts(config, values, new, faults)
    if faults:
        raise ConfigError("\n".join(faults))
    values.update(new)
    _follow(config, values, new)
    keys = (*config, *config.unlisted)
    return {key: values[key] for key in keys if key in values}, warnings


def expected_value(node: Node, wanted: Mapping[int, Any]) -> Any:
    """Return a node's value after nodes, by their `id`, got new values."""
    if id(node) in wanted:
        return wanted[id(node)]
    if node.target is not None:
        return expected_value(node.target, wanted)
    if not node.children:
        return node.value
    items = {key: expected_value(below, wanted) for key, below in node.children.items()}
    return items if isinstance(node.value, dict) else type(node.value)(items.values())


def _is_known(entry: ConfigValue, config: Config) -> bool:
    """Return whether the default is known; a script may compute the default of an argument."""
    line = config.command
    return entry.argument is None or line is None or entry.argument.key in line.values


def _entry(config: Config, key: str) -> ConfigValue:
    entry = config.entry(key)
    if entry is None:
        raise AssertionError(f"{key} was found to be a key")
    return entry


def _replace_parts(
    config: Config, values: dict[str, Any], new: Mapping[str, Any], faults: list[str]
) -> None:
    """Take away the values of what is in a list or dict that is given as a whole."""
    for name in new:
        whole = config.entry(name)
        if whole is None or not whole.is_partly_known:
            continue
        start = f"{whole.source_key}."
        parts = [
            key
            for key in (*config, *config.unlisted)
            if _entry(config, key).file == whole.file
            and _entry(config, key).source_key.startswith(start)
        ]
        for key in parts:
            values.pop(key, None)
            if key in new:
                faults.append(f"{key}: expected one value, found another one in {name}")


def _expanded(
    config: Config, given: Mapping[str, Any], faults: list[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the given values by keys of the configuration; a dict may give several keys values."""
    for key, value in given.items():
        if config.entry(key) is not None:
            yield key, value
            continue
        names = (*config, *config.unlisted)
        shared = [name for name in names if name.endswith(f"#{key}") and "#" not in key]
        if shared:
            yield from ((name, value) for name in shared)
            continue
        below = [name for name in config if name.startswith(f"{key}.")]
        if not below:
            yield key, value
            continue
        entries = parse_value(value) if isinstance(value, str) else value
        if isinstance(entries, (list, tuple)):
            entries = dict(enumerate(entries))
        if isinstance(entries, dict):
            for inner, item in entries.items():
                yield from _expanded(config, {f"{key}.{join_key([str(inner)])}": item}, faults)
        else:
            faults.append(
                f"{key}: expected a dict or list for the keys {', '.join(below)}, "
                f"found {type_name(entries)} {value!r}"
            )


def _find(config: Config, key: str) -> tuple[str, tuple[str, ...]]:
    """Return the key of the configuration that a given key means, and the path into its value."""
    if config.entry(key) is not None:
        return key, ()
    underscored = key.replace("-", "_")
    if underscored in config and config[underscored].argument is not None:
        return underscored, ()
    file, mark, rest = key.rpartition("#")
    parts = split_key(rest)
    for length in range(len(parts) - 1, 0, -1):
        name = file + mark + join_key(parts[:length])
        if name in config and isinstance(config[name].value, (dict, list, tuple)):
            return name, parts[length:]
    # A key that several files have may be written without the file.
    line = config.command
    if line is not None and line.commands:
        raise ConfigError(
            f"expected the key of a value, found {key!r}: {line.script} takes the sub-commands "
            f"{', '.join(line.commands)}. Name one in the command to set its arguments"
        )
    near = did_you_mean(key, [*config, *(name.rpartition("#")[2] for name in config)])
    keys = list(config)
    more = f" and {len(keys) - 60} more" if len(keys) > 60 else ""
    raise ConfigError(
        f"expected the key of a value, found {key!r}. {near + ' ' if near else ''}"
        f"Keys: {', '.join(keys[:60]) or 'none'}{more}"
    )


def is_known_key(config: Config, key: str) -> bool:
    """Return whether a key can be given a value."""
    try:
        return all(_find(config, name) for name, _ in _expanded(config, {key: {}}, []))
    except ConfigError:
        return False


def is_argument(config: Config, key: str) -> bool:
    """Return whether a key is that of an argument of the script."""
    entry = config.entry(key) or config.entry(key.replace("-", "_"))
    return entry is not None and entry.argument is not None


def _changed(
    entry: ConfigValue, before: Any, inner: tuple[str, ...], value: Any
) -> tuple[Any, str]:
    """Return a key's new value, and the fault of its type."""
    default = template_of(entry) if not inner else _within(entry, before, inner)
    if not inner and entry.argument is not None and entry.argument.is_list:
        value = _listed(value)
    new, is_right = coerce(value, default)
    if default is None and isinstance(value, Text) and entry.argument is None:
        new = parse_value(value)
    fault = ""
    if not is_right and not (entry.argument is not None and new is None and entry.value is None):
        fault = _type_fault(entry, default, new)
    if not inner:
        return new, fault
    from copy import deepcopy

    changed = deepcopy(before)
    return _set_within(changed, inner, new), fault


def _type_fault(entry: ConfigValue, default: Any, new: Any) -> str:
    where = ", ".join(dict.fromkeys(place.file for place in entry.places))
    expected, found = type_name(default), type_name(new)
    if expected == found:
        expected, found = type_name(default, inner=True), type_name(new, inner=True)
    shown = "" if entry.is_partly_known else f" ({entry.value!r:.80})"
    why = f", like the default in {where}{shown}"
    if entry.argument is not None and entry.value is None:
        why = f", as {where} takes it"
    hint = ""
    if isinstance(new, str) and any(new.count(a) != new.count(b) for a, b in ("[]", "()", "{}")):
        hint = ": a bracket is not closed"
    return f"expected {expected}{why}, found {found} ({new!r:.80}){hint}"


def template_of(entry: ConfigValue) -> Any:
    """Return a value of the type that is expected: of an argument without a default too."""
    if entry.is_partly_known:
        return type(entry.value)()
    if entry.argument is None or entry.value is not None:
        return entry.value
    item = _TEMPLATES.get(entry.argument.type)
    if entry.argument.is_list:
        return [] if item is None else [item]
    return item


def _listed(value: Any) -> Any:
    """Return a single value for an argument that takes several as a list."""
    read = parse_value(value) if isinstance(value, Text) else value
    if read is None or isinstance(read, (list, tuple)) or str(value).startswith("["):
        return value
    return [value]


def check_required(config: Config, values: Mapping[str, Any]) -> None:
    """Check that every argument that a script requires has a value.

    Where not all of its parser is known, that is left to the script.

    Raises
    ------
    ConfigError
        For all that have none.
    """
    if config.command is None or not config.command.is_whole:
        return
    missing = [
        key
        for key, entry in config.items()
        if entry.argument is not None and entry.argument.required and values.get(key) in (None, [])
    ]
    if missing:
        raise ConfigError(
            "\n".join(
                f"{key}: expected a value, which {config[key].file} requires, found none: "
                f"{key}=VALUE"
                for key in missing
            )
        )


def _within(entry: ConfigValue, value: Any, inner: tuple[str, ...]) -> Any:
    key = entry.key
    for part in inner:
        if isinstance(value, dict):
            choices = [join_key([name]) for name in value]
            is_there = part in value
        elif isinstance(value, (list, tuple)):
            choices = [str(position) for position in range(len(value))]
            is_there = part in choices
        else:
            raise ConfigError(
                f"expected the key {key}: its value is {type_name(value)}, without keys"
            )
        if not is_there:
            near = did_you_mean(part, choices)
            raise ConfigError(
                f"expected the key of a value in {key}, found {part!r}. "
                f"{near + ' ' if near else ''}Keys: {', '.join(choices[:60]) or 'none'}"
            )
        value = value[part] if isinstance(value, dict) else value[int(part)]
        key = f"{key}.{join_key([part])}"
    return value


def _set_within(value: Any, inner: tuple[str, ...], new: Any) -> Any:
    part, *rest = inner
    if isinstance(value, dict):
        value[part] = _set_within(value[part], tuple(rest), new) if rest else new
        return value
    items = list(value)
    items[int(part)] = _set_within(items[int(part)], tuple(rest), new) if rest else new
    return type(value)(items)


def _check_choice(entry: ConfigValue, value: Any, faults: list[str]) -> None:
    choices = entry.argument.choices if entry.argument is not None else None
    if choices is None:
        return
    for item in value if isinstance(value, list) else [value]:
        if item not in choices and not (item is None and entry.value is None):
            near = did_you_mean(str(item), map(str, choices))
            faults.append(
                f"{entry.key}: expected one of {', '.join(map(repr, choices))}, found {item!r}"
                + (f". {near}" if near else "")
            )


def _share(config: Config, new: dict[str, Any], faults: list[str]) -> None:
    """Give a value to all keys of one assignment (`a = b = 1`)."""
    by_node: dict[int, list[str]] = {}
    for key in (*config, *config.unlisted):
        for place in _entry(config, key).places:
            node = config.nodes.get(place)
            if node is not None and node.shared:
                by_node.setdefault(id(node), []).append(key)
    for keys in by_node.values():
        given = [key for key in keys if key in new]
        if not given:
            continue
        first = new[given[0]]
        if not all(same(new[key], first) for key in given):
            where = _entry(config, given[0]).file
            faults.append(
                f"{', '.join(given)}: expected one value, since one assignment in {where} sets "
                f"them, found {', '.join(repr(new[key]) for key in given)}"
            )
        new.update(dict.fromkeys(keys, first))


def _follow(config: Config, values: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Give aliases in YAML files the new values of their anchors."""
    if not new or not any(has_alias(node) for node in config.nodes.values()):
        return
    wanted = {
        id(config.nodes[place]): new[key]
        for key in new
        for place in _entry(config, key).places
        if place in config.nodes
    }
    for key, entry in config.items():
        node = config.nodes.get(entry.places[0])
        if node is not None and key not in new and has_alias(node):
            values[key] = expected_value(node, wanted)


def has_alias(node: Node) -> bool:
    """Return whether a value is or holds a YAML alias."""
    return node.target is not None or any(map(has_alias, node.children.values()))
