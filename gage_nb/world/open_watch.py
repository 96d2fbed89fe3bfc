"""The paths that functions such as `open` are called with, while a watch is installed.

`OpenWatch` puts its own callable in the place of `open` (in `builtins`, in `io`, and in modules
that keep it under a name of their own) and of `sqlite3.connect`. The callable tells the path to the
watch and calls the original. An audit hook would see more, but Python has no way to remove one,
and as long as there is one, `id` and `copy.deepcopy` are several times as slow.
"""

from __future__ import annotations

import functools
import os
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OpenWatch"]

# Where modules keep the functions. Modules that are not loaded stay so, and those that are loaded
# later take ours from `builtins` and `io`.
_PLACES = {
    "open": (
        ("builtins", "open"),
        ("io", "open"),
        ("IPython.core.interactiveshell", "io_open"),  # behind the `open` of a cell
        # Part of a pickle of a cell's function; Python 3.11 would not find the original in `io`.
        ("IPython.core.interactiveshell", "_modified_open.__wrapped__"),
        ("bz2", "_builtin_open"),
        ("tarfile", "bltn_open"),
    ),
    "connect": (("sqlite3", "connect"),),
}


class OpenWatch:
    """Calls `note` with the path of every file that is opened for reading, as it was given.

    Only what was opened without an error is noted. `install` again covers modules that were loaded
    meanwhile.
    """

    def __init__(self, note: Callable[[str], object]) -> None:
        self._note = note
        self._installed: dict[tuple[str, str], _Watched] = {}

    def install(self) -> None:
        """Watch the functions in all modules that are loaded."""
        for function, places in _PLACES.items():
            for place in places:
                if place[0] in sys.modules and place not in self._installed:
                    self._watch(place, has_mode=function == "open")

    def remove(self) -> None:
        """Put the originals back, except where someone else has replaced ours since.

        Ours may be kept elsewhere: it then only calls the original.
        """
        for place, watched in self._installed.items():
            watched.note = None
            owner, name = _owner(*place)
            if getattr(owner, name, None) is watched:
                setattr(owner, name, watched.original)
        self._installed.clear()

    def _watch(self, place: tuple[str, str], *, has_mode: bool) -> None:
        owner, name = _owner(*place)
        original = getattr(owner, name, None)
        if not callable(original):
            return
        for ours in self._installed.values():
            if original is ours or original is ours.original:  # ours: loaded after `install`
                break
        else:
            ours = _Watched(original, self._note, has_mode=has_mode)
        setattr(owner, name, ours)
        self._installed[place] = ours


def _owner(module: str, path: str) -> tuple[object, str]:
    """Return the object that has an attribute, and the name of the attribute."""
    *owners, name = path.split(".")
    owner: object = sys.modules.get(module)
    for each in owners:
        owner = getattr(owner, each, None)
    return owner, name


class _Watched:
    """A function that tells its first argument, a path, to `note`.

    Not a function, as that would become a method where a class has it as an attribute, which the
    built-in `open` does not.
    """

    def __init__(
        self, original: Callable[..., Any], note: Callable[[str], object], *, has_mode: bool
    ) -> None:
        functools.update_wrapper(self, original)
        self.original = original
        self.note: Callable[[str], object] | None = note
        self._has_mode = has_mode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the original."""
        try:
            result = self.original(*args, **kwargs)
        except BaseException as error:
            # A traceback has nothing of this call. `__tracebackhide__` would not do: IPython shows
            # the last frame all the same.
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            raise
        if self.note is not None:
            self._told(args, kwargs)
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        """Be the original where a pickle is loaded."""
        name = f"{self.original.__module__}:{self.original.__qualname__}"
        return pkgutil.resolve_name, (name,)

    def _told(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        path: Any = args[0] if args else kwargs.get("file", kwargs.get("database"))
        mode = args[1] if self._has_mode and len(args) > 1 else kwargs.get("mode", "r")
        if self.note is None or isinstance(path, int) or "r" not in mode:
            return
        try:
            self.note(os.fsdecode(path))
        except (OSError, TypeError, ValueError):  # no path, or no working directory
            return
