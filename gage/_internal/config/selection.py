r"""The patterns of a Gage file that select values of files as configuration.

    pattern = ["-" blanks] [file] ["#" keys]

    train.py                  the values at the top level of the file
    train.py#lr               one of them
    conf/**/*.yaml#**.*       all values of all YAML files below `conf`
    #epochs                   further values of the file named before
    -train.py#debug           excludes this value
    -#debug                   excludes it in all files
    train.py#opts.*           the entries of a dict or a list, each a key of its own
    \-x.py#lr                 a file whose name begins with a dash

The file is a pattern as for source code (`sources.parsing`); the keys are a pattern of `keys`.
Patterns are read in order and the last one that matches decides. Excluding patterns at the
beginning apply to all others.

Without `#`, a file of code gives the names of its top level, and a data file gives all its values,
each with its own key. `**.*` gives the values inside containers too, not the containers; a list of
plain values is one value. Names such as `__version__`, and names that the program changes later,
are values only if a pattern spells them out.
"""

from __future__ import annotations

import os

from gage._internal.config.formats import SUFFIXES
from gage._internal.config.keys import has_wildcard, key_matcher, split_key
from gage._internal.errors import ConfigError, PatternError
from gage._internal.sources.matching import (
    Pattern,
    match_path,
    name_matcher,
    start_state,
    state_below,
)
from gage._internal.sources.parsing import parse_pattern
from gage._internal.suggestions import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from gage._internal.config.document import Document, Node

__all__ = ["Rule", "find_files", "parse_rules", "select", "select_unlisted"]

Parts = tuple[str, ...]


class Rule:
    """A parsed pattern.

    Parameters
    ----------
    text
        The pattern as written.
    exclude
        Whether it excludes values.
    file
        The pattern of its files; None for any file.
    keys
        The pattern of keys; None if there is no `#`.
    """

    __slots__ = ("exclude", "file", "keys", "text")

    def __init__(self, text: str, file: Pattern | None, keys: str | None, *, exclude: bool) -> None:
        self.text = text
        self.file = file
        self.keys = keys
        self.exclude = exclude

    @property
    def literal_file(self) -> str | None:
        """The path of the pattern, None if it has wildcards."""
        if self.file is None:
            return None
        names = [part.literal for part in self.file.parts]
        if not names or self.file.below:
            return None
        return None if None in names else "/".join(map(str, names))

    def is_about(self, path: str) -> bool:
        """Return whether the pattern matches a file."""
        return self.file is None or match_path(self.file, path)


def parse_rules(patterns: Sequence[str]) -> list[Rule]:
    """Parse patterns; a pattern without a file uses the file before it.

    Raises
    ------
    PatternError, ConfigError
        If one is malformed.
    """
    rules: list[Rule] = []
    for text in patterns:
        exclude, body = _exclusion(text)
        file_text, keys = _split(text, body)
        if file_text:
            file: Pattern | None = parse_pattern(file_text)
        elif exclude:
            file = None
        else:
            file = next((rule.file for rule in reversed(rules) if rule.file), None)
            if file is None:
                raise PatternError(
                    "expected a file before the keys, as in train.py#lr: no pattern before "
                    "this one names one",
                    text,
                    0,
                )
        if keys is not None:
            key_matcher(keys)
        rules.append(Rule(text, file, keys, exclude=exclude))
    return _in_order(rules)


def find_files(directory: str, rules: Iterable[Rule]) -> tuple[list[str], list[str]]:
    """Return the files that rules select values from, and notes on patterns without files.

    Raises
    ------
    ConfigError
        If a file that a pattern spells out does not exist or is of no known format.
    """
    found: dict[str, None] = {}
    notes = []
    seen: set[str] = set()
    for rule in rules:
        if rule.exclude or rule.file is None or rule.file.text in seen:
            continue
        seen.add(rule.file.text)
        path = rule.literal_file
        if path is not None and not os.path.isdir(os.path.join(directory, path)):
            _require(directory, path, rule)
            found[path] = None
            continue
        paths = sorted(_walk(directory, rule.file))
        if not paths:
            notes.append(f"configuration pattern {rule.text!r} matches no file")
        found.update(dict.fromkeys(paths))
    return list(found), notes


