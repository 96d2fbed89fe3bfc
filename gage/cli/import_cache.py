"""The modules that `gage run` begins with, read from one file instead of a hundred.

A quarter of the time of a small run was spent on finding, opening and checking the bytecode of
each module. The code of all of them is kept in one file, in the place of the bytecode of a module
that is never imported (`gage.cli.kept_modules` says why), so that it goes when the package goes:

    gage/cli/__pycache__/kept_modules.cpython-311.pyc      with `python -O`: ….opt-1.pyc

Its first 512 bytes hold `marshal` of a tuple: the version of this format, `sys.version`, and the
size of the first of two parts, in bytes. A part is `marshal` of a dictionary: the first has the
modules of the command line, the second those that only the supervisor needs, which it reads when
it needs the first of them. For each module, by name, a part has its path, whether it is a package,
the path of its bytecode, modification time (ns), size, and code. The file is written at the end of
a run that could not use it. It is not used by another Python, from another directory, or when one
of the sources has changed: the modules are then imported as usual.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec, SourceFileLoader
    from types import CodeType
    from typing import Any
else:
    # What `importlib.machinery` is made of, without importing it.
    ModuleSpec = type(__spec__)
    SourceFileLoader = type(__spec__.loader)

__all__ = ["keep_modules", "loaded_modules", "use_kept_modules"]

_VERSION = 3
_HEAD_BYTES = 512
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What the supervisor, forked from the command line, loads beside what that has loaded.
_OF_THE_SUPERVISOR = (
    "gage._internal.running.supervisor",
    "gage._internal.running.finalize",
    "gage._internal.running.summarize",
)


class _Loader(SourceFileLoader):
    """Loads a module from code that is there already; its source is where it always is."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:
        return self._code


class _Finder:
    """Finds the modules that were kept."""

    def __init__(self, modules: dict[str, Any]) -> None:
        self._modules = modules
        self._has_rest = True

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        del path, target
        kept = self._modules.pop(name, None)
        if kept is None and name in _OF_THE_SUPERVISOR and self._has_rest:
            self._has_rest = False
            self._modules.update(_read_part(1) or {})
            kept = self._modules.pop(name, None)
        if kept is None:
            return None
        file, is_package, cached, _, _, code = kept
        spec = ModuleSpec(name, _Loader(name, file, code), origin=file)
        spec.has_location = True
        spec.cached = cached
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(file)]
        return spec


def use_kept_modules() -> bool:
    """Have modules imported from the file, if there is one that is up to date; return whether."""
    modules = _read_part(0)
    if modules is None:
        return False
    sys.meta_path.insert(0, _Finder(modules))
    return True


def _read_part(number: int) -> dict[str, Any] | None:
    """Return the modules of a part of the file; None, and no such file, if they are out of date."""
    path = _path()
    try:
        with open(path, "rb", buffering=0) as file:
            head = marshal.loads(file.read(_HEAD_BYTES))  # noqa: S302 - as bytecode is
            version, python, size_bytes = head
            if version != _VERSION or python != sys.version:
                return None
            if number:
                file.seek(_HEAD_BYTES + size_bytes)
            data = file.read(-1 if number else size_bytes)
        modules: dict[str, Any] = marshal.loads(data)  # noqa: S302 - likewise
        if _are_current(modules):
            return modules
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, TypeError, AttributeError):
        pass
    _remove(path)  # the next run keeps them again
    return None


def loaded_modules() -> tuple[list[str], list[str]]:
    """Return the names of our modules: those loaded so far, and what the supervisor adds.

    Those of the supervisor are imported for it.
    """
    first = [name for name in sys.modules if name.startswith("gage.")]
    for name in _OF_THE_SUPERVISOR:
        __import__(name)
    rest = [name for name in sys.modules if name.startswith("gage.") and name not in first]
    return first, rest


def keep_modules(parts: tuple[Iterable[str], Iterable[str]]) -> None:
    """Write the file, with the `loaded_modules`.

    Not where the directory is not ours to write, or where bytecode does not belong into it.
    """
    path = _path()
    if sys.dont_write_bytecode or sys.pycache_prefix is not None:
        return
    if not os.access(os.path.dirname(path), os.W_OK):
        return
    beside = f"{path}.{os.getpid()}"
    try:
        first, rest = (marshal.dumps(_kept(names)) for names in parts)
        head = marshal.dumps((_VERSION, sys.version, len(first)))
        with open(beside, "wb") as file:
            file.write(head.ljust(_HEAD_BYTES, b"\0") + first + rest)
        os.replace(beside, path)
    except (OSError, ImportError, SyntaxError):
        _remove(beside)  # a full disk, or sources that are being changed: imported as usual


def _kept(names: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Return what is kept of modules, by name."""
    modules = {}
    for name in names:
        spec = getattr(sys.modules.get(name), "__spec__", None)
        if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin:
            continue
        info = os.stat(spec.origin)
        is_package = spec.submodule_search_locations is not None
        code = spec.loader.get_code(name)
        about = (spec.origin, is_package, spec.cached, info.st_mtime_ns, info.st_size, code)
        modules[name] = about
    return modules


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # it is gone, or not ours


def _path() -> str:
    level = f".opt-{sys.flags.optimize}" if sys.flags.optimize else ""
    name = f"kept_modules.{sys.implementation.cache_tag}{level}.pyc"
    return os.path.join(_HOME, "cli", "__pycache__", name)


def _are_current(modules: dict[str, Any]) -> bool:
    for file, _, _, mtime_ns, size, _ in modules.values():
        info = os.stat(file)
        if info.st_mtime_ns != mtime_ns or info.st_size != size or not file.startswith(_HOME):
            return False
    return bool(modules)
