"""The style of a terminal's text, and its changes by SGR sequences (`CSI … m`)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

__all__ = ["PLAIN", "Color", "Style", "changed", "count"]

# A color is 0-255 of the usual palette, or "#rrggbb".
Color = int | str


class Style(NamedTuple):
    """The style of a piece of text."""

    fg: Color | None = None
    bg: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False


PLAIN = Style()


def count(params: str) -> int:
    """Return the first number in the parameters of a sequence, 0 if there is none."""
    digits = params.partition(";")[0]
    # Nine digits are enough for any screen; int() of a megabyte of digits would take seconds.
    return int(digits[:9]) if digits.isascii() and digits.isdigit() else 0


_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
}


@lru_cache(maxsize=1024)
def changed(style: Style, params: str) -> Style:
    """Return a style after an SGR sequence; unknown parameters are ignored."""
    if not params:
        return PLAIN
    codes = params.split(";")[:64]
    position = 0
    while position < len(codes):
        code, *parts = codes[position].split(":")
        position += 1
        number = count(code)
        if number == 0:
            style = PLAIN if not code.strip("0") else style
        elif number == 4 and parts:
            style = style._replace(underline=count(parts[0]) != 0)
        elif number in _SWITCHES:
            style = style._replace(**_SWITCHES[number])
        elif number in (38, 48):
            if parts:
                # 38:2:SPACE:r:g:b has a colour space, 38:2:r:g:b does not.
                values = parts[:1] + parts[-3:] if parts[0] == "2" else parts
            else:
                values = codes[position : position + 4]
                position += 2 if values[:1] == ["5"] else 4 if values[:1] == ["2"] else 0
            color = _color(values)
            if color is not None:
                style = style._replace(fg=color) if number == 38 else style._replace(bg=color)
        elif number == 39:
            style = style._replace(fg=None)
        elif number == 49:
            style = style._replace(bg=None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style = style._replace(fg=number - 30 if number < 90 else number - 82)
        elif 40 <= number <= 47 or 100 <= number <= 107:
            style = style._replace(bg=number - 40 if number < 100 else number - 92)
    return style


def _color(values: list[str]) -> Color | None:
    numbers = [min(255, count(value)) for value in values]
    if numbers[:1] == [5] and len(numbers) > 1:
        return numbers[1] if numbers[1] < 16 else _hex_of(numbers[1])
    if numbers[:1] == [2] and len(numbers) > 3:
        return _hex(*numbers[1:4])
    return None


def _hex_of(index: int) -> str:
    """Return one of the 256 colours: a cube of six steps, then 24 greys."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return _hex(grey, grey, grey)
    steps = (0, 95, 135, 175, 215, 255)
    index -= 16
    return _hex(steps[index // 36], steps[index // 6 % 6], steps[index % 6])


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"
