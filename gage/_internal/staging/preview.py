"""The preview of a run, without making it: `--preview`, and `--help-op` for an operation."""

from __future__ import annotations

import os

from gage._internal.config.configuration import Config
from gage._internal.operations.configuring import described_configuration, read_configuration
from gage._internal.operations.gagefile import describe_operation
from gage._internal.people import format_count, format_size
from gage._internal.quoting import quote
from gage._internal.sources.selection import select_sourcecode, sourcecode_patterns
from gage._internal.text import valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gage._internal.types import Command, Operation

__all__ = ["operation_text", "preview", "preview_text"]


def preview(
    operation: Operation, runs_home: str | None = None, source_dir: str | None = None
) -> dict[str, Any]:
    """Return what would be staged and run, as data for JSON.

    Keys: `operation`, `project`, `command` (a list, or a string for the shell), `configuration`
    and `environment` (by name), `phases` (the command by phase), `source_code` (`path` and
    `size_bytes` of each file), `given`, `found` (the files that the program is going to read:
    `path`, `named_in` and `linked` of each), `dependencies` and `notes` (lists of strings).

    Parameters
    ----------
    runs_home
        The directory in which the run would be made; default: the project's.
    source_dir
        The directory of the files with the values, if not the project: that of a cell's program.
    """
    selection = select_sourcecode(
        operation.project_dir,
        sourcecode_patterns(operation.opdef),
        brought={file.path for file in operation.given},
    )
    values = operation.config or _read_config(operation, source_dir).defaults()
    return {
        "operation": valid(operation.opref.full_name),
        "project": valid(operation.project_dir),
        "command": operation.cmd.args,
        "configuration": values,
        "environment": dict(operation.cmd.env),
        "phases": dict(describe_operation(operation.opdef).phases),
        "source_code": [
            {"path": path, "size_bytes": _size(operation.project_dir, path)}
            for path in selection.paths
        ],
        "given": [file.path for file in operation.given if not file.named_in],
        "found": [
            {"path": valid(file.path), "named_in": valid(file.named_in), "linked": file.link}
            for file in operation.given
            if file.named_in
        ],
        "dependencies": _dependencies(operation, runs_home),
        "notes": [*operation.notes, *selection.notes],
    }


def preview_text(data: dict[str, Any]) -> str:
    """Return a preview for people: command, values, source files, what is left out."""
    files = data["source_code"]
    total = sum(file["size_bytes"] for file in files)
    phases = [f"{name}: {_command_text(command)}" for name, command in data["phases"].items()]
    return "\n".join(
        [
            f"operation      {_shown(data['operation'])}",
            f"project        {_shown(data['project'])}",
            f"command        {_command_text(data['command'])}",
            *_listed("configuration", [f"{k} = {v!r}" for k, v in data["configuration"].items()]),
            *_listed("environment", [f"{k}={v}" for k, v in data["environment"].items()]),
            *_listed("phases", phases),
            *_listed(
                f"source code ({format_count(len(files), 'file')}, {format_size(total)})",
                (_shown(file["path"]) for file in files),
            ),
            *_listed("given", map(_shown, data["given"])),
            *_listed("found", map(_found_line, data["found"])),
            *_listed("dependencies", data["dependencies"]),
            *_listed("notes", data["notes"]),
            "Nothing was staged or run.",
        ]
    )


def operation_text(operation: Operation) -> str:
    """Return a text about an operation: its description, values, phases and source code."""
    about = describe_operation(operation.opdef)
    title = f"{operation.opref.op_name}" + (f" (version {about.version})" if about.version else "")
    config = described_configuration(operation, operation.project_dir)
    keys = []
    for key, entry in config.items():
        argument = entry.argument
        if argument is not None and argument.required and entry.value is None:
            text = f"{key}  ({entry.type}, required, {entry.file})"
        else:
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


def _found_line(file: dict[str, Any]) -> str:
    line = f"{_shown(file['path'])}  (named in {_shown(file['named_in'])})"
    return line + ("  linked, not copied" if file["linked"] else "")


def _read_config(operation: Operation, source_dir: str | None = None) -> Config:
    if not operation.opdef.config:
        return Config({}, [], {}, {})
    directory = source_dir or operation.project_dir
    return read_configuration(operation, directory, ())[1]


def _dependencies(operation: Operation, home: str | None) -> list[str]:
    if not operation.opdef.depends:
        return []
    from gage._internal.staging.dependencies import planned_dependencies
    from gage._internal.store.store import runs_home

    home = home or runs_home(operation.project_dir)
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
    """Return a name as printable text on one line."""
    return valid(quote(name))


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [title, *(f"  {line}" for line in found)] if found else []


def _size(directory: str, path: str) -> int:
    try:
        return os.stat(os.path.join(directory, path)).st_size
    except OSError:
        return 0
