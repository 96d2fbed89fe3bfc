"""Packages whose public names are loaded when they are first used.

`gage`, `gage.inside` and `gage_nb` list the module of each of their public names in `_HOMES`; their
`__getattr__` (PEP 562) is `public_name`. They import this module when a name is asked for, so that
importing them loads nothing. Type checkers do not see this `__getattr__`: the names are imported
for them under `TYPE_CHECKING`, and other names are errors. A test compares the lists.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

__all__ = ["public_name"]


def public_name(
    package: MutableMapping[str, object], homes: Mapping[str, str], name: str
) -> object:
    """Return what a package offers under a name, and remember it in the package.

    Parameters
    ----------
    package
        The global names of the package.
    homes
        The module of each public name.

    Raises
    ------
    AttributeError
        If the package offers nothing under this name.
    """
    if name not in homes:
        raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
    # importlib is not loaded for this: __import__ of a dotted name does the same.
    value: object = getattr(__import__(homes[name], fromlist=[name]), name)
    package[name] = value
    return value
