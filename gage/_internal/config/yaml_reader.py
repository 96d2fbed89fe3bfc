"""YAML as nodes with places: one reader for configuration, Gage files and summaries.

ruamel.yaml parses the text; its events give the place of each value.

Programs read YAML by version 1.1 (PyYAML) or 1.2 (ruamel.yaml), so plain words are read in a way
that suits both: `yes`, `no`, `on` and `off` are bools. Dates, and numbers with different values in
the two versions (`010`, `1_000`, `1:30`), are strings, as written. An alias (`*name`) has the value
of its anchor. Keys that are included by `<<` are kept apart (`Node.merged`).

A text may be nested `MAX_DEPTH` deep, and its aliases may refer to `MAX_ALIASED` values in all: a
few lines with aliases of aliases would otherwise fill the memory.
"""

from __future__ import annotations

import copy
import re

from gage._internal.config.document import NOWHERE, Node, Oddity, no_table, place_at
from gage._internal.errors import ConfigError, MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = [
    "BLOCK_DICT",
    "BLOCK_LIST",
    "EMPTY",
    "MAX_ALIASED",
    "MAX_DEPTH",
    "is_ambiguous",
    "read_nodes",
    "resolve",
]

MAX_DEPTH = 100
MAX_ALIASED = 100_000

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:[ \t\r\n]+|#[^\r\n]*|$)+)+")
_COLON = re.compile(r"[ \t]*:")

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(
    r"(?P<true>true|True|TRUE|yes|Yes|YES|on|On|ON)|(?:false|False|FALSE|no|No|NO|off|Off|OFF)"
)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# Words that are a number in one version, and a string or another number in the other.
_AMBIGUOUS = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0[oO][0-7_]+|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+][.0-9][0-9_.]*"
    r"|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|=|<<"
)
_TAG = "tag:yaml.org,2002:"

EMPTY, BLOCK_LIST, BLOCK_DICT = "empty", "block list", "block dict"


def read_nodes(text: str, path: str) -> tuple[Node, list[Oddity]]:
    """Return the mapping in a YAML text, and the oddities of the text.

    Raises
    ------
    MalformedError
        If it is not YAML, not a mapping, nested too deeply, or its aliases refer to too much.
    ConfigError
        If ruamel.yaml is missing.
    """
    try:
        import ruamel.yaml
        import ruamel.yaml.error
    except ImportError:
        raise ConfigError(
            f"{path}: reading YAML needs ruamel.yaml: pip install 'gage[config]', "
            "or write TOML or JSON"
        ) from None
    try:
        reader = _Reader(text, ruamel.yaml.YAML(typ="safe", pure=True).parse(text))
        return reader.document(), reader.oddities
    except ruamel.yaml.error.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        context = f" ({error.context})" if error.context and error.problem else ""
        problem = f"malformed YAML: {error.problem or error.context or 'a fault'}{context}"
        raise MalformedError(path, problem, *place) from None
    except ruamel.yaml.error.YAMLError as error:
        found = " ".join(str(error).split())
        raise MalformedError(path, f"malformed YAML: {found}") from None
    except _FaultError as fault:
        raise MalformedError(path, fault.problem, *place_at(text, fault.position)) from None
    except RecursionError:
        raise MalformedError(path, "malformed YAML: it is nested too deeply") from None


class _FaultError(Exception):
    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem, position)
        self.problem = problem
        self.position = position


