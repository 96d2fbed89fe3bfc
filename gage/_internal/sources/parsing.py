r"""The syntax of patterns, which select files of a directory.

    pattern   = ["-" blanks] path (blanks modifier)*
    modifier  = "text" | "binary" | "dir"
              | "size<" bytes | "size>" bytes     100000, 100kB, 5MB, 1GB (powers of 1000)
              | "max-matches=" count
              | "sentinel=" path                  with dir: directories that hold this path

A leading `-` excludes. White space separates, so a path with spaces is put in quotes, `"my
file.py"` or `'my file.py'`, in which wildcards keep their meaning. A backslash, except in single
quotes, makes the next character an ordinary one: `\-x.py`, `\*.py`, `it\'s.py`.

The path is relative to the project and always begins at its top, with "/" on every platform:

    train.py      the file of that name in the top directory; for a directory, all files below it
    src/          the directory `src`: all files below it (also `src/**`)
    *.py          files of the top directory; wildcards do not match directories ...
    data-*/       ... unless a "/" follows
    src/*.py      files right in `src`
    **/*.py       files in any directory, the top one included
    src/**/*.py   files in `src` and below it
    **            everything
    ? [abc] [!a-z]  one character; one of these; one that is none of these

`*` and `?` do not match "/", but match a leading dot. Several patterns are read in order and the
last one that matches a file decides (`selection`). A pattern with `dir` selects no files: it says
which directories are searched.

These are the forms of gage 0.1, with some differences: a path that names a directory means
everything below it, `?` is exactly one character, `[...]` is a set, and an unknown modifier is an
error.
"""

from __future__ import annotations

from gage._internal.errors import PatternError
from gage._internal.sources.matching import ANY, STAR, Part, Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.sources.matching import Item

    # A word is a list of (character, offset, is it ordinary), so that later steps know which
    # characters were escaped, and the place for an error.
    Word = list[tuple[str, int, bool]]

__all__ = ["parse_pattern", "quote_pattern"]

