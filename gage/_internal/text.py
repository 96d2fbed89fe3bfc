"""Text for people: made valid and printable, shortened, listed.

Names and labels may hold anything: control characters that a terminal obeys, line breaks, bytes
that are not UTF-8 (as surrogate escapes, which no message can carry). Text from elsewhere passes
through this module before it is shown.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["coloured", "cut", "listed", "on_a_line", "plain", "printable", "shortened", "valid"]


# Select Graphic Rendition: sequences that change nothing but colours and weights.
_COLOURS = "\x1b\\[[0-9;:]*m"


def valid(text: str) -> str:
    r"""Return text that can be encoded: bytes that are not UTF-8 become escapes such as `\xff`."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that is not the escape of a byte
        return text.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    r"""Return text that no terminal obeys: control characters become escapes such as `\x1b`.

    Line breaks stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in valid(text)
    )


def plain(text: str) -> str:
    """Return output of a program as printable text: without colours, with its tabs."""
    if text.replace("\n", "").isprintable():
        return text
    import re

    without = re.sub(_COLOURS, "", text)
    return "\t".join(printable(part) for part in without.split("\t"))


def coloured(text: str) -> str:
    """Return output of a program with its colours and no other sequence that a terminal obeys."""
    import re

    parts = re.split(f"({_COLOURS})", text)
    return "".join(part if number % 2 else plain(part) for number, part in enumerate(parts))


def on_a_line(text: str) -> str:
    r"""Return printable text on one line: a line break becomes `\n`."""
    return printable(text).replace("\n", "\\n")


def shortened(text: str, max_chars: int, *, counted: bool = False) -> str:
    """Return text of at most `max_chars` characters; `…` marks what was cut.

    With `counted`, the number of characters cut follows, beyond `max_chars`: `abc… (+1,204)`.
    """
    if len(text) <= max_chars:
        return text
    count = f" (+{len(text) - max_chars + 1:,})" if counted else ""
    return f"{text[: max(max_chars - 1, 0)]}…{count}"


def cut(text: str, max_chars: int) -> str:
    """Return printable text on one line, shortened, with the number of characters cut."""
    # Four times, since escaping lengthens a text; the text itself may have any length.
    clean = on_a_line(text[: 4 * max_chars])
    more = max(0, len(text) - 4 * max_chars)
    if len(clean) + more <= max_chars:
        return clean
    return f"{shortened(clean + '…', max_chars)} (+{len(clean) + more - max_chars + 1:,})"


def listed(items: Iterable[str], *, word: str = "and", most: int | None = None) -> str:
    """Return `a, b and c`, or with more than `most` items `a, b and 7 more`."""
    names = list(items)
    if most is not None and len(names) > most:
        names[most:] = [f"{len(names) - most} more"]
    *others, last = names or [""]
    return f"{', '.join(others)} {word} {last}" if others else last
