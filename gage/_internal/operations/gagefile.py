"""The Gage file: the operations of a project.

`docs/gage-file.md` describes Gage files; `gagefile.schema.json` is their JSON Schema. A Gage file
is named `gage.toml`, `gage.yaml`, `gage.yml` or `gage.json`. It is in the project directory, or in
its directory `.gage`, as in projects of gage 0.1.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError, GagefileError, MalformedError, TargetError
from gage._internal.named import NamedTuple
from gage._internal.text import listed
from gage._internal.types import PHASES, Fault, OpDef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gage._internal.config.document import Document
    from gage._internal.operations.explaining import Found
    from gage._internal.types import Command


class OperationHelp(NamedTuple):
    """The description of an operation for its users.

    `phases` are its commands in the order of their execution; `sourcecode` the patterns in use,
    with the defaults written out; `depends` a line for each dependency.
    """

    name: str
    description: str
    version: str | None
    is_default: bool
    phases: list[tuple[str, Command]]
    sourcecode: list[str]
    depends: list[str]
    env: dict[str, str]
    src: str | None


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
    "operation_faults",
    "project_dir_of",
    "schema_path",
]

GAGEFILE_NAMES = ("gage.toml", "gage.yaml", "gage.yml", "gage.json")
_DOT_DIR = ".gage"
_MOST_BYTES = 1_000_001  # one more than a Gage file may have


class GageFile:
    """A Gage file that was read.

    `project_dir` is the directory that its patterns and commands are relative to; `data` its
    content as written; `operations` those that can be run; `faulty` the keys at the top whose
    values are not valid: `operation_faults` returns their faults.
    """

    __slots__ = ("data", "faulty", "operations", "path", "project_dir")

    def __init__(self, path: str, data: dict[str, Any], faulty: Iterable[str] = ()) -> None:
        self.path = path
        self.data = data
        self.faulty = tuple(faulty)
        self.project_dir = project_dir_of(path)
        self.operations = {
            name: OpDef(name, table, path)
            for name, table in data.items()
            if name[:1] != "$" and name not in self.faulty
        }

    def __repr__(self) -> str:
        return f"<GageFile {self.path}>"

    @property
    def names(self) -> list[str]:
        """The names of all operations, including those with faults."""
        return [name for name in self.data if name[:1] != "$"]

    @property
    def runs_dir(self) -> str | None:
        """The absolute path of `$runs-dir`, None if there is none.

        Raises
        ------
        GagefileError
            If `$runs-dir` has a fault, since runs would go to the wrong place.
        """
        if "$runs-dir" in self.faulty:
            raise _error(operation_faults(self, "$runs-dir"))
        runs_dir = self.data.get("$runs-dir")
        if runs_dir is None:
            return None
        return os.path.normpath(os.path.join(self.project_dir, os.path.expanduser(runs_dir)))


def find_gagefile(directory: str) -> str | None:
    """Return the path of the Gage file in a directory or in its nearest parent with one.

    Raises
    ------
    GagefileError
        If the directory has more than one, since either may be meant.
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
    """Read a Gage file. A fault affects only its own operation; the others can be run.

    Raises
    ------
    GagefileError
        If the file as a whole cannot be read; `faults` has every fault.
    """
    from gage._internal.operations.gagefile_cache import cache_path, keep, kept

    path = os.path.abspath(path)
    raw = _read_bytes(path)
    cached = cache_path(path, raw)
    known = kept(cached)
    if known is None:
        known = _data_and_faulty(path, raw)
        keep(cached, *known)
    return GageFile(path, *known)


def check_gagefile(path: str) -> list[Fault]:
    """Return all faults of a Gage file, in the order of its lines.

    Two default operations are a fault here, but the file can still be used.
    """
    path = os.path.abspath(path)
    try:
        document = _document(path, _read_bytes(path))
    except GagefileError as error:
        return list(error.faults)
    found = _found_in(document, full=True)
    defaults = [
        name
        for name, table in document.data().items()
        if isinstance(table, dict) and table.get("default") is True
    ]
    if len(defaults) > 1:
        message = f"expected one default operation, found {listed(defaults)}"
        found += [((name, "default"), message) for name in defaults[1:]]
    return _placed(document, found)


def operation_faults(gagefile: GageFile, name: str) -> list[Fault]:
    """Return the faults of one operation of a Gage file, in the order of its lines."""
    document = _document(gagefile.path, _read_bytes(gagefile.path))
    return _placed(document, [found for found in _found_in(document) if found[0][:1] == (name,)])


