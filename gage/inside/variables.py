"""Variables as files: how values get from a notebook into a run and back.

    NAME.parquet   a pandas DataFrame that Parquet restores exactly
    NAME.npy       a NumPy array without Python objects in it
    NAME.json      plain Python values, as in `plain`: numbers, strings, lists, dicts and so on
    NAME.pickle    anything else, by cloudpickle; a note says why

The cells of earlier runs load and save such files themselves, beside the program in `inputs` and
`outputs`:

    from gage.inside import load as _load; df = _load("inputs/df.parquet"); del _load
    from gage.inside import save as _save; _save(globals(), "model")

Parquet, npy and JSON hold only data. A pickle is a program that runs when it is loaded: load one
only if you know where it is from.
"""

from __future__ import annotations

import os
import sys

from gage._internal.errors import DependencyError
from gage._internal.named import NamedTuple
from gage.inside.plain import NotPlain, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


__all__ = [
    "INPUTS_DIR",
    "OUTPUTS_DIR",
    "SUFFIXES",
    "StoredValue",
    "load",
    "read_value",
    "save",
    "write_npy",
    "write_parquet",
    "write_value",
]


class StoredValue(NamedTuple):
    """A value in a file: its name, its format (`parquet`, `npy`, `json`, `pickle`).

    `note` says why a value was pickled; it is empty for other formats.
    """

    file_name: str
    format: str
    note: str


INPUTS_DIR = "inputs"
OUTPUTS_DIR = "outputs"
SUFFIXES = (".parquet", ".npy", ".json", ".pickle")

# Above that, a pickle is read and written faster by far.
_MOST_PLAIN_VALUES = 5_000_000


# In a run's program


def load(path: str) -> Any:
    """Return the value of a file beside the program."""
    return read_value(os.path.join(_program_dir(), path))


def save(variables: Mapping[str, Any], *names: str) -> None:
    """Save variables of the program as files for the notebook; report pickled ones.

    End the program with exit code 1 if one does not exist or cannot be saved; save all others.
    """
    faults = []
    directory = os.path.join(_program_dir(), OUTPUTS_DIR)
    os.makedirs(directory, exist_ok=True)
    for name in names:
        if name not in variables:
            faults.append(f"the cell ended without a variable `{name}`")
            continue
        try:
            stored = write_value(variables[name], directory, name)
        except DependencyError as error:
            faults.append(str(error))
            continue
        if stored.note:
            sys.stderr.write(f"gage: -o: `{name}`: {stored.note}\n")
    if faults:
        sys.exit("\n".join(f"gage: -o: {fault}" for fault in faults))


def _program_dir() -> str:
    # Not the working directory, which the program may have changed.
    return os.path.dirname(os.path.abspath(sys.modules["__main__"].__file__ or ""))


# Files


def write_value(value: Any, directory: str, name: str) -> StoredValue:
    """Write a value to `NAME.SUFFIX` in a directory that exists.

    Raises
    ------
    DependencyError
        If the value cannot be stored, with the reason.
    OSError
        If the file cannot be written.
    """
    path = os.path.join(directory, name)
    kind = _kind_of(value)
    problem = f"{_described(value)} has no format of its own"
    if kind == "DataFrame":
        problem = write_parquet(value, path + ".parquet")
        if not problem:
            return StoredValue(f"{name}.parquet", "parquet", "")
    elif kind == "ndarray":
        problem = write_npy(value, path + ".npy")
        if not problem:
            return StoredValue(f"{name}.npy", "npy", "")
    elif write_json(value, path + ".json"):
        return StoredValue(f"{name}.json", "json", "")
    version = _write_pickle(value, path + ".pickle", name)
    return StoredValue(f"{name}.pickle", "pickle", f"pickled (cloudpickle {version}): {problem}")


def read_value(path: str) -> Any:
    """Return the value of a file that `write_value` wrote.

    Raises
    ------
    DependencyError
        If it cannot be read, with the reason.
    """
    suffix = os.path.splitext(path)[1]
    try:
        if suffix == ".parquet":
            return _read_parquet(path)
        if suffix == ".npy":
            import numpy as np

            return np.load(path, allow_pickle=False)
        if suffix == ".json":
            import json

            with open(path, encoding="utf-8") as text:
                return decode(json.load(text))
        import pickle

        with open(path, "rb") as file:
            return pickle.load(file)  # noqa: S301 - callers know where it is from
    except ImportError as error:
        raise DependencyError(f"{path}: {error}: pip install 'gage[data]'") from error
    except Exception as error:  # a pickle may raise anything
        raise DependencyError(f"{path}: {type(error).__name__}: {error}") from error


def _kind_of(value: Any) -> str:
    """Return `DataFrame` or `ndarray` for exactly these types; subclasses hold more data."""
    for package, name in (("pandas", "DataFrame"), ("numpy", "ndarray")):
        module = sys.modules.get(package)  # if it is not imported, the value is not of its types
        if module is not None and type(value) is getattr(module, name, None):
            return name
    return ""


def _described(value: Any) -> str:
    kind = type(value)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"a value of type {module}{kind.__qualname__}"


