"""Configuration in YAML: values by dotted key, with their places in the text.

The text is parsed by ruamel.yaml, whose marks say where each value stands; nothing is written by
it, since it would lay out the whole file anew.

Programs read YAML by version 1.1 (PyYAML) or 1.2 (ruamel.yaml). Plain words are read here so that
both agree with what is written: `yes`, `no`, `on` and `off` are bools and stay these words, floats
are written with a dot (`1.0e-05`), a text that either takes for something else is put in quotes,
and numbers that mean another value in each (`010`, `1_000`, `1:30`) are left alone. So are values
with a tag. Dates are texts that are written as dates.

An alias (`*name`) has the value that it stands for, and follows it until it is set itself. Keys
that come from elsewhere by `<<` belong to the mapping that they are in.
"""

from __future__ import annotations

import copy
import re

from gage._internal.config.document import NOWHERE, Document, Node, decode_utf8
from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["read"]

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:[ \t\r\n]+|#[^\r\n]*|$)+)+")
_COLON = re.compile(r"[ \t]*:")
_BLANKS = re.compile(r"[ ]*")

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(
    r"(?P<true>true|True|TRUE|yes|Yes|YES|on|On|ON)|(?:false|False|FALSE|no|No|NO|off|Off|OFF)"
)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d.*)?")
# What one version takes for a number and the other for a text, or for another number.
_AMBIGUOUS = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0[oO][0-7_]+|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+][.0-9][0-9_.]*"
    r"|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|=|<<"
)
_SAFE = re.compile(r"[^\W\d][\w./@%+-]*(?: [\w./@%+-]+)*|/[\w./@%+-]*")
_OPPOSITES = [
    ("true", "false"),
    ("True", "False"),
    ("TRUE", "FALSE"),
    ("yes", "no"),
    ("Yes", "No"),
    ("YES", "NO"),
    ("on", "off"),
    ("On", "Off"),
    ("ON", "OFF"),
]
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}

_EMPTY, _BLOCK_LIST, _BLOCK_DICT = "empty", "block list", "block dict"


def read(data: bytes, path: str) -> Document:
    """Read the values of a YAML file that holds one document, a mapping.

    Raises
    ------
    ConfigError
        If it is not YAML, or not a mapping, or ruamel.yaml is missing: the message says which.
    """
    try:
        import ruamel.yaml
        import ruamel.yaml.error
    except ImportError:
        raise ConfigError(
            f"{path}: reading YAML needs ruamel.yaml, which is not installed: "
            'pip install "gage[config]"'
        ) from None
    bom, text = decode_utf8(data, path)
    try:
        events = ruamel.yaml.YAML(typ="safe", pure=True).parse(text)
        root = _Reader(text, events).document()
    except ruamel.yaml.error.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        what = error.problem or error.context or "a fault"
        raise ConfigError(f"{path}{line}: expected YAML, found a fault: {what}") from None
    except ruamel.yaml.error.YAMLError as error:
        found = " ".join(str(error).split())
        raise ConfigError(f"{path}: expected YAML, found a fault: {found}") from None
    except _UnreadableError as error:
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: the YAML is nested too deeply to be read") from None

    def encode(node: Node, value: Any) -> str:
        return _encode(value, node, text)

    return Document(path, text, root.children, encode, bom=bom)


class _UnreadableError(Exception):
    pass


