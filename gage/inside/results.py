"""What a program shows: values and whatever else `display` is given."""

from __future__ import annotations

import sys

__all__ = ["display", "show_value"]


def show_value(value: object) -> None:
    """Show the value of a cell's last expression."""
    sys.stdout.write(f"{value!r}\n")


def display(*objects: object, **_options: object) -> object:
    """Show objects, as `IPython.display.display` does."""
    for value in objects:
        show_value(value)
    return None