def select(document: Document, rules: Iterable[Rule]) -> tuple[dict[Parts, Node], list[Rule]]:
    """Return the selected values of a file, in its order, and the rules that select none."""
    chosen: dict[Parts, Node] = {}
    unmatched = []
    for rule in rules:
        if not rule.is_about(document.path):
            continue
        if rule.exclude:
            _exclude(chosen, rule)
            continue
        matched = _matched(document, rule)
        if not matched:
            unmatched.append(rule)
        chosen.update(matched)
    outer = {
        keys: node
        for keys, node in chosen.items()
        if not any(keys[:length] in chosen for length in range(1, len(keys)))
    }
    return dict(sorted(outer.items(), key=lambda item: item[1].start)), unmatched


def select_unlisted(
    document: Document, rules: Iterable[Rule], chosen: Container[Parts]
) -> dict[Parts, Node]:
    """Return what can be set where it is named, though it is not among the values `chosen`.

    These are names that a program gives another value later, and lists and dicts that hold an
    expression, which are replaced as a whole.
    """
    found: dict[Parts, Node] = {}
    if not document.is_code or not any(map(_is_special, document.roots.values())):
        return found
    for rule in rules:
        if rule.is_about(document.path):
            if rule.exclude:
                _exclude(found, rule)
            else:
                found.update(_matched(document, rule, unlisted=True))
    return {
        parts: node
        for parts, node in found.items()
        if parts not in chosen and (not node.simple or document.roots[parts[0]].state)
    }


def _is_special(node: Node) -> bool:
    return node.state or not node.simple


def _exclusion(text: str) -> tuple[bool, str]:
    body = text.lstrip()
    return (True, body[1:].lstrip()) if body.startswith("-") else (False, body)


def _split(text: str, body: str) -> tuple[str, str | None]:
    """Split a pattern into file and keys; a `#` in quotes or after a backslash does not split."""
    quote = ""
    position = 0
    while position < len(body):
        char = body[position]
        if char == "\\" and quote != "'":
            position += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote = char
        elif not quote and char == "#":
            keys = body[position + 1 :].strip()
            if not keys:
                raise PatternError("expected a key after #", text, len(text))
            return body[:position].rstrip(), keys
        position += 1
    if not body.strip():
        raise PatternError("expected a file or #KEY in the pattern", text, len(text))
    return body.rstrip(), None


def _in_order(rules: list[Rule]) -> list[Rule]:
    """Move exclusions at the beginning to the end, where they exclude something."""
    first = next((i for i, rule in enumerate(rules) if not rule.exclude), len(rules))
    return [*rules[first:], *rules[:first]]


def _require(directory: str, path: str, rule: Rule) -> None:
    if not path.lower().endswith(SUFFIXES):
        raise ConfigError(
            f"configuration pattern {rule.text!r}: expected a file of configuration "
            f"({', '.join(SUFFIXES)}), found {path}"
        )
    if os.path.isfile(os.path.join(directory, path)):
        return
    parent = os.path.dirname(path)
    try:
        names = sorted(os.listdir(os.path.join(directory, parent)))
    except OSError:
        names = []
    beside = [f"{parent}/{name}" if parent else name for name in names]
    near = did_you_mean(path, [name for name in beside if name.lower().endswith(SUFFIXES)])
    raise ConfigError(
        f"configuration pattern {rule.text!r}: expected the file {path} in {directory}, "
        f"found none{'. ' + near if near else ''}"
    )


