"""What can be run: an operation of the Gage file, a script, a module or a notebook."""

from __future__ import annotations

import os

from gage._internal.errors import DependencyError, TargetError
from gage._internal.operations.gagefile import (
    default_operation,
    find_gagefile,
    get_operation,
    load_gagefile,
)
from gage._internal.sources.parsing import quote_pattern
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.text import shortened
from gage._internal.types import GivenFile, OpCmd, OpDef, Operation, OpRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gage._internal.operations.gagefile import GageFile

_NAME_CHARS = 40  # of a name in a list of names
_FAULTY = {"description": "(has faults: gage check)"}

__all__ = [
    "cell_definition",
    "known_operations",
    "known_scripts",
    "resolve_target",
    "with_given_files",
]


def resolve_target(
    target: str | None,
    config: Mapping[str, Any] | None = None,
    args: Sequence[str] = (),
    directory: str | None = None,
    *,
    strict: bool = True,
    complete: bool = True,
) -> Operation:
    """Return the operation that a target names, with the given values.

    Parameters
    ----------
    target
        The name of an operation of the Gage file in the directory or a parent, a `.py` or
        `.ipynb` file, `-m MODULE`, or None for the default operation.
    config
        Values by key, as given; strings are converted to the type of the key's default.
    args
        Further arguments of the command, passed on unchanged.
    directory
        Where the target is looked for; default: the current directory.
    strict
        Whether a value whose type differs from its default's is an error; otherwise it is a note
        of the operation.
    complete
        Whether the arguments that a script requires must have a value.

    Raises
    ------
    TargetError
        If there is no such operation or file, or it has no command.
    ConfigError
        If a key is unknown or a value cannot be given.
    """
    operation = _resolve(target, config, args, directory)
    # The values of a script are in its staged source: they need not be read to start it.
    if operation.config or operation.opdef.src is not None:
        from gage._internal.operations.configuring import configure

        return configure(operation, operation.project_dir, strict=strict, complete=complete)
    return operation


def _resolve(
    target: str | None,
    config: Mapping[str, Any] | None,
    args: Sequence[str],
    directory: str | None,
) -> Operation:
    directory = os.path.abspath(directory or os.getcwd())
    given = dict(config or {})
    gagefile = _gagefile(directory)
    if target is None:
        return _default(gagefile, directory, given, args)
    if gagefile is not None and target in gagefile.names:
        return _of_gagefile(gagefile, get_operation(gagefile, target), given, args)
    if target.startswith("-m "):
        return _module(target[3:].strip(), directory, given, args)
    if target.endswith(".py"):
        return _script(target, directory, given, args)
    if target.endswith(".ipynb"):
        return _notebook(target, directory, given, args)
    raise TargetError(_unknown(target, directory, gagefile))


def with_given_files(
    operation: Operation,
    files: Sequence[str],
    directory: str | None = None,
) -> Operation:
    """Return an operation with further files as dependencies, for `--with FILE`.

    A file of the project keeps its path; any other file goes to the top of the run directory. A
    directory means all its files.

    Raises
    ------
    DependencyError
        If a file does not exist, or two files would have the same path; the error names all faults.
    """
    directory = os.path.abspath(directory or os.getcwd())
    faults: list[str] = []
    given: dict[str, GivenFile] = {}
    for name, path in _files_asked_for(files, directory):
        if not os.path.isfile(path):
            faults.append(f"expected the file {name}, found nothing in {directory}")
            continue
        inside = os.path.commonpath([path, operation.project_dir]) == operation.project_dir
        home = operation.project_dir if inside else _home_of_given(name, path, directory)
        relative = os.path.relpath(path, home).replace(os.sep, "/")
        if relative in given:
            faults.append(f"two files would be {relative} in the run: give one another name")
        given[relative] = GivenFile("d", home, relative, origin=path)
    if faults:
        raise DependencyError("\n".join(faults))
    return operation.but(given=(*operation.given, *given.values()))


