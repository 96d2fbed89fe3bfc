"""The Gage file: which operations a project has.

`docs/gage-file.md` describes what a Gage file says, `gagefile.schema.json` is that as a JSON
Schema. It is called `gage.toml`, `gage.yaml`, `gage.yml` or `gage.json` and stands in the project
directory, or below it in `.gage` as projects of gage 0.1 may have it.
"""

from __future__ import annotations

import os

from gage._internal.errors import GagefileError, TargetError
from gage._internal.types import PHASES, Fault, OpDef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NamedTuple

    from gage._internal.types import Command

    class OperationHelp(NamedTuple):
        name: str
        description: str
        version: str | None
        is_default: bool
        phases: list[tuple[str, Command]]
        sourcecode: list[str]
        depends: list[str]
        env: dict[str, str]
        src: str | None

else:
    from collections import namedtuple

    OperationHelp = namedtuple(
        "OperationHelp",
        "name description version is_default phases sourcecode depends env src",
    )

OperationHelp.__doc__ = """What a person wants to know of an operation before running it.

`phases` are its commands in the order in which they are carried out; `sourcecode` the patterns as
they are used, the default ones written out; `depends` a line for each dependency.
"""

__all__ = [
    "GAGEFILE_NAMES",
    "GageFile",
    "OperationHelp",
    "check_gagefile",
    "default_operation",
    "describe_operation",
    "find_gagefile",
    "get_operation",
    "load_gagefile",
    "project_dir_of",
    "schema_path",
]

GAGEFILE_NAMES = ("gage.toml", "gage.yaml", "gage.yml", "gage.json")
_DOT_DIR = ".gage"


class GageFile:
    """A Gage file that was read and found right.

    `project_dir` is the directory that its patterns and commands are relative to; `runs_dir` the
    absolute path of `$runs-dir`, None where it is not said; `data` all of the file as written.
    """

    __slots__ = ("data", "operations", "path", "project_dir", "runs_dir")

    def __init__(self, path: str, data: dict[str, Any]) -> None:
        self.path = path
        self.data = data
        self.project_dir = project_dir_of(path)
        runs_dir = data.get("$runs-dir")
        self.runs_dir = (
            None
            if runs_dir is None
            else os.path.normpath(os.path.join(self.project_dir, os.path.expanduser(runs_dir)))
        )
        self.operations = {
            name: OpDef(name, table, path) for name, table in data.items() if name[:1] != "$"
        }

    def __repr__(self) -> str:
        return f"<GageFile {self.path}>"


def find_gagefile(directory: str) -> str | None:
    """Return the path of the Gage file of a directory: there, or in the nearest parent with one.

    Raises
    ------
    GagefileError
        If the directory has more than one, for either may be the one that is meant.
    """
    directory = os.path.abspath(directory)
    while True:
        found = _names_in(directory)
        if os.path.isdir(os.path.join(directory, _DOT_DIR)):
            found += _names_in(os.path.join(directory, _DOT_DIR))
        if len(found) > 1:
            names = [os.path.relpath(path, directory) for path in found]
            message = (
                f"expected one Gage file, found {' and '.join(names)}: "
                "keep one of them and rename or remove the others"
            )
            raise _error([Fault(directory, None, "", message)])
        if found:
            return found[0]
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def project_dir_of(path: str) -> str:
    """Return the directory that patterns and commands of a Gage file are relative to."""
    directory = os.path.dirname(os.path.abspath(path))
    return os.path.dirname(directory) if os.path.basename(directory) == _DOT_DIR else directory


def load_gagefile(path: str) -> GageFile:
    """Read a Gage file.

    Raises
    ------
    GagefileError
        If it cannot be read or does not say what is allowed; its `faults` are all that is wrong.
    """
    path = os.path.abspath(path)
    text, data = _read(path)
    faults = _faults(path, text, data)
    if faults:
        raise _error(faults)
    return GageFile(path, data)


def check_gagefile(path: str) -> list[Fault]:
    """Return everything that is wrong with a Gage file, in the order of its lines.

    Two default operations are a fault here, but do not keep the file from being used.
    """
    path = os.path.abspath(path)
    try:
        text, data = _read(path)
    except GagefileError as error:
        return list(error.faults)
    faults = _faults(path, text, data, full=True)
    defaults = (
        [name for name, table in data.items() if isinstance(table, dict) and table.get("default")]
        if isinstance(data, dict)
        else []
    )
    if len(defaults) > 1:
        message = f"expected one default operation, found {_listed(defaults)}"
        places = [((name, "default"), message) for name in defaults[1:]]
        faults += _placed(path, text, places)
    return sorted(faults, key=lambda fault: (fault.line or 0, fault.key))