class _Reader:
    """Turns the events of the parser into nodes."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self.text = text
        self.events = events
        self.anchors: dict[str, Node] = {}

    def document(self) -> Node:
        """Return the mapping that the only document is."""
        root = None
        for event in self.events:
            kind = _kind(event)
            if kind == "DocumentStart":
                if root is not None:
                    raise _UnreadableError("expected one YAML document, found several")
                root = self._node(next(self.events))
        if root is None or (root.value is None and not root.children):
            return Node({}, NOWHERE, NOWHERE)
        if not isinstance(root.value, dict):
            raise _UnreadableError(
                "expected a YAML mapping with the configuration's keys, "
                f"found {type(root.value).__name__}"
            )
        return root

    def _node(self, event: Any, after: int = NOWHERE) -> Node:
        """Return the value that an event starts; `after` is where an empty one could be written."""
        kind = _kind(event)
        if kind == "Alias":
            return self._alias(event)
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
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise _UnreadableError(
                f"expected an anchor &{event.anchor} before line {event.start_mark.line + 1}"
            )
        return Node(
            copy.deepcopy(target.value),
            event.start_mark.index,
            event.end_mark.index,
            simple=target.simple,
            target=target,
        )

    def _scalar(self, event: Any, start: int, end: int, after: int) -> Node:
        if start >= end:
            # The parser's mark of a missing value is where the next thing starts.
            simple = after != NOWHERE and not event.anchor
            return Node(None, after, after, simple=simple, style=_EMPTY)
        if event.style in {"|", ">"}:
            end = start + len(self.text[start:end].rstrip())
        if event.style:
            return Node(event.value, start, end, style=event.style)
        if _is_ambiguous(event.value):
            return Node(event.value, start, end, simple=False)
        return Node(_resolve(event.value), start, end, style="")

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
            node.style = _BLOCK_LIST
            node.end = max([below.end for below in children.values()])
            if any(below.end == NOWHERE for below in children.values()):
                node.simple = False
        return node

    def _dict(self, event: Any, start: int) -> Node:
        children: dict[Any, Node] = {}
        simple = True
        end = NOWHERE
        while _kind(key := next(self.events)) != "MappingEnd":
            name = self._key(key)
            colon = _COLON.match(self.text, key.end_mark.index)
            node = self._node(next(self.events), colon.end() if colon else NOWHERE)
            end = max(end, node.end)
            if name is None:
                simple = False
                continue
            simple = simple and node.simple and self._is_text(key)
            children[name] = node
        values = {name: node.value for name, node in children.items()}
        if event.flow_style:
            return Node(values, start, key.end_mark.index, children, simple=simple)
        simple = simple and end != NOWHERE
        return Node(values, start, end, children, simple=simple, style=_BLOCK_DICT)

    def _key(self, event: Any) -> str | None:
        """Return a key as text; None where it is `<<` or not a scalar."""
        if _kind(event) != "Scalar":
            self._node(event)
            return None
        if event.anchor:
            self.anchors[event.anchor] = Node(event.value, NOWHERE, NOWHERE, simple=False)
        return None if event.value == "<<" and not event.style else str(event.value)

    @staticmethod
    def _is_text(key: Any) -> bool:
        return bool(key.style) or (
            not _is_ambiguous(key.value) and isinstance(_resolve(key.value), str)
        )


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _resolve(word: str) -> Any:
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


def _is_ambiguous(word: str) -> bool:
    return (
        isinstance(_resolve(word), str) or bool(re.match(r"[-+]?0[0-9]", word))
    ) and _AMBIGUOUS.fullmatch(word) is not None


def _encode(value: Any, node: Node, text: str) -> str:
    old = text[node.start : node.end]
    if node.style == _EMPTY:
        return f" {_expression(value, '')}"
    if node.style in {_BLOCK_LIST, _BLOCK_DICT}:
        return _encode_block(value, node, text)
    if isinstance(value, bool) and (words := _words(old)):
        return words[0] if value else words[1]
    if isinstance(value, str):
        if node.style in {"|", ">"} and (block := _encode_literal(value, old, text)):
            return block
        if _DATE.fullmatch(old) and _DATE.fullmatch(value):
            return value
    if value is None and old == "~":
        return old
    return _expression(value, old)


def _words(old: str) -> tuple[str, str] | None:
    return next((words for words in _OPPOSITES if old in words), None)


def _encode_block(value: Any, node: Node, text: str) -> str:
    column = node.start - (text.rfind("\n", 0, node.start) + 1)
    newline = "\r\n" if "\r\n" in text else "\n"
    if value and isinstance(value, (list, tuple)) and node.style == _BLOCK_LIST:
        lines = [f"- {_expression(item, '')}" for item in value]
    elif value and isinstance(value, dict) and node.style == _BLOCK_DICT:
        lines = [f"{_expression(key, '')}: {_expression(item, '')}" for key, item in value.items()]
    else:
        # Further right than the key, which a list may be level with.
        return f"  {_expression(value, '')}"
    return (newline + " " * column).join(lines)


def _encode_literal(value: str, old: str, text: str) -> str | None:
    """Return a text of several lines as a block in the place of another; None where it cannot."""
    header, _, body = old.partition("\n")
    lines = value.removesuffix("\n").split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in body.splitlines() if line.strip()]
    if (
        not indents
        or "\n" not in value
        or re.search(r"\d", header.partition("#")[0])
        or not lines[0].strip()
        or not lines[-1]
        or lines[0].startswith(" ")
        or any(line and (not line.strip() or not line.isprintable()) for line in lines)
    ):
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    head = "|" if value.endswith("\n") else "|-"
    margin = " " * min(indents)
    return newline.join([head, *(margin + line if line else "" for line in lines)])


def _expression(value: Any, old: str) -> str:
    """Return a value on one line, in flow style."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _string(value, old)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_expression(item, '') for item in value)}]"
    if isinstance(value, dict):
        items = ", ".join(
            f"{_expression(key, '')}: {_expression(item, '')}" for key, item in value.items()
        )
        return f"{{{items}}}"
    raise ValueError(f"expected a simple value, found {type(value).__name__}")


def _float(value: float) -> str:
    text = repr(value)
    if text.endswith(("inf", "nan")):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    # Version 1.1 takes `1e-05` for a text, and `1.0e+16` only with the sign.
    mantissa, letter, exponent = text.partition("e")
    if letter and "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}{letter}{exponent}"


def _string(value: str, old: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"YAML has no characters for the lone surrogates in {value!r}")
    if old.startswith("'") and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not old.startswith('"') and _SAFE.fullmatch(value) and value.isprintable():
        reads_as_text = isinstance(_resolve(value), str) and not _is_ambiguous(value)
        # The letters are bools where version 1.1 is taken by the word.
        if reads_as_text and len(value) < 120 and value not in {"y", "Y", "n", "N"}:
            return value
    return '"' + "".join(map(_escaped_character, value)) + '"'


def _escaped_character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