def write_json(value: Any, path: str) -> bool:
    """Write a plain value; return whether it is one."""
    import json

    try:
        text = json.dumps(encode(value, _MOST_PLAIN_VALUES), separators=(",", ":"))
    except NotPlain:
        return False
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)
    return True


def write_npy(array: Any, path: str) -> str:
    """Write an array, or return why it could not be restored exactly."""
    if array.dtype.hasobject:
        return "the array holds Python objects"
    import numpy as np

    with open(path + ".tmp", "wb") as file:
        np.save(file, array, allow_pickle=False)
    os.replace(path + ".tmp", path)
    return ""


def _write_pickle(value: Any, path: str, name: str) -> str:
    try:
        import cloudpickle
    except ImportError as error:
        raise DependencyError(
            f"`{name}` ({_described(value)}) can only be pickled: pip install 'gage[data]'"
        ) from error
    try:
        with open(path + ".tmp", "wb") as file:
            cloudpickle.dump(value, file)
    except OSError:
        _remove(path + ".tmp")
        raise
    except Exception as error:  # pickling may raise anything
        _remove(path + ".tmp")
        raise DependencyError(
            f"`{name}` ({_described(value)}) cannot be pickled: {type(error).__name__}: {error}"
        ) from error
    os.replace(path + ".tmp", path)
    return str(cloudpickle.__version__)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


# DataFrames

# Properties of a date index that Parquet and pyarrow do not keep.
_FREQUENCY = b"gage.index_frequency"


def write_parquet(frame: Any, path: str) -> str:
    """Write a DataFrame, or return why Parquet would not restore it exactly."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return "Parquet needs pyarrow: pip install 'gage[data]'"
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the check below finds such changes
            table = pa.Table.from_pandas(frame)
        # The frequency of periods is part of their type.
        frequency = getattr(frame.index, "freqstr", None)
        if frequency and frame.index.dtype.kind in "mM":
            metadata = {**(table.schema.metadata or {}), _FREQUENCY: frequency.encode()}
            table = table.replace_schema_metadata(metadata)
        # Dictionary encoding of numbers takes three times as long and seldom saves anything.
        texts = [
            field.name
            for field in table.schema
            if not (pa.types.is_primitive(field.type) or pa.types.is_temporal(field.type))
        ]
        pq.write_table(table, path + ".tmp", use_dictionary=texts or False)
        change = _change_in(path + ".tmp", frame)
    except OSError:
        _remove(path + ".tmp")
        raise
    except Exception as error:  # noqa: BLE001 - pyarrow and the frame's objects raise any type
        change = f"{type(error).__name__}: {error}"
    if change:
        _remove(path + ".tmp")
        return f"Parquet would change the DataFrame: {change}"
    os.replace(path + ".tmp", path)
    return ""


def _read_parquet(path: str) -> Any:
    import pyarrow.parquet as pq

    # Not `read_table`, which reads a directory named `name=value` as data.
    with pq.ParquetFile(path) as file:
        return _frame_of(file.read())


def _frame_of(table: Any) -> Any:
    frame = table.to_pandas()
    frequency = (table.schema.metadata or {}).get(_FREQUENCY)
    if frequency:
        frame.index.freq = frequency.decode()
    return frame


def _change_in(path: str, frame: Any) -> str:
    """Return how a frame changes when it is read back from a file, or "".

    Names and types are compared for all columns; values only for the index and for columns whose
    types do not guarantee that they are restored.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        types = schema.empty_table().to_pandas()
        if not _same_labels(frame.columns, types.columns):
            return "the names of its columns change"
        if frame.attrs != types.attrs:
            return "its attrs change"
        open_ones = []
        for position, dtype in enumerate(frame.dtypes):
            found = types.dtypes.iloc[position]
            if not _settled(dtype):
                open_ones.append(position)
            elif found != dtype:
                return f"column {frame.columns[position]!r} of type {dtype} comes back as {found}"
        names = [schema.names[position] for position in open_ones]
        part = _frame_of(file.read(columns=names, use_pandas_metadata=True))
    if not _same_labels(frame.index, part.index):
        return "its index changes"
    for number, position in enumerate(open_ones):
        if not _same_values(frame.iloc[:, position], part.iloc[:, number]):
            return f"values of column {frame.columns[position]!r} change"
    return ""


def _settled(dtype: Any) -> bool:
    """Return whether a column's type guarantees that its values are restored exactly."""
    return dtype.kind in "biufmM" or type(dtype).__name__ == "StringDtype"


def _same_labels(labels: Any, found: Any) -> bool:
    return bool(
        labels.nlevels == found.nlevels
        and list(labels.names) == list(found.names)
        and getattr(labels, "freq", None) == getattr(found, "freq", None)
        and _same_values(labels, found)
    )


def _same_values(values: Any, found: Any) -> bool:
    if values.dtype != found.dtype or not values.equals(found):
        return False
    if values.dtype.kind != "O" or type(values.dtype).__name__ == "StringDtype":
        return True
    # Equal values can differ: 1 and True, a tuple and an array, None and NaN.
    return all(map(_same_type, values, found))


def _same_type(value: Any, found: Any) -> bool:
    if isinstance(value, tuple) and isinstance(found, tuple):
        return all(map(_same_type, value, found))
    return type(value) is type(found)
