r"""A string on one line: how names that would break a line-based file are written in it.

A string is written as it is unless it holds a control character or a line separator, begins or
ends with white space, begins with `"`, is empty, or has bytes that are not UTF-8. Such a string is
put in double quotes, as git does for paths (`core.quotePath`): `\\`, `\"`,
`\a \b \t \n \v \f \r`, and `\ooo`, three octal digits, for any other byte.
"""

from __future__ import annotations

import os

__all__ = ["quote", "unquote"]

_LINE_SEPARATORS = "\x85\u2028\u2029"
_ESCAPES = {
    0x07: "\\a",
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0B: "\\v",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}
_NAMED = {text[1]: code for code, text in _ESCAPES.items()}


def quote(text: str) -> str:
    """Return a string in the form that fits on a line."""
    return _quoted(text) if _needs_quotes(text) else text


def unquote(text: str) -> str:
    """Return the string that `quote` was given.

    Raises
    ------
    ValueError
        If the string begins with a quote but is not validly quoted.
    """
    if not text.startswith('"'):
        return text
    if len(text) < 2 or not text.endswith('"'):
        raise ValueError(f"no closing quote in {text!r}")
    result = bytearray()
    position, end = 1, len(text) - 1
    while position < end:
        char = text[position]
        if char != "\\":
            result += os.fsencode(char)
            position += 1
            continue
        escape = text[position + 1 : position + 2]
        if escape in _NAMED and position + 1 < end:
            result.append(_NAMED[escape])
            position += 2
            continue
        digits = text[position + 1 : min(position + 4, end)]
        if len(digits) != 3 or digits.strip("01234567") or digits > "377":
            raise ValueError(f"bad escape at offset {position} of {text!r}")
        result.append(int(digits, 8))
        position += 4
    return os.fsdecode(bytes(result))


def _needs_quotes(text: str) -> bool:
    if not text.isprintable():
        # `isprintable` rejects characters that are harmless on a line, such as no-break spaces.
        if any(ord(char) < 32 or ord(char) == 127 or char in _LINE_SEPARATORS for char in text):
            return True
        try:
            text.encode()
        except UnicodeEncodeError:
            return True
    return not text or text[0] == '"' or text[0].isspace() or text[-1].isspace()


def _quoted(text: str) -> str:
    parts = ['"']
    for char in text:
        code = ord(char)
        if code in _ESCAPES:
            parts.append(_ESCAPES[code])
        elif code < 32 or code == 127 or 0xD800 <= code <= 0xDFFF or char in _LINE_SEPARATORS:
            parts += [f"\\{byte:03o}" for byte in os.fsencode(char)]
        else:
            parts.append(char)
    return "".join([*parts, '"'])
