"""The representations of an object by MIME type, as in a notebook.

_ipython_display_       shows itself; nothing else is called
_repr_mimebundle_       a bundle, or a pair of bundle and metadata
_repr_html_, _repr_png_, …      one type each, for types that the bundle does not have
a Matplotlib figure     `image/png`
text/plain              `pretty`
"""

from __future__ import annotations

import sys

from gage._internal.named import NamedTuple
from gage.inside.pretty import pretty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


__all__ = ["Representation", "represent"]


class Representation(NamedTuple):
    """The data of an object by MIME type (text, JSON or bytes), and its metadata likewise."""

    data: dict[str, Any]
    metadata: dict[str, Any]


_METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "application/pdf": "_repr_pdf_",
    "image/jpeg": "_repr_jpeg_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
    "application/javascript": "_repr_javascript_",
}


def represent(
    value: object,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
) -> Representation | None:
    """Return the representations of an object; None if it has shown itself.

    A method that raises an error is reported in stderr, as in a notebook, and left out.
    """
    own = _method(value, "_ipython_display_")
    if own is not None and _called(own) is not _FAILED:
        return None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    wanted = None if include is None else {*include}
    unwanted = {*(exclude or ())}
    bundle = _method(value, "_repr_mimebundle_")
    if bundle is not None:
        found = _called(lambda: bundle(include=include, exclude=exclude))
        _add(data, metadata, found)
    for mime, name in _METHODS.items():
        method = None if mime in data else _method(value, name)
        if method is not None and mime not in unwanted and (wanted is None or mime in wanted):
            _add_part(data, metadata, mime, _called(method))
    if "image/png" not in data and _is_figure(value):
        from gage.inside.figures import png_of

        _add_part(data, metadata, "image/png", _called(lambda: png_of(value)))
    if "text/plain" not in data:
        _add_part(data, metadata, "text/plain", _called(lambda: pretty(value)))
    kept = {
        mime: part
        for mime, part in data.items()
        if mime not in unwanted and (wanted is None or mime in wanted)
    }
    return Representation(kept, {mime: item for mime, item in metadata.items() if mime in kept})


_FAILED = object()


def _method(value: object, name: str) -> Any:
    """Return a method of an object; None for a class, and for objects that have every name."""
    if isinstance(value, type):
        return None
    try:
        # An object that has this method has a method of any name.
        if getattr(value, "_ipython_canary_method_should_not_exist_", None) is not None:
            return None
        method = getattr(value, name, None)
    except Exception:  # noqa: BLE001 - it may raise anything
        return None
    return method if callable(method) else None


def _called(method: Any) -> Any:
    try:
        return method()
    except NotImplementedError:
        return None
    except Exception as error:  # noqa: BLE001 - it may raise anything, and the program goes on
        inner = error.__traceback__
        while inner is not None and inner.tb_frame.f_code.co_filename == __file__:
            inner = inner.tb_next
        error.__traceback__ = inner
        sys.excepthook(type(error), error, inner)
        return _FAILED


def _add(data: dict[str, Any], metadata: dict[str, Any], found: Any) -> None:
    """Add a bundle, or a pair of bundle and metadata."""
    if isinstance(found, tuple) and len(found) == 2:
        found, extra = found
        metadata.update(extra or {})
    if isinstance(found, dict):
        data.update({str(mime): part for mime, part in found.items() if part is not None})


def _add_part(data: dict[str, Any], metadata: dict[str, Any], mime: str, found: Any) -> None:
    if isinstance(found, tuple) and len(found) == 2:
        found, metadata[mime] = found
    if found is not None and found is not _FAILED:
        data[mime] = found


def _is_figure(value: object) -> bool:
    # If Matplotlib is not imported, the object cannot be a figure.
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)
