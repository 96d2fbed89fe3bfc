"""Configuration in Python source: assignments of simple values at the top level of a file.

    lr = 0.1                        lr
    layers: list[int] = [64, 32]    layers, layers.0, layers.1
    opts = {"name": "adam"}         opts, opts.name
    low, high = 0, 1                low, high
    a = b = 1                       a and b, which always have the same value

Simple values are numbers with or without a sign, strings (also implicitly joined ones), True,
False, None, `float("inf")` and the like, and lists, tuples and dicts with string keys of simple
values. In a list or dict that also holds something else, the simple parts have keys; it can also be
set as a whole.

A name that is assigned more than once has the value of its last simple assignment, which is the
value that later code sees. A name that is bound again after that, in any way, is state
(`state_names`). Assignments inside `if`, `try`, loops, functions and classes do not count, nor do
`+=` and computed values.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings

from gage._internal.config.document import Document, LineIndex, Node
from gage._internal.config.state_names import bindings
from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = ["assignments", "encode_python", "mark_state", "parse", "read"]

_NOT_FINITE = re.compile(r"\s*[+-]?(inf(inity)?|nan)\s*", re.IGNORECASE)

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def read(data: bytes, path: str) -> Document:
    """Read the values of a Python file.

    Raises
    ------
    ConfigError
        If it is not Python source; the message names the line.
    """
    bom, encoding, text = _decode(data, path)
    try:
        module = parse(text)
    except SyntaxError as error:
        raise ConfigError(
            f"{path}:{error.lineno or 1}: expected Python source, found a fault: {error.msg}"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{path}: expected Python source: {error}") from None
    except (RecursionError, MemoryError):
        raise ConfigError(f"{path}: the source is nested too deeply to be read") from None
    index = LineIndex(text)
    newline = "\r\n" if "\r\n" in text else "\n"

    def encode(node: Node, value: Any) -> str:
        old = text[node.start : node.end]
        return encode_python(value, old, encoding=encoding, newline=newline)

    roots = dict(assignments(module, index))
    mark_state(roots, module, index)
    return Document(path, text, roots, encode, encoding=encoding, bom=bom)


def parse(text: str) -> ast.Module:
    """Return the syntax tree; `await` at the top level is allowed, as in notebooks.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        As `compile` does.
    """
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        # Warnings about invalid escapes in the user's file are not wanted here.
        warnings.simplefilter("ignore")
        tree: Any = compile(text, "<config>", "exec", flags, dont_inherit=True)
    module: ast.Module = tree
    return module


def assignments(module: ast.Module, index: LineIndex) -> Iterator[tuple[str, Node]]:
    """Yield the names with simple values assigned at the top level; the last of a name counts.

    Lists and dicts that hold an expression are yielded too: they are not simple.
    """
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        found: dict[ast.expr, Node | None] = {}
        for target in targets:
            for name, expression in _pairs(target, value):
                if expression not in found:
                    found[expression] = _node(expression, index)
                elif (node := found[expression]) is not None:
                    node.shared = True
                if (node := found[expression]) is not None:
                    yield name, node


def mark_state(roots: Mapping[str, Node], module: ast.Module, index: LineIndex) -> None:
    """Mark the values of names that a module binds again after their assignment."""
    for name, (line, column) in bindings(module, index.text).items():
        node = roots.get(name)
        # The names of an assignment stand before its value.
        if node is not None and (line > len(index.starts) or index.offset(line, column) > node.end):
            node.state = True


def encode_python(value: Any, old: str, *, encoding: str = "utf-8", newline: str = "\n") -> str:
    """Return a Python expression for a value, in the style of the one that it replaces.

    Parameters
    ----------
    value
        A simple value.
    old
        The expression that is replaced: its quotes are kept.
    encoding
        The file's encoding; a character that it does not have is escaped.
    newline
        The file's line end.

    Raises
    ------
    ValueError
        If the value is not simple.
    """
    if isinstance(value, str) and old.endswith(('"""', "'''")) and "\n" in value:
        text = _triple_quoted(value, old[-1], encoding, newline)
        if text is not None:
            return text
    quote = re.search("['\"]", old)
    return _expression(value, quote.group() if quote else '"', encoding)


def _decode(data: bytes, path: str) -> tuple[bytes, str, str]:
    try:
        # Like the interpreter: a byte order mark, else a comment (PEP 263), else UTF-8.
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise ConfigError(f"{path}:1: expected Python source: {error}") from None
    bom = b""
    if encoding == "utf-8-sig":
        encoding, bom, data = "utf-8", data[:3], data[3:]
    try:
        return bom, encoding, data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: expected {encoding} text, found the byte 0x{data[error.start]:02x}"
        ) from None


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a target, each with its value."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif (
        isinstance(target, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
        and not any(isinstance(item, ast.Starred) for item in [*target.elts, *value.elts])
    ):
        for inner, item in zip(target.elts, value.elts, strict=True):
            yield from _pairs(inner, item)


