"""Configuration in YAML: values by dotted key, with their places in the text.

`yaml_reader` reads the text. ruamel.yaml writes nothing, since it would reformat the whole file.
Written values mean the same in versions 1.1 and 1.2: `yes`, `no`, `on` and `off` keep their words,
floats are written with a dot (`1.0e-05`), and a string that either version would read as something
else is put in quotes. Numbers with different values in the two versions (`010`, `1_000`, `1:30`)
and values with a tag cannot be replaced. Dates are strings that are written as dates.

An alias (`*name`) follows the value of its anchor until it is set itself. Keys that are included by
`<<` belong to the mapping that defines them.
"""

from __future__ import annotations

import re

from gage._internal.config.document import Document, Node, decode_utf8
from gage._internal.config.yaml_reader import (
    BLOCK_DICT,
    BLOCK_LIST,
    EMPTY,
    is_ambiguous,
    read_nodes,
    resolve,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["read"]

_BLANKS = re.compile(r"[ ]*")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d.*)?")
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


def read(data: bytes, path: str) -> Document:
    """Read the values of a YAML file that holds one document, a mapping.

    Raises
    ------
    ConfigError
        If it is not YAML, or not a mapping, or ruamel.yaml is missing; the message says which.
    """
    bom, text = decode_utf8(data, path)
    root, oddities = read_nodes(text, path)

    def encode(node: Node, value: Any) -> str:
        return _encode(value, node, text)

    return Document(path, text, root.children, encode, bom=bom, oddities=oddities)


def _encode(value: Any, node: Node, text: str) -> str:
    old = text[node.start : node.end]
    if node.style == EMPTY:
        return f" {_expression(value, '')}"
    if node.style in {BLOCK_LIST, BLOCK_DICT}:
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
    if value and isinstance(value, (list, tuple)) and node.style == BLOCK_LIST:
        lines = [f"- {_expression(item, '')}" for item in value]
    elif value and isinstance(value, dict) and node.style == BLOCK_DICT:
        lines = [f"{_expression(key, '')}: {_expression(item, '')}" for key, item in value.items()]
    else:
        # Further right than the key; a list may have the indentation of its key.
        return f"  {_expression(value, '')}"
    return (newline + " " * column).join(lines)


def _encode_literal(value: str, old: str, text: str) -> str | None:
    """Return a string of several lines as a block in the place of another, None if impossible."""
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
    # In version 1.1, `1e-05` is a string, and exponents need a sign: `1.0e+16`.
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
        reads_as_text = isinstance(resolve(value), str) and not is_ambiguous(value)
        # A strict reader of version 1.1 reads these letters as bools.
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