class _Reader:
    """Converts the events of the parser to nodes."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self.text = text
        self.events = events
        self.anchors: dict[str, Node] = {}
        self.oddities: list[Oddity] = []
        self._sizes: dict[int, int] = {}  # values in each anchored node, by its id
        self._depth = 0
        self._count = 0
        self._aliased = 0

    def document(self) -> Node:
        """Return the mapping of the only document."""
        root = None
        for event in self.events:
            kind = _kind(event)
            if kind == "DocumentStart":
                if root is not None:
                    raise _FaultError(
                        "expected one YAML document, found several", event.start_mark.index
                    )
                root = self._node(next(self.events))
        if root is None or (root.value is None and not root.children):
            return Node({}, NOWHERE, NOWHERE)
        if not isinstance(root.value, dict):
            raise _FaultError(no_table(root.value), root.start)
        return root

    def _node(self, event: Any, after: int = NOWHERE) -> Node:
        """Return the value that begins with an event; an empty one could be written at `after`."""
        kind = _kind(event)
        if kind == "Alias":
            return self._alias(event)
        before = self._count
        self._count += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            problem = f"expected at most {MAX_DEPTH} levels of tables and lists, found more"
            raise _FaultError(problem, event.start_mark.index)
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor or event.tag:
            match = _PROPERTIES.match(self.text, start)
            start = match.end() if match else start
        if kind == "Scalar":
            node = self._scalar(event, start, end, after)
        elif kind == "SequenceStart":
            node = self._list(event, start)
        else:
            node = self._dict(event, start)
        if event.tag:
            node.simple = False
            self._apply_tag(event, node)
        if event.anchor:
            self.anchors[event.anchor] = node
            self._sizes[id(node)] = self._count - before
        self._depth -= 1
        return node

    def _apply_tag(self, event: Any, node: Node) -> None:
        """Give a value the type of a standard tag; any other tag is odd."""
        name = str(event.tag).removeprefix(_TAG)
        if _kind(event) != "Scalar":
            if name not in {"map", "seq"}:
                self._odd(node, event, f"expected plain values, found the tag {event.tag}")
        elif name in {"str", "!"}:
            node.value = event.value
        elif name not in {"int", "float", "bool", "null"}:
            self._odd(node, event, f"expected plain values, found the tag {event.tag}")

    def _odd(self, node: Node, event: Any, message: str) -> None:
        self.oddities.append(Oddity(node, event.start_mark.index, message))

    def _alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            problem = f"expected an anchor &{event.anchor} before its alias, found none"
            raise _FaultError(problem, event.start_mark.index)
        size = self._sizes.get(id(target), 1)
        self._count += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            problem = f"expected aliases of at most {MAX_ALIASED:,} values in all, found more"
            raise _FaultError(problem, event.start_mark.index)
        return Node(
            copy.deepcopy(target.value),
            event.start_mark.index,
            event.end_mark.index,
            simple=target.simple,
            target=target,
        )

    def _scalar(self, event: Any, start: int, end: int, after: int) -> Node:
        if start >= end:
            # The parser gives a missing value the place of the next token.
            simple = after != NOWHERE and not event.anchor
            return Node(None, after, after, simple=simple, style=EMPTY)
        if event.style in {"|", ">"}:
            end = start + len(self.text[start:end].rstrip())
        if event.style:
            return Node(event.value, start, end, style=event.style)
        if is_ambiguous(event.value):
            return Node(event.value, start, end, simple=False)
        return Node(resolve(event.value), start, end, style="")

    def _list(self, event: Any, start: int) -> Node:
        children: dict[Any, Node] = {}
        while _kind(item := next(self.events)) != "SequenceEnd":
            children[len(children)] = self._node(item)
        node = Node(
            [below.value for below in children.values()],
            start,
            item.end_mark.index,
            children,
            simple=all(below.simple for below in children.values()),
        )
        if not event.flow_style:
            node.style = BLOCK_LIST
            node.end = max([below.end for below in children.values()])
            if any(below.end == NOWHERE for below in children.values()):
                node.simple = False
        return node

    def _dict(self, event: Any, start: int) -> Node:
        children: dict[Any, Node] = {}
        merged: list[Node] = []
        simple = True
        end = NOWHERE
        while _kind(key := next(self.events)) != "MappingEnd":
            name = self._key(key)
            colon = _COLON.match(self.text, key.end_mark.index)
            node = self._node(next(self.events), colon.end() if colon else NOWHERE)
            node.key_start = key.start_mark.index
            end = max(end, node.end)
            if name is None:
                simple = False
                if _kind(key) != "Scalar":
                    self._odd(node, key, "expected a string as key, found another value")
                elif node.children or node.target:
                    merged += node.children.values() if isinstance(node.value, list) else [node]
                continue
            if name in children:
                self._odd(node, key, f"expected each key once, found {name!r} again")
            if not self._is_text(key):
                message = f"expected a string as key, found {name}: write it in quotes"
                self._odd(node, key, message)
                simple = False
            simple = simple and node.simple
            children[name] = node
        values = {name: node.value for name, node in children.items()}
        if event.flow_style:
            node = Node(values, start, key.end_mark.index, children, simple=simple)
        else:
            simple = simple and end != NOWHERE
            node = Node(values, start, end, children, simple=simple, style=BLOCK_DICT)
        node.merged = tuple(merged)
        return node

    def _key(self, event: Any) -> str | None:
        """Return a key as a string; None if it is `<<` or not a scalar."""
        if _kind(event) != "Scalar":
            self._node(event)
            return None
        if event.anchor:
            self.anchors[event.anchor] = Node(event.value, NOWHERE, NOWHERE, simple=False)
        return None if event.value == "<<" and not event.style else str(event.value)

    @staticmethod
    def _is_text(key: Any) -> bool:
        return bool(key.style) or (
            not is_ambiguous(key.value) and isinstance(resolve(key.value), str)
        )


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def resolve(word: str) -> Any:
    """Return the value of a plain word."""
    if _NULL.fullmatch(word):
        return None
    if match := _BOOL.fullmatch(word):
        return match.group("true") is not None
    if _INT.fullmatch(word):
        return int(word, 16) if word.startswith("0x") else int(word)
    if _FLOAT.fullmatch(word):
        return float(word)
    if _NOT_FINITE.fullmatch(word):
        return float(word.replace(".", "", 1).lower())
    return word


def is_ambiguous(word: str) -> bool:
    return (
        isinstance(resolve(word), str) or bool(re.match(r"[-+]?0[0-9]", word))
    ) and _AMBIGUOUS.fullmatch(word) is not None
