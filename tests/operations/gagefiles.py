"""Gage files for the tests: how they are written and loaded, and one that uses every key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gage._internal.errors import GagefileError
from gage._internal.operations.gagefile import (
    GageFile,
    load_gagefile,
    operation_faults,
    schema_path,
)
from gage._internal.types import Fault

ROOT = Path(__file__).parents[2]


SCHEMA: dict[str, Any] = json.loads(Path(schema_path()).read_text(encoding="utf-8"))


KEYS_OF_OPERATION = (
    "description, default, version, exec, env, sourcecode, config, depends, summary, "
    "output-summary, progress, listing"
)


KEYS_OF_EXEC = (
    "copy-sourcecode, stage-sourcecode, init-runtime, stage-runtime, resolve-deps, "
    "stage-dependencies, run, finalize-run, finalize"
)


AT_THE_TOP = "Allowed are $schema, $runs-dir and names of operations, which do not begin with $"


def write(directory: Path, name: str, text: str | bytes) -> str:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def load(directory: Path, text: str | bytes, name: str = "gage.toml") -> GageFile:
    return load_gagefile(write(directory, name, text))


def message_of(directory: Path, text: str | bytes, name: str = "gage.toml") -> str:
    """What is wrong with a Gage file, with names of files instead of paths."""
    gagefile = write(directory, name, text)
    faults: Sequence[Fault]
    try:
        faults = [
            fault
            for key in load_gagefile(gagefile).faulty
            for fault in operation_faults(load_gagefile(gagefile), key)
        ]
    except GagefileError as caught:
        faults = caught.faults
    return "\n".join(map(str, faults)).replace(f"{directory}/", "")


# A file that uses every key, to be made wrong in every way.
FULL: dict[str, Any] = {
    "$schema": "x",
    "$runs-dir": "runs",
    "a": {
        "description": "x",
        "default": True,
        "version": 1,
        "exec": {"run": ["a", "b"], "finalize": "c"},
        "env": {"A": "b", "C": 1},
        "sourcecode": {"patterns": ["*.py"]},
        "config": [{"keys": ["x#y"], "prefix": "p"}, "z"],
        "depends": [
            "x",
            {"type": "project-files", "files": "y", "link": True},
            {"type": "run-files", "run": "b", "files": ["y"], "description": "z"},
            {"run-select": "b"},
            {"type": "runs-summary", "runs-select": "a", "summary-filename": "b"},
        ],
        "summary": {"filename": "x"},
        "output-summary": {"loss": "(x)"},
        "progress": {"run": "tqdm"},
    },
    "b": {
        "exec": "x",
        "version": "2",
        "sourcecode": False,
        "config": "x",
        "depends": "y",
        "output-summary": ["(a)(b)"],
        "summary": "x",
        "progress": "tqdm",
    },
}