def default_operation(gagefile: GageFile) -> OpDef | None:
    """Return the operation that is run where none is named: the default one, or the only one.

    Raises
    ------
    TargetError
        If several operations are the default.
    """
    operations = list(gagefile.operations.values())
    defaults = [opdef for opdef in operations if opdef.default]
    if len(defaults) > 1:
        raise TargetError(
            f"{gagefile.path}: expected one default operation, found "
            f"{_listed(opdef.name for opdef in defaults)}: name the one to run"
        )
    if defaults:
        return defaults[0]
    return operations[0] if len(operations) == 1 else None


def get_operation(gagefile: GageFile, name: str) -> OpDef:
    """Return an operation by its name.

    Raises
    ------
    TargetError
        If there is none of that name.
    """
    if name in gagefile.operations:
        return gagefile.operations[name]
    from gage._internal.suggestions import did_you_mean

    names = list(gagefile.operations)
    sentences = [f"expected an operation of {gagefile.path}, found {name!r}."]
    near = did_you_mean(name, names)
    if near:
        sentences.append(near)
    shown = f"{', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"
    sentences.append(f"Its operations are {shown}" if names else "It defines none")
    raise TargetError(" ".join(sentences))


def describe_operation(opdef: OpDef) -> OperationHelp:
    """Return what a person wants to know of an operation before running it."""
    from gage._internal.sources.selection import sourcecode_patterns

    commands = ((phase.name, opdef.command(phase.name)) for phase in PHASES)
    return OperationHelp(
        opdef.name,
        opdef.description,
        opdef.version,
        opdef.default,
        [(name, command) for name, command in commands if command is not None],
        list(sourcecode_patterns(opdef)),
        [_describe_dependency(table) for table in opdef.depends],
        opdef.env,
        opdef.src,
    )


def schema_path() -> str:
    """Return the path of the JSON Schema of Gage files, for editors."""
    from gage._internal.operations.gagefile_faults import SCHEMA_PATH

    return SCHEMA_PATH


def _names_in(directory: str) -> list[str]:
    """Return the paths of Gage files in a directory; links that lead nowhere are some too."""
    paths = [os.path.join(directory, name) for name in GAGEFILE_NAMES]
    # In a parent that cannot be searched lexists says no: what is there could not be read anyway.
    return [path for path in paths if os.path.lexists(path)]


def _read(path: str) -> tuple[str, Any]:
    """Return the text of a Gage file and its data, not yet checked."""
    from gage._internal.operations.gagefile_text import TextError, parse_text

    raw = _read_bytes(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"expected UTF-8, found the byte 0x{raw[error.start]:02x}"
        raise _error([Fault(path, line, "", message, column)]) from None
    if not text.strip():
        message = "expected a table of operations, found an empty file"
        raise _error([Fault(path, None, "", message)])
    try:
        return text, parse_text(os.path.basename(path), text)
    except TextError as error:
        fault = Fault(path, error.line, "", error.message, error.column)
        raise _error([fault]) from None


def _read_bytes(path: str) -> bytes:
    import stat

    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:
                return file.read()
        found = "a directory" if stat.S_ISDIR(mode) else "something else"
        message = f"expected a file, found {found}"
    except FileNotFoundError:
        where = f"a link to {os.readlink(path)}, which is not there" if os.path.islink(path) else ""
        message = f"expected a Gage file, found {where or 'nothing'}"
    except OSError as error:
        message = f"expected a file that can be read: {error.strerror}"
    raise _error([Fault(path, None, "", message)]) from None


def _faults(path: str, text: str, data: Any, *, full: bool = False) -> list[Fault]:
    from gage._internal.operations.gagefile_faults import faults_of

    try:
        return _placed(path, text, faults_of(data, full=full))
    except RecursionError:  # a YAML alias of what it stands in
        message = "expected tables and lists, found one that holds itself or too many nested"
        return [Fault(path, None, "", message)]


def _placed(
    path: str, text: str, found: Iterable[tuple[tuple[str | int, ...], str]]
) -> list[Fault]:
    """Give each fault the line of its key, or of the nearest key around it."""
    from gage._internal.operations.gagefile_faults import key_text
    from gage._internal.operations.gagefile_text import key_lines

    found = list(found)
    lines = key_lines(os.path.basename(path), text) if found else {}
    faults = []
    for key, message in found:
        around = (key[:end] for end in range(len(key), 0, -1))
        line = next((lines[outer] for outer in around if outer in lines), None)
        faults.append(Fault(path, line, key_text(key), message))
    return sorted(faults, key=lambda fault: fault.line or 0)


def _error(faults: list[Fault]) -> GagefileError:
    return GagefileError("\n".join(str(fault) for fault in faults), tuple(faults))


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _describe_dependency(table: dict[str, Any]) -> str:
    files = ", ".join(table.get("files", [])) or "all files"
    run = table.get("run") or table.get("run-select")
    if run:
        text = f"{files} of run {run}"
    elif "runs-select" in table:
        text = f"summary of runs {table['runs-select']}"
    else:
        text = files
    return f"{text}: {table['description']}" if table.get("description") else text