def default_operation(gagefile: GageFile) -> OpDef | None:
    """Return the operation to run if none is named: the default one, or the only one.

    Raises
    ------
    TargetError
        If several operations are the default.
    GagefileError
        If the operation has faults.
    """
    defaults = [
        name
        for name in gagefile.names
        if isinstance(gagefile.data[name], dict) and gagefile.data[name].get("default") is True
    ]
    if len(defaults) > 1:
        raise TargetError(
            f"{gagefile.path}: expected one default operation, found {listed(defaults)}: "
            "name the one to run"
        )
    if not defaults and len(gagefile.names) == 1:
        defaults = gagefile.names
    return get_operation(gagefile, defaults[0]) if defaults else None


def get_operation(gagefile: GageFile, name: str) -> OpDef:
    """Return an operation by its name.

    Raises
    ------
    TargetError
        If there is no operation with that name.
    GagefileError
        If the operation has faults.
    """
    if name in gagefile.operations:
        return gagefile.operations[name]
    if name in gagefile.names:
        raise _error(operation_faults(gagefile, name))
    from gage._internal.suggestions import did_you_mean

    names = gagefile.names
    sentences = [f"expected an operation of {gagefile.path}, found {name!r}."]
    near = did_you_mean(name, names)
    if near:
        sentences.append(near)
    shown = f"{', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"
    sentences.append(f"Its operations are {shown}" if names else "It defines none")
    raise TargetError(" ".join(sentences))


def describe_operation(opdef: OpDef) -> OperationHelp:
    """Return the description of an operation for its users."""
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
    from gage._internal.operations.schema_check import SCHEMA_PATH

    return SCHEMA_PATH


def _names_in(directory: str) -> list[str]:
    """Return the paths of Gage files in a directory, including dangling links."""
    paths = [os.path.join(directory, name) for name in GAGEFILE_NAMES]
    # `lexists` is False in a parent that cannot be searched, whose files could not be read anyway.
    return [path for path in paths if os.path.lexists(path)]


def _document(path: str, raw: bytes) -> Document:
    from gage._internal.operations.gagefile_text import read_gagefile

    if not raw.removeprefix(b"\xef\xbb\xbf").strip():
        message = "expected a table of operations, found an empty file"
        raise _error([Fault(path, None, "", message)])
    try:
        return read_gagefile(path, raw)
    except MalformedError as error:
        raise _error([Fault(path, error.line, "", error.problem, error.column)]) from None
    except ConfigError as error:
        raise _error([Fault(path, None, "", str(error).removeprefix(f"{path}: "))]) from None


def _data_and_faulty(path: str, raw: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the data of a Gage file and the keys at its top that have faults."""
    from gage._internal.operations.gagefile_faults import faulty_operations
    from gage._internal.operations.gagefile_text import oddities_of

    document = _document(path, raw)
    data = document.data()
    odd = oddities_of(document)
    of_no_key = [found for found in odd if not found[0]]
    if of_no_key:
        raise _error(_placed(document, of_no_key))
    faulty = {*faulty_operations(data), *(key[0] for key, _ in odd)}
    return data, [name for name in data if name in faulty]


def _found_in(document: Document, *, full: bool = False) -> list[Found]:
    from gage._internal.operations.gagefile_faults import faults_of
    from gage._internal.operations.gagefile_text import oddities_of

    odd = oddities_of(document)
    known = {key for key, _ in odd}
    others = faults_of(document.data(), full=full)
    return [*odd, *(found for found in others if found[0] not in known)]


def _read_bytes(path: str) -> bytes:
    import stat

    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:
                return file.read(_MOST_BYTES)
        found = "a directory" if stat.S_ISDIR(mode) else "something else"
        message = f"expected a file, found {found}"
    except FileNotFoundError:
        where = (
            f"a link to {os.readlink(path)}, which does not exist" if os.path.islink(path) else ""
        )
        message = f"expected a Gage file, found {where or 'nothing'}"
    except OSError as error:
        message = f"expected a file that can be read: {error.strerror}"
    raise _error([Fault(path, None, "", message)]) from None


def _placed(document: Document, found: Iterable[Found]) -> list[Fault]:
    """Give each fault the line of its key, or of the nearest key around it."""
    from gage._internal.operations.explaining import key_text
    from gage._internal.operations.gagefile_text import line_of

    faults = [
        Fault(document.path, line_of(document, key), key_text(key), message)
        for key, message in found
    ]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _error(faults: list[Fault]) -> GagefileError:
    return GagefileError("\n".join(str(fault) for fault in faults), tuple(faults))


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
