"""The files that an operation's program is going to read, added to its run.

The program is found in the command: `python train.py`, `python -m package`, a notebook, a cell.
"""

from __future__ import annotations

import os

from gage._internal.quoting import quote
from gage._internal.sources.matching import match_path
from gage._internal.sources.parsing import parse_pattern
from gage._internal.sources.program import Program
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.types import GivenFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.sources.named_files import FoundFile
    from gage._internal.types import Operation

__all__ = ["MOST_COPIED_BYTES", "modules_of", "with_found_files"]

MOST_COPIED_BYTES = 1_000_000_000  # of all found files together; others are linked

_PROGRAM_MODULES = ("gage.inside.notebook", "gage.inside.cell", "gage.inside.ipython_cell")
_QUOTING = "'\"\\"  # a command without these is split at its blanks
_VALUE_OPTIONS = ("-W", "-X", "-Q")


def with_found_files(operation: Operation) -> Operation:
    """Return an operation with the files that its program is going to read.

    Each file keeps its path. If a file is above the project, the run keeps the shape of the
    project: the project's files are in a directory `below` the run directory. If the files have
    more than a gigabyte in all, the biggest are links to the originals, with a note.
    """
    words = _words(operation)
    programs = _programs(operation, words)
    texts = [*words, *(value for value in operation.config.values() if isinstance(value, str))]
    if not operation.reads and not _may_name_files(operation.project_dir, programs, texts):
        return operation
    from gage._internal.sources.reads import find_reads

    reads = find_reads(operation.project_dir, programs, texts, operation.reads)
    notes = [*operation.notes, *reads.notes]
    excludes = (
        [
            pattern
            for text in (operation.opdef.sourcecode or ())
            if text not in DEFAULT_PATTERNS and (pattern := parse_pattern(text)).exclude
        ]
        if isinstance(operation.opdef.sourcecode, list)
        else []
    )
    files = []
    for file in reads.files.values():
        if any(match_path(pattern, file.path) for pattern in excludes):
            continue  # the operation excludes it
        if operation.opdef.src is not None and file.path.startswith("../"):
            notes.append(
                f"Left out, it is not below the Gage file: add it with --with {quote(file.path)}"
            )
            continue
        files.append(file)
    linked = _too_big(files)
    notes += [_linked_note(file, operation.project_dir) for file in linked]
    already = {file.path for file in operation.given} | {program.path for program in programs}
    given = [
        GivenFile(
            "s" if file.is_module else "d",
            operation.project_dir,
            file.path,
            file.named_in,
            file in linked,
        )
        for file in files
        if file.path not in already
    ]
    return operation.but(
        given=(*operation.given, *given),
        notes=tuple(notes),
        below=_below(operation.project_dir, files),
        writes=tuple(sorted(reads.written)),
    )


def modules_of(operation: Operation) -> list[str]:
    """Return the paths of an operation's program and of the project's modules that it imports."""
    programs = _programs(operation, _words(operation))
    if not programs:
        return []
    from gage._internal.sources.reads import find_reads

    files = find_reads(operation.project_dir, programs, []).files.values()
    return [program.path for program in programs] + [f.path for f in files if f.is_module]


def _words(operation: Operation) -> list[str]:
    command = operation.cmd.args
    if isinstance(command, list):
        return command
    if command.startswith("#!"):
        return []
    if command.isascii() and command.isprintable() and not any(c in command for c in _QUOTING):
        return command.split()
    import shlex  # it loads `re`, which takes as long as staging a small run

    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _programs(operation: Operation, words: Sequence[str]) -> list[Program]:
    """Return the script, module or notebook of a command, and the code carried for a cell."""
    for place, word in enumerate(words):
        if os.path.basename(word).startswith("python") and place + 1 < len(words):
            path = _program_of(words[place + 1 :], operation.project_dir)
            if not path:
                return []
            carried = [
                file.path
                for file in operation.given
                if file.type == "s" and file.directory != operation.project_dir
            ]
            paths = dict.fromkeys([path, *(path for path in carried if path.endswith(".py"))])
            return [found for path in paths if (found := _read_program(operation, path))]
    return []


def _program_of(words: Sequence[str], project_dir: str) -> str:
    rest = iter(words)
    for word in rest:
        if word in _VALUE_OPTIONS:
            next(rest, None)
        elif word == "-m":
            module = next(rest, "")
            if module in _PROGRAM_MODULES:
                return next((word for word in rest if word.endswith((".ipynb", ".py", ".ipy"))), "")
            path = module.replace(".", "/")
            for candidate in (f"{path}.py", f"{path}/__main__.py", f"{path}/__init__.py"):
                if os.path.isfile(os.path.join(project_dir, candidate)):
                    return candidate
            return ""
        elif not word.startswith("-"):
            return os.path.normpath(word)
    return ""


def _read_program(operation: Operation, path: str) -> Program | None:
    directory = operation.project_dir
    for file in operation.given:
        if file.path == path:
            directory = file.directory  # a cell's program is not in the project
    try:
        with open(os.path.join(directory, path), "rb") as file_:
            text = file_.read()
    except OSError:
        return None
    is_notebook = path.endswith(".ipynb")
    return Program(path, text, os.path.dirname(path) if is_notebook else "")


def _may_name_files(project_dir: str, programs: Sequence[Program], texts: Sequence[str]) -> bool:
    """Return whether the program's text has the name of any file in the project's directory.

    Parsing a program takes as long as starting it; this saves it for a program that names no file.
    """
    try:
        names = os.listdir(project_dir)
    except OSError:
        return False
    own = {program.path for program in programs}
    stems = {
        name.partition(".")[0] or name
        for name in names
        if name not in own and not name.startswith(("__", ".git"))
    }
    endings = {"." + name.rpartition(".")[2] for name in names if "." in name[1:]} - {".py"}
    marks = [*stems, *endings, ".."]
    for program in programs:
        if program.path.endswith(".ipynb"):
            return True
        text = program.text.decode("utf-8", "replace")
        if any(mark in text for mark in marks):
            return True
    others = [text for text in texts if text not in own]
    return any(mark in text for text in others for mark in marks)


def _too_big(files: Sequence[FoundFile]) -> list[FoundFile]:
    """Return the files to be linked: the biggest ones, until the others are small enough."""
    total = sum(file.size_bytes for file in files)
    linked = []
    for file in sorted(files, key=lambda file: -file.size_bytes):
        if total <= MOST_COPIED_BYTES:
            break
        total -= file.size_bytes
        linked.append(file)
    return linked


def _linked_note(file: FoundFile, project_dir: str) -> str:
    original = os.path.normpath(os.path.join(project_dir, file.path))
    size_gb = file.size_bytes / 1e9
    return (
        f"Linked, not copied ({size_gb:.1f} GB): {quote(file.path)} is {quote(original)}. "
        "gage verify says whether it has changed; --with copies it"
    )


def _below(project_dir: str, files: Iterable[FoundFile]) -> str:
    levels = max((file.path.count("../") for file in files), default=0)
    parts = os.path.abspath(project_dir).strip("/").split("/")
    return "/".join(parts[-levels:]) if levels else ""
