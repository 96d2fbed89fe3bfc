"""The data of the notebook as exact files, with size, digest and the cell that made them.

The format depends on the value: DataFrames that Parquet restores exactly, arrays, plain Python
values as JSON, and all others together in one pickle. Values that cannot be stored are returned
with the reason.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gage._internal.errors import DependencyError
from gage.inside.plain import NotPlain, encode
from gage.inside.variables import write_npy, write_parquet
from gage_nb.world.pickling import TooLargeError, cloudpickle_module, pickled, storage_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gage_nb.world.needs import Needs

__all__ = ["MAX_VALUE_BYTES", "StoredValues", "Value", "store"]

MAX_VALUE_BYTES = 200_000_000


@dataclass(frozen=True)
class Value:
    """A value that is carried.

    Attributes
    ----------
    format
        `parquet`, `npy`, `json` or `pickle`; `same` for another name of a value.
    path
        Its file, "" for another name of a value.
    size_bytes, sha256
        Of its file, or of its part of a file with several values.
    """

    name: str
    format: str
    path: str
    size_bytes: int
    sha256: str
    type: str


@dataclass(frozen=True)
class StoredValues:
    """The stored values; `same` has further names of values, `refused` reasons by name."""

    values: dict[str, Value]
    same: dict[str, str]
    refused: dict[str, str]
    has_plain: bool = False
    has_pickle: bool = False


class _Storage:
    def __init__(self, needs: Needs, namespace: Mapping[str, Any], directory: Path) -> None:
        self.needs = needs
        self.namespace = namespace
        self.directory = directory
        self.values: dict[str, Value] = {}
        self.same: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.plain: dict[str, Any] = {}
        self.to_pickle: dict[str, Any] = {}
        self.files: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._roots: dict[int, str] = {}
        self._containers: dict[int, str] = {}
        self._shared: set[str] = set()

    def sort(self) -> None:
        """Assign each new value to its own file, to the plain values or to the pickle."""
        self._find_shared_arrays()
        for name, value in list(self.needs.values.items()):
            if name in self.values or name in self.refused or name in self.same:
                continue
            if name in self.plain or name in self.to_pickle:
                continue
            first = self._names.setdefault(id(value), name)
            if first != name and not isinstance(value, bool | int | float | str | type(None)):
                self.same[name] = first
                continue
            self._place(name, value)

    def _find_shared_arrays(self) -> None:
        for name, value in self.needs.values.items():
            if type(value).__name__ == "ndarray" and type(value).__module__ == "numpy":
                other = self._roots.setdefault(id(storage_of(value)), name)
                if other != name and self.needs.values.get(other) is not value:
                    self._shared |= {name, other}

    def _place(self, name: str, value: Any) -> None:
        size = _size_of(value)
        if size > MAX_VALUE_BYTES:
            self.refused[name] = f"it has {size / 1e6:,.0f} MB, above the 200 MB that are carried"
            return
        kind = f"{type(value).__module__}.{type(value).__name__}"
        path = self.directory / name
        if kind in ("pandas.core.frame.DataFrame", "pandas.DataFrame"):
            if not write_parquet(value, f"{path}.parquet"):
                self._add_file(name, value, "parquet")
                return
        elif kind == "numpy.ndarray" and name not in self._shared:
            if not write_npy(value, f"{path}.npy"):
                self._add_file(name, value, "npy")
                return
        else:
            try:
                self.plain[name] = encode(value)
            except NotPlain:
                pass
            else:
                if not self._overlaps(name, value):
                    return
                del self.plain[name]
        self.to_pickle[name] = value

    def _overlaps(self, name: str, value: Any) -> bool:
        """Return whether a plain value shares a list, dict or set with another one."""
        waiting, found = [value], False
        while waiting:
            item = waiting.pop()
            if isinstance(item, list | dict | set | bytearray):
                other = self._containers.setdefault(id(item), name)
                if other != name:
                    found = True
                    if other in self.plain:
                        self.to_pickle[other] = self.needs.values[other]
                        del self.plain[other]
            if isinstance(item, dict):
                waiting += item.values()
            elif isinstance(item, list | tuple):
                waiting += item
        return found

    def _add_file(self, name: str, value: Any, kind: str) -> None:
        path = self.directory / f"{name}.{kind}"
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        self.values[name] = Value(name, kind, path.name, size, digest, _type_of(value))
        self.files[id(value)] = name

    def pickle(self) -> bool:
        """Write the pickle; return whether it found new names."""
        needs = self.needs
        if not self.to_pickle and not needs.attributes:
            return False
        known = set(needs.values), set(needs.parts)
        own = dict(needs.attributes)
        data = self._pickled((dict(self.to_pickle), list(own.items())))
        if data is None:
            self._refuse_what_fails()
            return True
        if (set(needs.values), set(needs.parts)) != known or own.keys() != needs.attributes.keys():
            return True
        if any(self._containers.get(key) in self.plain for key in self._seen_containers()):
            return True
        (self.directory / "values.pickle").write_bytes(data)
        size = len(data)
        several = len(self.to_pickle) > 1 or bool(own)
        for name, value in self.to_pickle.items():
            part = (self._pickled(value) if several and size < 5_000_000 else data) or b""
            digest = hashlib.sha256(part).hexdigest()
            kind = _type_of(value)
            self.values[name] = Value(name, "pickle", "values.pickle", len(part), digest, kind)
        return False

    def _seen_containers(self) -> list[int]:
        """Return the lists, dicts and sets in pickled values that plain values share."""
        found = []
        waiting: list[Any] = list(self.to_pickle.values())
        for _ in range(10_000):
            if not waiting:
                break
            item = waiting.pop()
            if isinstance(item, list | dict | set | bytearray):
                name = self._containers.get(id(item))
                if name is not None and name in self.plain:
                    found.append(id(item))
                    self.to_pickle[name] = self.needs.values[name]
                    del self.plain[name]
                    return found
            if isinstance(item, dict):
                waiting += item.values()
            elif isinstance(item, list | tuple):
                waiting += item
            elif hasattr(item, "__dict__") and not isinstance(item, type):
                waiting += vars(item).values()
        return []

    def _pickled(self, value: object) -> bytes | None:
        try:
            return self._dumped(value)
        except Exception:  # noqa: BLE001 - what is pickled may raise anything
            return None

    def _dumped(self, value: object) -> bytes:
        return pickled(
            value,
            self.namespace,
            as_code=self.needs.is_code,
            files=self.files,
            need=lambda name: self.needs.add([name]),
            limit=MAX_VALUE_BYTES,
        )

    def _refuse_what_fails(self) -> None:
        """Find values that cannot be pickled, and remove them."""
        failed = False
        for name, value in list(self.to_pickle.items()):
            try:
                self._dumped(value)
            except TooLargeError:
                self.refused[name] = "its pickle has more than the 200 MB that are carried"
            except Exception as error:  # noqa: BLE001 - what is pickled may raise anything
                text = str(error).strip().split("\n")[0]
                self.refused[name] = f"a value of type {_type_of(value)} cannot be stored: {text}"
            else:
                continue
            failed = True
            del self.to_pickle[name]
        for own in list(self.needs.attributes.values()):
            for key, value in list(own.items()):
                try:
                    self._dumped(value)
                except Exception:  # noqa: BLE001 - likewise
                    failed = True
                    del own[key]
        if not failed:
            # Each can be stored alone, but all of them together are too large.
            for name in self.to_pickle:
                self.refused[name] = "together these values have more than 200 MB"
            self.to_pickle.clear()
            self.needs.attributes.clear()


def store(needs: Needs, namespace: Mapping[str, Any], directory: Path) -> StoredValues:
    """Write all needed values into a directory; names that they need are added to the needs.

    Raises
    ------
    DependencyError
        If a value has to be pickled and cloudpickle is not installed.
    OSError
        If a file cannot be written.
    """
    storage = _Storage(needs, namespace, directory)
    storage.sort()
    if storage.to_pickle or needs.attributes:
        cloudpickle_module()
        for _ in range(100):
            again = storage.pickle()
            storage.sort()
            if not again:
                break
        else:
            raise DependencyError("the values that the cell needs lead to more and more values")
    if storage.plain:
        text = json.dumps(storage.plain, ensure_ascii=False, separators=(",", ":"))
        (directory / "values.json").write_text(text, encoding="utf-8")
        for name, encoded in storage.plain.items():
            data = json.dumps(encoded, ensure_ascii=False).encode()
            digest = hashlib.sha256(data).hexdigest()
            kind = _type_of(needs.values[name])
            storage.values[name] = Value(name, "json", "values.json", len(data), digest, kind)
    return StoredValues(
        storage.values,
        {name: first for name, first in storage.same.items() if first not in storage.refused},
        storage.refused
        | {
            name: storage.refused[first]
            for name, first in storage.same.items()
            if first in storage.refused
        },
        bool(storage.plain),
        bool(storage.to_pickle or needs.attributes),
    )


def _size_of(value: Any) -> int:
    """Return the approximate size of a value in bytes, 0 if only storing it tells."""
    kind = type(value).__module__.partition(".")[0]
    try:
        if kind == "pandas" and hasattr(value, "memory_usage"):
            usage = value.memory_usage()
            return int(usage if isinstance(usage, int) else usage.sum())
        if kind in ("numpy", "torch"):
            return int(getattr(value, "nbytes", 0) or 0)
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return 0
    return 0


def _type_of(value: object) -> str:
    kind = type(value)
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