def _node(expression: ast.expr, index: LineIndex) -> Node | None:
    """Return a value with its place, or None if nothing in it is simple."""
    if isinstance(expression, ast.Dict):
        return _dict_node(expression, index)
    if isinstance(expression, (ast.List, ast.Tuple)):
        return _list_node(expression, index)
    try:
        value = _scalar(expression)
    except ValueError:
        return None
    start, end = _span(expression, index)
    return Node(value, start, end)


def _dict_node(expression: ast.Dict, index: LineIndex) -> Node:
    children: dict[Any, Node] = {}
    simple = True
    for key, item in zip(expression.keys, expression.values, strict=True):
        node = _node(item, index)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and node is not None:
            children[key.value] = node
            simple = simple and node.simple
        else:
            # `**other` or a computed key may replace the value: it is not known.
            simple = False
            if not isinstance(key, ast.Constant):
                children.clear()
            else:
                children.pop(key.value, None)
    start, end = _span(expression, index)
    values = {key: node.value for key, node in children.items()}
    return Node(values, start, end, children, simple=simple)


def _list_node(expression: ast.List | ast.Tuple, index: LineIndex) -> Node:
    children: dict[Any, Node] = {}
    simple = True
    for position, item in enumerate(expression.elts):
        node = None if isinstance(item, ast.Starred) else _node(item, index)
        if node is None:
            simple = False
            if isinstance(item, ast.Starred):
                break
            continue
        children[position] = node
        simple = simple and node.simple
    start, end = _span(expression, index)
    values: Any = [node.value for node in children.values()]
    return Node(
        tuple(values) if isinstance(expression, ast.Tuple) else values,
        start,
        end,
        children,
        simple=simple,
    )


def _scalar(expression: ast.expr) -> Any:
    """Return the value of an expression without children; ValueError if it is not simple."""
    if isinstance(expression, ast.Constant):
        if expression.value is None or isinstance(expression.value, (bool, int, float, str)):
            return expression.value
    elif isinstance(expression, ast.UnaryOp) and isinstance(expression.op, (ast.USub, ast.UAdd)):
        value = _scalar(expression.operand)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value if isinstance(expression.op, ast.USub) else value
    elif (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Name)
        and expression.func.id == "float"
        and not expression.keywords
        and len(expression.args) == 1
        and isinstance(expression.args[0], ast.Constant)
        and isinstance(expression.args[0].value, str)
        and _NOT_FINITE.fullmatch(expression.args[0].value)
    ):
        return float(expression.args[0].value)
    raise ValueError("not a simple value")


def _span(expression: ast.expr, index: LineIndex) -> tuple[int, int]:
    return (
        index.offset(expression.lineno, expression.col_offset),
        # The parser always sets the end of an expression; only hand-made trees lack it.
        index.offset(expression.end_lineno or 0, expression.end_col_offset or 0),
    )


def _expression(value: Any, quote: str, encoding: str) -> str:
    if isinstance(value, str):
        return quote + _escaped(value, quote, encoding) + quote
    if isinstance(value, float) and value - value != 0:
        return f"float({quote}{value!r}{quote})"
    if isinstance(value, list):
        return f"[{', '.join(_expression(item, quote, encoding) for item in value)}]"
    if isinstance(value, tuple):
        items = [_expression(item, quote, encoding) for item in value]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    if isinstance(value, dict):
        items = [
            f"{_expression(key, quote, encoding)}: {_expression(item, quote, encoding)}"
            for key, item in value.items()
        ]
        return f"{{{', '.join(items)}}}"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    raise ValueError(f"expected a simple value, found {type(value).__name__}")


def _escaped(value: str, quote: str, encoding: str) -> str:
    return "".join(_escaped_character(char, quote, encoding) for char in value)


def _escaped_character(char: str, quote: str, encoding: str) -> str:
    if char == quote:
        return f"\\{char}"
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        if char.isascii():
            return char
        try:
            # Some codecs decode to another character than they encoded.
            if char.encode(encoding).decode(encoding) == char:
                return char
        except UnicodeError:
            pass
    return char.encode("unicode_escape").decode("ascii")


def _triple_quoted(value: str, quote: str, encoding: str, newline: str) -> str | None:
    lines = value.split("\n")
    body = newline.join(_escaped(line, quote, encoding) for line in lines)
    text = f"{quote * 3}{body}{quote * 3}"
    # Only if no quote needs an escape: an ugly string is better than a wrong one.
    plain = text.replace(f"\\{quote}", quote)
    for candidate in (plain, text):
        try:
            if ast.literal_eval(candidate) == value:
                return candidate
        except (SyntaxError, ValueError):
            continue
    return None
