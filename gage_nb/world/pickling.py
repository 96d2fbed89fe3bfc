"""Objects of the notebook in one pickle, so that shared objects are shared in the run too.

Three things differ from a pickle of `cloudpickle`:

- A function or class that is carried as code is a name in the run's `__main__`. Others are pickled
by value, and use the globals of the run's `__main__`, as they used the notebook's. - A value with
its own file (a DataFrame, an array) is that same object wherever it occurs. - Arrays that are views
of one array stay views.
"""

from __future__ import annotations

import io
import sys
import types
from typing import TYPE_CHECKING, Any

from gage._internal.errors import DependencyError
from gage.inside.carried import array_view, main_function
from gage_nb.world.facts import globals_of_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TooLargeError", "cloudpickle_module", "pickled", "storage_of"]


class TooLargeError(Exception):
    """A pickle above the limit."""


class _Bounded(io.BytesIO):
    """A buffer with a maximum number of bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def write(self, data: Any) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError
        return super().write(data)


def cloudpickle_module() -> Any:
    """Return cloudpickle.

    Raises
    ------
    DependencyError
        If it is not installed; the error says how to install it.
    """
    try:
        import cloudpickle
    except ImportError as error:
        raise DependencyError(
            "values of these types can only be carried as pickles: pip install 'gage[data]'"
        ) from error
    return cloudpickle


def pickled(
    value: object,
    namespace: Mapping[str, Any],
    *,
    as_code: Callable[[str, Any], bool],
    files: Mapping[int, str],
    need: Callable[[str], None],
    limit: int,
) -> bytes:
    """Return a pickle of a value.

    Parameters
    ----------
    namespace
        The names of the notebook.
    as_code
        A function that returns whether a function or class, given with its name, is carried as
        code; called for each that occurs.
    files
        Names of values with their own files, by the `id` of the value.
    need
        A function that is called with each global name that a function pickled by value reads.
    limit
        The maximum number of bytes.

    Raises
    ------
    TooLargeError
        If it is larger than `limit`.
    Exception
        Any error of an object that cannot be pickled.
    """
    cloudpickle = cloudpickle_module()

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc, name-defined]
        """Pickles as described above."""

        def persistent_id(self, obj: Any) -> str | None:
            return files.get(id(obj))

        def reducer_override(self, obj: Any) -> Any:
            kind = type(obj)
            if kind is types.FunctionType:
                if obj.__globals__ is namespace or obj.__module__ == "__main__":
                    return self._function(obj)
            elif kind is types.ModuleType:
                if sys.modules.get(obj.__name__) is obj:
                    return super().reducer_override(obj)
            elif isinstance(obj, type):
                if obj.__module__ == "__main__":
                    if as_code(obj.__name__, obj):
                        return obj.__qualname__
                    for inner in vars(obj).values():
                        _note_needs(inner, need)
            elif kind.__name__ == "ndarray" and kind.__module__ == "numpy":
                view = _view(obj)
                if view is not None:
                    return view
            return super().reducer_override(obj)

        def _function(self, function: types.FunctionType) -> Any:
            if as_code(function.__name__, function):
                return function.__qualname__
            _note_needs(function, need)
            _, new, state, *rest = self._dynamic_function_reduce(function)
            code, _, name, defaults, closure = new
            own, slots = state
            slots = dict(slots, __globals__={})
            slots["_cloudpickle_submodules"] = []
            made = (code, None, name, defaults, closure)
            return (main_function, made, (own, slots), *rest)

    buffer = _Bounded(limit)
    Pickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


def _note_needs(value: Any, need: Callable[[str], None]) -> None:
    function = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    if isinstance(function, types.FunctionType):
        for name in globals_of_code(function.__code__):
            need(name)


def _view(array: Any) -> Any:
    """Return how to restore a view of another array, None for an array that is not a view."""
    root = storage_of(array)
    if root is array or array.dtype.hasobject or root.dtype.hasobject:
        return None
    if not root.flags.c_contiguous or root.nbytes > 4 * array.nbytes + 1024:
        return None
    offset = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    if not root.flags.writeable or not array.flags.writeable:
        return None
    return array_view, (root, offset, array.dtype, array.shape, array.strides)


def storage_of(array: Any) -> Any:
    """Return the array that owns the memory of an array: itself, or that of which it is a view."""
    root = array
    while type(getattr(root, "base", None)).__name__ == "ndarray":
        root = root.base
    return root
