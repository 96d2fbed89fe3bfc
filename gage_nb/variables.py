"""Variables of the notebook in a run, and variables of a run in the notebook: `-i`, `-o`.

    variable → inputs/NAME.parquet|npy|pickle → variable of the run, before the cell's first line
    variable of the run, after the cell's last line → outputs/NAME.… → variable

The run's end of it is `gage.inside.cell`.
"""

from __future__ import annotations

import hashlib
import keyword
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage._internal.errors import DependencyError
from gage._internal.record.manifest import hash_file, read_manifest
from gage._internal.record.run_meta import run_meta_path
from gage._internal.record.working_directory import directory_below, path_in_run
from gage._internal.suggestions import did_you_mean
from gage.inside.variables import INPUTS_DIR, OUTPUTS_DIR, SUFFIXES, read_value, write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gage._internal.types import Run

__all__ = [
    "InputFile",
    "cell_options",
    "load_output",
    "stage_inputs",
    "variable_names",
]


@dataclass(frozen=True)
class InputFile:
    """A variable as an input file of a run.

    Attributes
    ----------
    path
        Where it is in the run directory.
    format
        `parquet`, `npy` or `pickle`.
    note
        Why it was pickled; empty where it was not.
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
    """Write variables of the notebook below a directory, as the run will have them.

    Raises
    ------
    DependencyError
        If a variable does not exist or cannot be stored; says all that is wrong.
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


def load_output(run: Run, name: str, *, own: bool = False, trust: bool = False) -> Any:
    """Return a variable that a run saved (`-o NAME`).

    Parameters
    ----------
    own
        Whether this session started the run. A pickle of any other run is not loaded, since that
        would run whatever its maker put in it.
    trust
        Load a pickle all the same.

    Raises
    ------
    DependencyError
        If the run has no such output, if it is not what the run made, or if it is a pickle of a
        run that is not one's own.
    """
    outputs = path_in_run(directory_below(run), OUTPUTS_DIR)
    digests = {entry.path: entry.digest for entry in read_manifest(run_meta_path(run, "manifest"))}
    saved = {
        Path(path).stem: path
        for suffix in SUFFIXES
        for path in digests
        if path.startswith(f"{outputs}/") and path.endswith(suffix)
    }
    if name not in saved:
        found = f"it saved {', '.join(sorted(saved))}" if saved else "it saved none"
        near = did_you_mean(name, saved)
        raise DependencyError(f"run {run.name} has no variable {name!r}: {found}. {near}".rstrip())
    path = Path(run.run_dir, saved[name])
    if not path.is_file():
        raise DependencyError(f"{path}: the run made this file, but it is not there any more")
    if hash_file(str(path)) != digests[saved[name]]:
        raise DependencyError(
            f"{path}: the file is not what the run made (its sha256 is another one): "
            f"gage verify {run.name}"
        )
    if path.suffix == ".pickle" and not (own or trust):
        raise DependencyError(
            f"{path}: a pickle of a run that this session did not start. Loading it runs code that "
            "it holds: if you know where it is from, say so with `--trust` (trust=True)"
        )
    return read_value(str(path))