def _walk(directory: str, pattern: Pattern) -> Iterator[str]:
    """Yield the files that a pattern matches; hidden directories only if it spells them out."""
    todo = [("", start_state(pattern))]
    while todo:
        below, state = todo.pop()
        matches = name_matcher(pattern, state)
        try:
            entries = list(os.scandir(os.path.join(directory, below)))
        except OSError:
            continue
        if any(entry.name in {"pyvenv.cfg", ".nocopy"} for entry in entries):
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                inner, spelled = state_below(pattern, state, entry.name)
                if inner and (spelled or not entry.name.startswith(".")):
                    todo.append((path, inner))
            elif (
                matches is not None
                and matches(entry.name)
                and entry.name.lower().endswith(SUFFIXES)
                and entry.is_file()
            ):
                yield path


def _matched(document: Document, rule: Rule, *, unlisted: bool = False) -> dict[Parts, Node]:
    """Return the values that a rule selects; `unlisted` also those that are set only by name."""
    if rule.keys is None and not document.is_code:
        return dict(_all_leaves(document))
    pattern = rule.keys or "*"
    if not has_wildcard(pattern):
        parts = split_key(pattern)
        node = document.node(parts)
        return {} if node is None else dict(_simple(parts, node, unlisted=unlisted))
    matches = key_matcher(pattern)
    spelled = split_key(pattern)[0]
    last = pattern.rpartition("**")[2]
    candidates: Iterable[tuple[Parts, Node]]
    if "**" in pattern and last.strip(".") in {"", "*"}:
        candidates = document.walk() if unlisted else _all_leaves(document)
    else:
        candidates = document.walk()
    found: dict[Parts, Node] = {}
    for parts, node in candidates:
        is_offered = not _is_dunder(parts[0]) and (unlisted or not document.roots[parts[0]].state)
        if (is_offered or parts[0] == spelled) and matches(parts):
            found.update(_simple(parts, node, unlisted=unlisted))
    return found


def _exclude(chosen: dict[Parts, Node], rule: Rule) -> None:
    if rule.keys is None:
        chosen.clear()
        return
    matches: Callable[[Parts], bool] = key_matcher(rule.keys)
    for parts, node in list(chosen.items()):
        left = dict(_without(parts, node, matches))
        if left.keys() != {parts}:
            del chosen[parts]
            chosen.update(left)


def _without(
    parts: Parts, node: Node, matches: Callable[[Parts], bool]
) -> Iterator[tuple[Parts, Node]]:
    """Yield a value, or the rest of it if something in it is excluded."""
    if any(matches(parts[:length]) for length in range(1, len(parts) + 1)):
        return
    inner: dict[Parts, Node] = {}
    for key, below in node.children.items():
        inner.update(_without((*parts, str(key)), below, matches))
    if inner.keys() == {(*parts, str(key)) for key in node.children}:
        yield parts, node
    else:
        yield from inner.items()


def _all_leaves(document: Document) -> Iterator[tuple[Parts, Node]]:
    for name, node in document.roots.items():
        if not _is_dunder(name) and not node.state:
            yield from _leaves((name,), node)


def _leaves(parts: Parts, node: Node) -> Iterator[tuple[Parts, Node]]:
    """Yield the innermost values of a value."""
    if node.simple and (isinstance(node.value, (list, tuple)) and _is_plain(node)):
        yield parts, node
    elif node.children:
        for key, below in node.children.items():
            yield from _leaves((*parts, str(key)), below)
    elif node.simple:
        yield parts, node


def _is_plain(node: Node) -> bool:
    if isinstance(node.value, dict):
        return False
    return all(_is_plain(below) for below in node.children.values())


def _simple(parts: Parts, node: Node, *, unlisted: bool) -> Iterator[tuple[Parts, Node]]:
    """Yield a value, or the simple values in it if it is not simple itself."""
    if node.simple:
        yield parts, node
        return
    if unlisted and isinstance(node.value, (dict, list, tuple)):
        yield parts, node
    for key, below in node.children.items():
        yield from _simple((*parts, str(key)), below, unlisted=unlisted)


def _is_dunder(name: str) -> bool:
    return len(name) > 4 and name.startswith("__") and name.endswith("__")
