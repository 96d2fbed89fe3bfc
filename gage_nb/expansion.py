"""`{expression}` in a magic's line: replaced by its value if it is a whole value.

`lr={base * 2}` gives the value of `base * 2`; anything else stays as it was typed, so that JSON,
dicts and braces in file names survive.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ExpansionError", "expand"]


class ExpansionError(ValueError):
    """An expression that cannot be evaluated; the message names it and says why."""


def expand(word: str, namespace: Mapping[str, Any]) -> str:
    """Return a word of a line with its expression replaced by the value.

    A word is `{expression}` or `key={expression}`; a dict or a set in braces is a value, not an
    expression, and stays.

    Raises
    ------
    ExpansionError
        If the expression is not Python, or raises an error.
    """
    key, equals, value = word.partition("=")
    if not equals or not key.replace(".", "").replace("-", "").replace("#", "").isidentifier():
        key, equals, value = "", "", word
    if not (value.startswith("{") and value.endswith("}")) or _is_literal(value):
        return word
    expression = value[1:-1].strip()
    try:
        code = compile(expression, "<magic line>", "eval")
    except (SyntaxError, ValueError) as error:
        raise ExpansionError(
            f"cannot read the expression {value} in {word!r}: {error}. "
            "Expected a Python expression in braces"
        ) from None
    try:
        result = eval(code, dict(namespace))  # noqa: S307 - the user's own line, in their kernel
    except Exception as error:  # noqa: BLE001 - whatever the user's expression raises
        raise ExpansionError(
            f"cannot evaluate {value} in {word!r}: {type(error).__name__}: {error}"
        ) from None
    return f"{key}{equals}{_as_text(result)}"


def _is_literal(text: str) -> bool:
    """Return whether braces contain a dict or JSON rather than an expression."""
    if text == "{}":
        return True
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return True
    return isinstance(tree.body, ast.Dict)


def _as_text(value: Any) -> str:
    """Return a value for the line: strings unchanged, other values as literals."""
    if isinstance(value, str):
        return value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "size", None) == 1:
        value = item()
    tolist = getattr(value, "tolist", None)
    return repr(tolist() if callable(tolist) else value)