def _files_asked_for(names: Sequence[str], directory: str) -> Iterator[tuple[str, str]]:
    """Yield each file with the name that the user gave: for a directory, all its files."""
    for name in names:
        path = os.path.abspath(os.path.join(directory, os.path.expanduser(name)))
        if not os.path.isdir(path):
            yield name, path
            continue
        for parent, directories, files in os.walk(path):
            directories.sort()
            for file in sorted(files):
                yield name, os.path.join(parent, file)


def _home_of_given(name: str, path: str, directory: str) -> str:
    """Return the directory to which a file outside the project is relative in the run."""
    asked = os.path.abspath(os.path.join(directory, os.path.expanduser(name)))
    return os.path.dirname(path if asked == path else asked)


def known_operations(directory: str | None = None) -> list[OpDef]:
    """Return the operations that the Gage file of a directory (or a parent) defines.

    Operations with faults are included; their description says so.
    """
    gagefile = _gagefile(os.path.abspath(directory or os.getcwd()))
    if gagefile is None:
        return []
    return [gagefile.operations.get(name) or OpDef(name, _FAULTY) for name in gagefile.names]


def known_scripts(directory: str | None = None) -> list[str]:
    """Return the names of the scripts and notebooks in a directory, sorted."""
    try:
        names = os.listdir(directory or os.getcwd())
    except OSError:
        return []
    return sorted(
        name for name in names if name.endswith((".py", ".ipynb")) and not name.startswith(".")
    )


def _gagefile(directory: str) -> GageFile | None:
    path = find_gagefile(directory)
    return None if path is None else load_gagefile(path)


def _default(
    gagefile: GageFile | None, directory: str, given: dict[str, Any], args: Sequence[str]
) -> Operation:
    opdef = None if gagefile is None else default_operation(gagefile)
    if gagefile is None or opdef is None:
        choices = gagefile.names if gagefile else []
        choices += known_scripts(directory)
        raise TargetError(
            "expected something to run, found nothing: name an operation, a .py file, "
            f"an .ipynb file or -m MODULE. Here: {_names(choices)}"
        )
    return _of_gagefile(gagefile, opdef, given, args)


def _of_gagefile(
    gagefile: GageFile, opdef: OpDef, given: dict[str, Any], args: Sequence[str]
) -> Operation:
    command = opdef.command("run")
    if command is None:
        raise TargetError(
            f"operation {opdef.name!r} of {gagefile.path} has no command: "
            'add exec = "COMMAND" (or exec.run) to it'
        )
    if args:
        if isinstance(command, str) and command.startswith("#!"):
            raise TargetError(
                f"operation {opdef.name!r} of {gagefile.path} takes no arguments, found "
                f"{list(args)}: its command is a script of its own"
            )
        if isinstance(command, str):
            import shlex

            command = f"{command.rstrip()} {shlex.join(args)}"
        else:
            command = [*command, *args]
    opref = OpRef("gage", opdef.name)
    return Operation(opref, opdef, OpCmd(command, opdef.env), given, gagefile.project_dir)


def _script(target: str, directory: str, given: dict[str, Any], args: Sequence[str]) -> Operation:
    path, project_dir = _file(target, directory)
    # The interpreter would read a name with a dash as options.
    program = f"./{path}" if path.startswith("-") else path
    patterns = [quote_pattern(path)]
    operation = _without_gagefile(
        "script", path, ["python", program, *args], project_dir, given, patterns
    )
    if not _mentions_parser(os.path.join(project_dir, path)):
        return operation
    data = {**operation.opdef.data, "config": [{"keys": [f"{patterns[0]}#*", "args"]}]}
    return operation.but(opdef=OpDef(path, data))


