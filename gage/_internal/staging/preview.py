"""What a run would be, without making it: `--preview`, and `--help-op` for an operation."""

from __future__ import annotations

import os

from gage._internal.operations.gagefile import describe_operation
from gage._internal.quoting import quote
from gage._internal.sources.selection import select_sourcecode, sourcecode_patterns
from gage._internal.text import valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.config import Config
    from gage._internal.types import Command, Operation

__all__ = ["operation_text", "preview_text"]


def preview_text(operation: Operation) -> str:
    """Return what would be staged and run: command, values, source files, what is left out."""
    selection = select_sourcecode(operation.project_dir, sourcecode_patterns(operation.opdef))
    given = [file.path for file in operation.given]
    total = sum(_size(operation.project_dir, path) for path in selection.paths)
    config = _read_config(operation)
    values = operation.config or config.defaults()
    return "\n".join(
        [
            f"operation      {_shown(operation.opref.full_name)}",
            f"project        {_shown(operation.project_dir)}",
            f"command        {_command_text(operation.cmd.args)}",
            *_listed("configuration", [f"{key} = {value!r}" for key, value in values.items()]),
            *_listed("environment", [f"{k}={v}" for k, v in operation.cmd.env.items()]),
            *_listed("phases", _phases(operation)),
            *_listed(
                f"source code ({len(selection.paths)} files, {total} bytes)",
                map(_shown, selection.paths),
            ),
            *_listed("given", map(_shown, given)),
            *_listed("dependencies", _dependencies(operation)),
            *_listed("notes", [*operation.notes, *selection.notes]),
            "Nothing was staged or run.",
        ]
    )


def operation_text(operation: Operation) -> str:
    """Return what an operation is, which values it takes, its phases and its source code."""
    about = describe_operation(operation.opdef)
    title = f"{operation.opref.op_name}" + (f" (version {about.version})" if about.version else "")
    config = _read_config(operation)
    keys = []
    for key, entry in config.items():
        text = f"{key} = {entry.value!r}  ({entry.type}, {entry.file})"
        keys.append(f"{text}  {entry.description}" if entry.description else text)
    return "\n".join(
        [
            title,
            *(f"  {line}".rstrip() for line in about.description.splitlines()),
            *([f"  defined in {about.src}"] if about.src else []),
            *_listed("configuration, with defaults", keys),
            *_listed("environment", [f"{name}={value}" for name, value in about.env.items()]),
            *_listed("phases", _phases(operation)),
            *_listed("source code", about.sourcecode),
            *_listed("dependencies", about.depends),
        ]
    )


def _read_config(operation: Operation) -> Config:
    from gage._internal.config import read_config

    return read_config(operation.project_dir, operation.opdef.config, operation.cmd.args)


def _dependencies(operation: Operation) -> list[str]:
    if not operation.opdef.depends:
        return []
    from gage._internal.staging.dependencies import planned_dependencies
    from gage._internal.store.store import runs_home

    home = runs_home(operation.project_dir)
    found = planned_dependencies(operation.project_dir, home, operation.opdef.depends)
    return [valid(line) for line in found]


def _phases(operation: Operation) -> list[str]:
    phases = describe_operation(operation.opdef).phases
    return [f"{name}: {_command_text(command)}" for name, command in phases]


def _command_text(command: Command) -> str:
    if isinstance(command, str):
        return valid(command)
    import shlex

    return valid(shlex.join(command))


def _shown(name: str) -> str:
    """Return a name on one line, as text that can be printed."""
    return valid(quote(name))


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [title, *(f"  {line}" for line in found)] if found else []


def _size(directory: str, path: str) -> int:
    try:
        return os.stat(os.path.join(directory, path)).st_size
    except OSError:
        return 0
