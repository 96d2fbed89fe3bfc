"""`display` for the program of a run, as in notebooks: it records, and needs no IPython."""

from __future__ import annotations

import os

from gage.inside.representations import Representation, represent
from gage.inside.result_log import clear_output, origin_of, publish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = [
    "DisplayHandle",
    "clear_output",
    "display",
    "show_value",
    "update_display",
]


def show_value(value: object) -> None:
    """Show the value of a cell's last expression."""
    found = represent(value)
    if found is not None:
        publish(found.data, found.metadata, kind="value", origin=origin_of(type(value).__name__))


def display(
    *objects: object,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    transient: Mapping[str, Any] | None = None,
    display_id: str | bool | None = None,
    raw: bool = False,
    clear: bool = False,
    **options: Any,
) -> DisplayHandle | None:
    """Show objects, as `IPython.display.display` does and with its parameters.

    Returns
    -------
    DisplayHandle or None
        With a `display_id`, a handle to replace the shown object in place.
    """
    handle = None
    if isinstance(display_id, str):
        handle = DisplayHandle(display_id)
    elif display_id:
        handle = DisplayHandle()
    update = bool(options.get("update"))
    if clear:
        clear_output(wait=True)
    for value in objects:
        found = (
            Representation(dict(value), {})  # type: ignore[call-overload]
            if raw
            else represent(value, include, exclude)
        )
        if found is None:
            continue  # it has shown itself
        publish(
            found.data,
            {**found.metadata, **(metadata or {})},
            display_id=handle.display_id
            if handle
            else str((transient or {}).get("display_id", "")),
            update=update,
            origin=origin_of(type(value).__name__),
        )
    return handle


def update_display(value: object, *, display_id: str, **options: Any) -> None:
    """Replace the object that was shown under an id."""
    display(value, display_id=display_id, update=True, **options)


class DisplayHandle:
    """A handle to replace the object that is shown under an id."""

    def __init__(self, display_id: str | None = None) -> None:
        self.display_id = display_id or os.urandom(16).hex()

    def __repr__(self) -> str:
        """Return a name, as in IPython."""
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, value: object, **options: Any) -> None:
        """Show a new object under the id."""
        display(value, display_id=self.display_id, **options)

    def update(self, value: object, **options: Any) -> None:
        """Replace the object that is shown under the id."""
        update_display(value, display_id=self.display_id, **options)
