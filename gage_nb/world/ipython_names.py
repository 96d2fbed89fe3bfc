"""Names that IPython gives every cell, unless the notebook binds them itself."""

from __future__ import annotations

__all__ = ["OF_IPYTHON", "is_of_ipython"]

OF_IPYTHON = frozenset({"get_ipython", "display", "exit", "quit", "open"})


def is_of_ipython(name: str, value: object) -> bool:
    """Return whether IPython has bound one of its names to a value."""
    home = getattr(value, "__module__", None) or type(value).__module__
    return name in OF_IPYTHON and str(home).startswith(("IPython.", "ipykernel."))
