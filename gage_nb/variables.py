"""Variables that go from the notebook into a run and back: `-i`, `-o`.

    variable → inputs/NAME.parquet|npy|… → variable of the run, before the cell's first line
    variable of the run, after the cell's last line → outputs/NAME.… → variable

`gage.inside.cell` does the part in the run.
"""

from __future__ import annotations

import hashlib
import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gage._internal.errors import DependencyError
from gage._internal.suggestions import did_you_mean
from gage.inside.variables import INPUTS_DIR, write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


__all__ = [
    "InputFile",
    "cell_options",
    "stage_inputs",
    "variable_names",
]


@dataclass(frozen=True)
class InputFile:
    """A variable in an input file of a run.

    Attributes
    ----------
    path
        The path in the run directory.
    format
        `parquet`, `npy`, `json` or `pickle`.
    note
        Why it was pickled; empty for other formats.
    """

    name: str
    path: str
    format: str
    size_bytes: int
    sha256: str
    note: str


def variable_names(words: Iterable[str]) -> list[str]:
    """Return the names of `-i` or `-o`, each once: `-i a -i b` and `-i a,b` are the same.

    Raises
    ------
    DependencyError
        If a word is not the name of a variable.
    """
    names = [name for word in words for name in word.split(",")]
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise DependencyError(
                f"{name!r} is not the name of a variable; give an expression a name first"
            )
    return list(dict.fromkeys(names))


def stage_inputs(
    names: Sequence[str], user_ns: Mapping[str, Any], directory: Path
) -> list[InputFile]:
    """Write variables of the notebook below a directory, with the paths that the run will have.

    Raises
    ------
    DependencyError
        If a variable does not exist or cannot be stored; the error names all faults.
    """
    faults = []
    files = []
    inputs_dir = directory / INPUTS_DIR
    inputs_dir.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name not in user_ns:
            choices = [known for known in user_ns if not known.startswith("_")]
            near = did_you_mean(name, choices)
            faults.append(f"the notebook has no variable {name!r}. {near}".rstrip())
            continue
        try:
            stored = write_value(user_ns[name], str(inputs_dir), name)
        except DependencyError as error:
            faults.append(str(error))
            continue
        path = inputs_dir / stored.file_name
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        relative = f"{INPUTS_DIR}/{stored.file_name}"
        size_bytes = path.stat().st_size
        files.append(InputFile(name, relative, stored.format, size_bytes, digest, stored.note))
    if faults:
        raise DependencyError("\n".join(faults))
    return files


def cell_options(inputs: Sequence[InputFile], outputs: Sequence[str]) -> list[str]:
    """Return the options of `gage.inside.cell` that load inputs and save outputs."""
    loads = [word for item in inputs for word in ("-i", f"{item.name}={item.path}")]
    return [*loads, *(word for name in outputs for word in ("-o", name))]
