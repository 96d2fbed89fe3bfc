"""The values and code that a cell gets from its notebook: a directory beside its program.

    NAME.carried/
      carried.json     the table, below
      cell-5.py        lines of cell 5 that run before NAME, with blank lines for the others, so
      that a traceback has the cell's own line numbers made.py          lines that are not in any
      cell
      values.json      plain values by name (`plain`)
      NAME.parquet     a DataFrame, as `variables` writes it; NAME.npy an array
      output.txt       what this code has printed in the run (`silence`)
      values.pickle    all other values in one pickle: a dict by name, and attributes of objects

    {"version": 1,
     "settings": {"sys.path": […], …},                     as in `settings`
     "code": [["cell-5.py", 3, 9], …],                     files with first and last line
     "cells": ["cell-5.py", …],                            whole cells that run first (`slice`)
     "states": {"cell-5.py": {"random": […], …}, …},       random states before one: `settings`
     "digests": {"df": "9f2c…"},                           of the values that these should make
     "files": {"df": "df.parquet", …},
     "same": {"frame": "df"},                              further names of values
     "plain": true, "pickle": true}                        whether values.json, values.pickle exist

Code runs in the order of the table, in the namespace of the run's `__main__`, so that functions see
the run's globals as they saw the notebook's. Then values are bound. A pickle is a program that runs
when it is loaded: this one was made by the notebook that started the run.
"""

from __future__ import annotations

import os
import sys

from gage._internal.light_json import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CellType, CodeType
    from typing import Any

__all__ = ["DIRECTORY_SUFFIX", "array_view", "bring_in", "main_function"]

DIRECTORY_SUFFIX = ".carried"
_VERSION = 1


def bring_in(directory: str, namespace: dict[str, Any]) -> None:
    """Add the carried names to the namespace of a program.

    End the program with exit code 1 if the directory is of another version.
    """
    table = _read_json(os.path.join(directory, "carried.json"))
    if table.get("version") != _VERSION:
        sys.exit(
            f"gage: {directory}: expected version {_VERSION} of carried values, found "
            f"{table.get('version')!r}: it was written by another version of gage"
        )
    settings = table.get("settings") or {}
    if settings:
        from gage.inside.settings import apply, apply_paths

        apply_paths(settings)
    if table.get("cells"):
        from gage.inside.slice import run_cells

        run_cells(directory, table["cells"], table.get("states") or {}, namespace)
        _compare(table.get("digests") or {}, namespace)
    if table.get("code"):
        from gage.inside.silence import Silence

        with Silence(directory):
            _run_parts(directory, table["code"], namespace)
    _bind_values(directory, table, namespace)
    if settings:
        apply(settings)


def _compare(digests: dict[str, str], namespace: dict[str, Any]) -> None:
    """Warn of names whose values differ from those in the notebook."""
    if not digests:
        return
    from gage.inside.digest import digest_of

    other = [name for name, digest in digests.items() if digest_of(namespace.get(name)) != digest]
    if other:
        names = ", ".join(f"`{name}`" for name in other)
        sys.stderr.write(
            f"gage: doubtful: running the code gives {names} another value than in the notebook: "
            "changed by hand, at random, or by a cell that is not among those that ran\n"
        )


def _read_json(path: str) -> Any:
    with open(path, "rb") as file:
        return loads(file.read().decode())


def _run_parts(directory: str, parts: list[list[Any]], namespace: dict[str, Any]) -> None:
    sources: dict[str, list[str]] = {}
    for name, first, last in parts:
        path = os.path.join(directory, name)
        if name not in sources:
            with open(path, encoding="utf-8") as file:
                sources[name] = file.read().split("\n")
        text = "\n" * (first - 1) + "\n".join(sources[name][first - 1 : last]) + "\n"
        exec(compile(text, path, "exec", dont_inherit=True), namespace)  # noqa: S102 - what it is for


def _bind_values(directory: str, table: dict[str, Any], namespace: dict[str, Any]) -> None:
    files = table.get("files") or {}
    if files:
        from gage.inside.variables import read_value

        for name, path in files.items():
            namespace[name] = read_value(os.path.join(directory, path))
    if table.get("plain"):
        from gage.inside.plain import decode

        for name, value in _read_json(os.path.join(directory, "values.json")).items():
            namespace[name] = decode(value)
    if table.get("pickle"):
        _bind_pickled(os.path.join(directory, "values.pickle"), namespace)
    for name, first in (table.get("same") or {}).items():
        namespace[name] = namespace[first]


def _bind_pickled(path: str, namespace: dict[str, Any]) -> None:
    import pickle

    class Unpickler(pickle.Unpickler):
        """Finds values that have their own files, by their names."""

        def persistent_load(self, pid: Any) -> Any:
            return namespace[pid]

    with open(path, "rb") as file:
        values, attributes = Unpickler(file).load()
    namespace.update(values)
    for name, own in attributes:
        target = namespace[name]
        for key, value in own.items():
            setattr(target, key, value)


# What pickles call


def main_function(
    code: CodeType,
    _globals: object = None,
    name: str | None = None,
    defaults: tuple[Any, ...] | None = None,
    closure: tuple[CellType, ...] | None = None,
) -> Any:
    """Return a function of the notebook, with the globals of this program."""
    function: Any = type(main_function)
    return function(code, sys.modules["__main__"].__dict__, name, defaults, closure)


def array_view(root: Any, offset: int, dtype: Any, shape: Any, strides: Any) -> Any:
    """Return an array that shares the memory of another."""
    import numpy as np

    return np.ndarray(shape, dtype, root.reshape(-1).view(np.uint8).data, offset, strides)