_BLANKS = " \t\r\n"
_UNITS = {"kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "B": 1, "": 1}


def quote_pattern(path: str) -> str:
    """Return the pattern that matches exactly this path and everything below it."""
    text = "".join(f"\\{char}" if char in "*?[#\\\"'" + _BLANKS else char for char in path)
    return f"\\{text}" if text.startswith("-") else text


def parse_pattern(text: str) -> Pattern:
    """Parse a pattern.

    Raises
    ------
    PatternError
        If it is malformed; the error names the offset of the fault.
    """
    pattern = Pattern(text)
    position = _skip_blanks(text, 0)
    if text[position : position + 1] == "-":
        pattern.exclude = True
        position = _skip_blanks(text, position + 1)
    if position == len(text):
        raise PatternError("expected a path in the pattern", text, position)
    path, end = _read_word(text, position)
    _set_path(pattern, path, position)
    position = _skip_blanks(text, end)
    seen: set[str] = set()
    while position < len(text):
        word, end = _read_word(text, position)
        _set_modifier(pattern, word, position, seen)
        position = _skip_blanks(text, end)
    if pattern.sentinel is not None and pattern.type != "dir":
        raise PatternError("sentinel=PATH is for directories: add dir", text, len(text))
    if pattern.type == "dir" and (pattern.size_min, pattern.size_max) != (None, None):
        raise PatternError("a directory has no size: remove size or dir", text, len(text))
    return pattern


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _read_word(text: str, position: int) -> tuple[Word, int]:
    word: Word = []
    quote, opened = "", position
    while position < len(text):
        char = text[position]
        if char == "\\" and quote != "'":
            escaped = text[position + 1 : position + 2]
            if not escaped or (escaped.isalnum() and escaped.isascii()):
                raise PatternError(
                    'expected a special character after "\\" ("/" separates directories, '
                    '"\\\\" is a backslash)',
                    text,
                    position,
                )
            word.append((escaped, position, True))
            position += 2
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote, opened = char, position
        elif not quote and char in _BLANKS:
            break
        else:
            word.append((char, position, False))
        position += 1
    if quote:
        raise PatternError(
            f"no closing {quote} (write \\{quote} for the character itself)", text, opened
        )
    return word, position


def _set_path(pattern: Pattern, word: Word, position: int) -> None:
    parts, slash = _parse_path(pattern.text, word, position)
    while parts and parts[-1].anywhere:
        parts.pop()
        slash = True
    pattern.parts = parts
    pattern.below = slash or not parts


def _parse_path(text: str, word: Word, position: int) -> tuple[list[Part], bool]:
    """Return the parts of a path and whether it ends with "/"."""
    pieces: list[Word] = [[]]
    for char in word:
        if char[0] == "/":
            pieces.append([])
        else:
            pieces[-1].append(char)
    if not word:
        raise PatternError("expected a path in the pattern", text, position)
    slash = len(pieces) > 1 and not pieces[-1]
    parts: list[Part] = []
    for piece in pieces:
        plain = "".join(char for char, _, _ in piece)
        if plain == "..":
            raise PatternError(
                "expected a path inside the project: .. leads out of it", text, piece[0][1]
            )
        if plain == "**" and not piece[0][2] and not piece[1][2]:
            if not parts or not parts[-1].anywhere:
                parts.append(Part([], anywhere=True))
        elif plain == ".":
            slash = slash or piece is pieces[-1]
        elif plain:
            parts.append(Part(_parse_items(text, piece)))
    return parts, slash


def _parse_items(text: str, piece: Word) -> list[Item]:
    items: list[Item] = []
    index = 0
    while index < len(piece):
        char, position, ordinary = piece[index]
        index += 1
        if ordinary:
            items.append(f"\\{char}")
        elif char == "*":
            if not items or items[-1] != STAR:
                items.append(STAR)
        elif char == "?":
            items.append(ANY)
        elif char == "[":
            item, index = _parse_set(text, piece, index, position)
            items.append(item)
        else:
            items.append(char)
    return items


def _parse_set(text: str, piece: Word, index: int, position: int) -> tuple[Item, int]:
    negated = index < len(piece) and piece[index][0] in "!^" and not piece[index][2]
    begin = index = index + negated
    # As usual, a "]" in the first place is one of the characters.
    while index < len(piece) and (index == begin or piece[index][0] != "]" or piece[index][2]):
        index += 1
    if index >= len(piece):
        raise PatternError("no closing ] (write \\[ for the character itself)", text, position)
    body = piece[begin:index]
    chars: set[str] = set()
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1][0] == "-" and not body[at + 1][2]:
            low, high = body[at][0], body[at + 2][0]
            if low > high:
                raise PatternError(f"empty range {low}-{high}", text, body[at][1])
            ranges.append((low, high))
            at += 3
        else:
            chars.add(body[at][0])
            at += 1
    return (negated, frozenset(chars), tuple(ranges)), index + 1


def _set_modifier(pattern: Pattern, word: Word, position: int, seen: set[str]) -> None:
    text = "".join(char for char, _, _ in word)
    name = text
    for known in ("size<", "size>", "max-matches=", "sentinel="):
        if text.startswith(known):
            name = known
    kind = "type" if name in ("text", "binary", "dir") else name
    if kind in seen:
        raise PatternError(f"a second {text!r} in the pattern", pattern.text, position)
    seen.add(kind)
    value, value_position = text[len(name) :], position + len(name)
    if kind == "type":
        pattern.type = name
    elif name == "size<":
        pattern.size_max = _parse_size(pattern.text, value, value_position) - 1
    elif name == "size>":
        pattern.size_min = _parse_size(pattern.text, value, value_position) + 1
    elif name == "max-matches=":
        pattern.max_matches = _parse_count(pattern.text, value, value_position)
    elif name == "sentinel=":
        parts, _ = _parse_path(pattern.text, word[len(name) :], value_position)
        if not parts or any(part.anywhere for part in parts):
            raise PatternError("expected a path below the directory", pattern.text, value_position)
        pattern.sentinel = parts
    else:
        raise PatternError(
            f"expected text, binary, dir, size<N, size>N, max-matches=N or sentinel=PATH, "
            f"found {text!r} (put a path with spaces in quotes)",
            pattern.text,
            position,
        )


def _parse_size(text: str, value: str, position: int) -> int:
    digits = value.rstrip("kKMGB")
    unit = value[len(digits) :]
    if unit not in _UNITS:
        raise PatternError(f"expected B, kB, MB or GB, found {unit!r}", text, position)
    return _parse_count(text, digits, position) * _UNITS[unit]


def _parse_count(text: str, value: str, position: int) -> int:
    if not (value.isascii() and value.isdigit()):
        raise PatternError(f"expected a number, found {value!r}", text, position)
    return int(value)