def _mentions_parser(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"argparse" in file.read()
    except OSError:
        return False  # what reads it for the run says why


def _notebook(target: str, directory: str, given: dict[str, Any], args: Sequence[str]) -> Operation:
    if args:
        raise TargetError(f"a notebook takes no arguments, found {list(args)}: set k=v instead")
    path, project_dir = _file(target, directory)
    _check_language(project_dir, path)
    command = ["python", "-m", "gage.inside.notebook", path]
    return _without_gagefile("notebook", path, command, project_dir, given, [quote_pattern(path)])


def _check_language(project_dir: str, path: str) -> None:
    from gage._internal.sources.cell_text import language_of, read_notebook

    try:
        with open(os.path.join(project_dir, path), "rb") as file:
            data = file.read()
    except OSError as error:
        raise TargetError(f"cannot read {path}: {error.strerror}") from error
    language = language_of(read_notebook(data, path))
    if language != "python":
        raise TargetError(
            f"{path} is a notebook in {language}: expected one in Python. "
            "gage runs programs of any language as operations of a Gage file"
        )


def _module(name: str, directory: str, given: dict[str, Any], args: Sequence[str]) -> Operation:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(f"expected -m MODULE with a dotted name, found {name!r}")
    return _without_gagefile("module", name, ["python", "-m", name, *args], directory, given, [])


def _without_gagefile(
    namespace: str,
    name: str,
    command: list[str],
    project_dir: str,
    given: dict[str, Any],
    patterns: list[str],
) -> Operation:
    # The last match wins: the target is selected even if the defaults would leave it out.
    data: dict[str, Any] = {
        "exec": {"run": command},
        "sourcecode": [*DEFAULT_PATTERNS, *patterns],
    }
    if patterns:
        data["config"] = [{"keys": [f"{patterns[0]}#*"]}]
    opdef = OpDef(name, data)
    return Operation(OpRef(namespace, name), opdef, OpCmd(command, {}), given, project_dir)


def cell_definition(name: str, command: list[str], values_of: str | None) -> OpDef:
    """Return the definition of a cell as an operation.

    Parameters
    ----------
    values_of
        The staged file whose values can be set; None if its values cannot be read.
    """
    data: dict[str, Any] = {"exec": {"run": command}, "sourcecode": list(DEFAULT_PATTERNS)}
    if values_of is not None:
        data["config"] = [{"keys": [f"{quote_pattern(values_of)}#*"]}]
    return OpDef(name, data)


def _file(target: str, directory: str) -> tuple[str, str]:
    """Return the path of a file relative to the project directory, and that directory."""
    path = os.path.abspath(os.path.join(directory, os.path.expanduser(target)))
    if not os.path.isfile(path):
        what = "a directory" if os.path.isdir(path) else "nothing"
        raise TargetError(
            f"expected the file {target}, found {what} in {directory}{_near(target, directory)}"
        )
    if os.path.commonpath([path, directory]) == directory:
        return os.path.relpath(path, directory).replace(os.sep, "/"), directory
    return os.path.basename(path), os.path.dirname(path)


def _unknown(target: str, directory: str, gagefile: GageFile | None) -> str:
    from gage._internal.suggestions import did_you_mean

    scripts, operations = known_scripts(directory), [] if gagefile is None else gagefile.names
    found = f"expected a .py file, an .ipynb file, -m MODULE or an operation, found {target!r}"
    sentences = [f"{found}."]
    near = did_you_mean(target, [*operations, *scripts])
    if near:
        sentences.append(near)
    if gagefile is None:
        sentences.append(f"There is no Gage file in {directory} or above it.")
    else:
        sentences.append(f"Operations of {gagefile.path}: {_names(operations)}.")
    if scripts and not near:
        sentences.append(f"Files here: {_names(scripts)}.")
    return " ".join(sentences).removesuffix(".")


def _near(target: str, directory: str) -> str:
    """Return the end of a message: files of the same kind that may be meant, or that exist."""
    from gage._internal.suggestions import did_you_mean, near_misses

    stem, suffix = os.path.splitext(target)
    files = [name for name in known_scripts(directory) if name.endswith(suffix)]
    stems = {name.removesuffix(suffix): name for name in files}  # `.py` makes no names alike
    near = did_you_mean(target, [stems[name] for name in near_misses(stem, stems)])
    if near:
        return f". {near}"
    return f". Here: {_names(files, most=5)}" if files else ""


def _names(names: Sequence[str], most: int = 12) -> str:
    """Return names for a message, the first of many, each short enough for a line."""
    if not names:
        return "none"
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    shown = ", ".join(shortened(name, _NAME_CHARS) for name in names[:most])
    return " ".join([shown, *more])
