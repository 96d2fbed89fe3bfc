"""Writing values into the files of a run, changing only the characters of the values.

The new content is read back before it replaces a file, so that a written file has exactly the new
values and no other changes.
"""

from __future__ import annotations

import os
import stat

from gage._internal.atomic import replace, write_all
from gage._internal.config.configuration import Config, Place
from gage._internal.config.document import (
    Document,
    Edit,
    Node,
    apply_edits,
    edits_for,
    like,
    same,
)
from gage._internal.config.formats import read_document
from gage._internal.config.keys import join_key, split_key
from gage._internal.config.patch import unified_diff
from gage._internal.config.resolving import expected_value, has_alias
from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["rewrite"]


def rewrite(run_dir: str, config: Config, values: Mapping[str, Any]) -> str:
    """Write values into a run's copies of the files of configuration, and return the diff.

    Parameters
    ----------
    run_dir
        The directory of the copies, which have the same paths as in the project.
    config
        The places of the values.
    values
        Values by key; keys of arguments (`args`) are skipped, since they change the command.

    Raises
    ------
    ConfigError
        If a file or a value is missing, or a value cannot be written. Then no file is changed.
    """
    rewritten = []
    for path, by_key in _by_file(config, values).items():
        result = _rewritten(run_dir, config, path, by_key)
        if result is not None:
            rewritten.append((path, *result))
    diff = []
    for path, data, text in rewritten:
        _replace(os.path.join(run_dir, path), data)
        diff.append(text)
    return "".join(diff)


def _places(config: Config, key: str) -> list[Place]:
    """Return the places of a key's value; an argument has none."""
    # A command may have changed the copies so that keys are no longer shared, or now are.
    file, _, shared = key.rpartition("#")
    every = {**config.entries, **config.unlisted}
    entries = [every[key]] if key in every else []
    if not entries and not file:
        entries = [entry for name, entry in every.items() if name.endswith(f"#{key}")]
    places = [place for entry in entries if entry.argument is None for place in entry.places]
    if not entries and file and shared in every:
        entries = [every[shared]]
        places = [place for place in entries[0].places if place.file == file]
    if not entries and not config.has_arguments:
        raise ConfigError(
            f"expected the key of a value in the run's files, found {key!r}: "
            f"their keys are {', '.join(config) or 'none'}"
        )
    return places


def _by_file(config: Config, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values by file and by their key in it."""
    wanted: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        for place in _places(config, key):
            wanted.setdefault(place.file, {})[place.source_key] = value
    return wanted


def _rewritten(
    run_dir: str, config: Config, path: str, by_key: dict[str, Any]
) -> tuple[bytes, str] | None:
    """Return the new content of a file and the diff; None if nothing changes."""
    data = _read_inside(run_dir, os.path.join(run_dir, path))
    return _rewritten_data(config, path, by_key, data)


def _rewritten_data(
    config: Config, path: str, by_key: dict[str, Any], data: bytes | None
) -> tuple[bytes, str] | None:
    source = config.sources[path]
    if data is None or data == source.data:
        nodes = {key: config.nodes[Place(path, key)] for key in by_key}
        if all(same(like(by_key[key], node.value), node.value) for key, node in nodes.items()):
            return None
    if data is None:
        keys = ", ".join(by_key)
        raise ConfigError(
            f"{path} is not among the files of the run, so its values ({keys}) cannot be set: "
            "add it to the sourcecode of the operation"
        )
    document = source.document if data == source.data else read_document(path, data)
    edits, wanted = _edits(document, by_key)
    if not edits:
        return None
    try:
        new = document.to_bytes(apply_edits(document.text, edits))
    except UnicodeEncodeError as error:
        raise ConfigError(f"{path}: a value cannot be written: {error}") from None
    _check(document, wanted, new)
    return new, unified_diff(path, document.text, edits)


def _read_inside(run_dir: str, path: str) -> bytes | None:
    """Return the content of a file of the run, None if there is none."""
    real, inside = os.path.realpath(path), os.path.realpath(run_dir)
    if os.path.commonpath([inside, real]) != inside:
        raise ConfigError(f"{path} leads outside of the run, to {real}: it is not written to")
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _edits(document: Document, by_key: Mapping[str, Any]) -> tuple[list[Edit], dict[int, Any]]:
    """Return the edits that give values to keys, and the values by the `id` of their nodes."""
    nodes: dict[str, Node] = {}
    wanted: dict[int, Any] = {}
    for key, value in by_key.items():
        node = document.node(split_key(key))
        if node is None:
            keys = ", ".join(join_key(parts) for parts, node in document.walk() if node.simple)
            raise ConfigError(
                f"{document.path}: expected the key {key} in the run's copy, found no such key. "
                f"Keys: {keys or 'none'}"
            )
        new = like(value, node.value)
        if not same(wanted.setdefault(id(node), new), new):
            raise ConfigError(
                f"{document.path}:{document.line(node)}: {key}: expected one value, since one "
                f"assignment sets several keys, found {wanted[id(node)]!r} and {new!r}"
            )
        nodes[key] = node
    edits: set[Edit] = set()
    for key, node in nodes.items():
        try:
            edits.update(
                edits_for(document, node, wanted[id(node)], lambda node: _current(node, wanted))
            )
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"{document.path}:{document.line(node)}: {key}: cannot be set to "
                f"{_shown(wanted[id(node)])}: {error}"
            ) from None
    return sorted(edits), wanted


def _current(node: Node, wanted: Mapping[int, Any]) -> Any:
    """Return a node's value when others are written and it is not."""
    if node.target is not None:
        return expected_value(node.target, wanted)
    if not has_alias(node):
        return node.value
    items = {key: _current(below, wanted) for key, below in node.children.items()}
    return items if isinstance(node.value, dict) else type(node.value)(items.values())


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:
        return "a number of too many digits"
    return text if len(text) <= 200 else f"{text[:199]}…"


def _check(document: Document, wanted: Mapping[int, Any], data: bytes) -> None:
    """Raise an error unless a new file has the wanted values and all others as before."""
    try:
        found = read_document(document.path, data).roots
    except ConfigError as error:
        raise ConfigError(
            f"the values cannot be written, the file would be wrong: {error}"
        ) from None
    for key, node in document.roots.items():
        expected = expected_value(node, wanted)
        if key not in found or not same(found[key].value, expected):
            what = _shown(found[key].value) if key in found else "nothing"
            raise ConfigError(
                f"{document.path}:{document.line(node)}: {key}: cannot be written: it would read "
                f"as {what}, expected {_shown(expected)}"
            )
    if len(found) != len(document.roots):
        extra = ", ".join(found.keys() - document.roots.keys())
        raise ConfigError(f"{document.path}: the values cannot be written: {extra} would be new")


def _replace(path: str, data: bytes) -> None:
    """Give a file of a run its new content; the run is being staged, nobody has read it yet.

    The copy itself is written to: a new file in its place takes a multiple of the time on ext4. A
    link, or a file that has other names, may belong to somebody else and is replaced.
    """
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        replace(path, data)
        os.chmod(path, mode)
        return
    mode = stat.S_IMODE(found.st_mode)
    if not mode & stat.S_IWUSR:
        os.chmod(path, mode | stat.S_IWUSR)
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        write_all(fd, data)
        os.truncate(fd, len(data))
    finally:
        os.close(fd)
    if not mode & stat.S_IWUSR:
        os.chmod(path, mode)
