"""The side-car of a run: its files, and how each is written and read.

    __schema__              version of this layout, an integer
    id, name                the run's id (a UUID) and the name made from it
    opref                   `1 NAMESPACE NAME`; the leading 1 is the version of this line
    opdef.json config.json  the operation's definition and the run's configuration
    proc/cmd                the command, one argument a line (`quoting`)
    proc/env                variables that the operation sets, `NAME=value` lines, sorted
                            (`quoting`)
    proc/supervisor         supervisor and keeper of the run, one a line (`process.Identity`)
    proc/command            the process of the run's command, likewise
    proc/exit               exit code; below 0, the negated number of the signal that ended it
    proc/reason             why the run ended, if the exit code does not say it
    proc/stop               `stop_request`
    initialized staged      epoch microseconds (UTC), one integer each
    started stopped
    log/runner log/notes    `runner_log`
    log/files               `file_log`
    log/patched             unified diff of what the configuration changed
    output/NN_phase[.index] `output.format`
    manifest                `manifest`
    resources               `resources.log`
    user/NAME sys/NAME      attributes of the user and of the system, JSON

All text is UTF-8 with surrogate escapes, so that names of files keep their bytes.
"""

from __future__ import annotations

import os

from gage._internal.atomic import append, replace, write_new
from gage._internal.errors import MetaError
from gage._internal.guarded import read_regular
from gage._internal.light_json import dumps, loads
from gage._internal.quoting import quote, unquote
from gage._internal.record.layout import META_SUFFIX, run_meta_path
from gage._internal.record.reading import read_text, unreadable
from gage._internal.record.runner_log import encode_entries
from gage._internal.types import OpCmd, OpDef, OpRef, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "SCHEMA",
    "check_schema",
    "encode_definition",
    "encode_json",
    "meta_config",
    "meta_opcmd",
    "meta_opdef",
    "meta_opref",
    "read_attr",
    "read_attrs",
    "read_timestamp",
    "run_attrs",
    "run_for_meta_dir",
    "write_attr",
    "write_definition",
    "write_timestamp",
]

SCHEMA = "1"

_READ_ONLY = 0o444
_MOST_DIGITS_OF_A_TIME = 17


def run_for_meta_dir(meta_dir: str) -> Run:
    """Return the run that a side-car belongs to.

    Raises
    ------
    MetaError
        If the side-car is of another version, or its id or name cannot be read.
    """
    if not check_schema(meta_dir):
        raise MetaError(f"{os.path.join(meta_dir, '__schema__')}: expected the version, found none")
    run_id = _read_meta(meta_dir, "id").strip()
    expected = os.path.basename(meta_dir).removesuffix(META_SUFFIX)
    if run_id != expected:
        raise MetaError(
            f"{os.path.join(meta_dir, 'id')}: expected {expected!r} as the directory says, "
            f"found {run_id[:60]!r}"
        )
    name = _read_meta(meta_dir, "name").strip()
    return Run(run_id, name, meta_dir.removesuffix(META_SUFFIX), meta_dir)


def check_schema(meta_dir: str) -> bool:
    """Return whether a side-car has its version; a run that is being made may not have it yet.

    Raises
    ------
    MetaError
        If it is not our version.
    """
    path = os.path.join(meta_dir, "__schema__")
    try:
        schema = read_regular(path).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    if schema in ("", SCHEMA):
        return bool(schema)
    age = ""
    if schema.isascii() and schema.isdigit() and len(schema) < 9:
        age = " (newer)" if int(schema) > int(SCHEMA) else " (older)"
    raise MetaError(
        f"{path}: expected version {SCHEMA} of the run layout, found {schema[:40]!r}{age}: "
        "read it with the gage that wrote it"
    )


# The parts of a run, read back


def meta_opref(run: Run) -> OpRef:
    """Return the reference of the run's operation."""
    path = run_meta_path(run, "opref")
    text = _read_meta(run.meta_dir, "opref").rstrip("\n")
    version, _, names = text.partition(" ")
    namespace, _, name = names.partition(" ")
    if version != "1" or not name:
        raise MetaError(f"{path}: expected '1 NAMESPACE NAME', found {text[:80]!r}")
    try:
        return OpRef(namespace, unquote(name))
    except ValueError as error:
        raise MetaError(f"{path}: {error}") from None


def meta_opdef(run: Run) -> OpDef:
    """Return the definition of the run's operation, as it was when the run was made."""
    return OpDef(meta_opref(run).op_name, _read_json_object(run, "opdef.json"))


def meta_config(run: Run) -> dict[str, Any]:
    """Return the configuration of the run."""
    return _read_json_object(run, "config.json")


def meta_opcmd(run: Run) -> OpCmd:
    """Return the command of the run and the environment that its operation sets."""
    lines = _lines(run, "proc", "cmd")
    args: list[str] | str = lines
    if len(lines) == 1 and lines[0].startswith("#!"):
        args = lines[0]
    env: dict[str, str] = {}
    for line in _lines(run, "proc", "env"):
        name, _, value = line.partition("=")
        env[name] = value
    return OpCmd(args, env)


def read_timestamp(run: Run, name: str) -> int | None:
    """Return `initialized`, `staged`, `started` or `stopped` in epoch µs, None if not yet.

    Raises
    ------
    MetaError
        If the file holds anything but one integer.
    """
    text = read_text(run, name)
    if text is None:
        return None
    digits = text.strip()
    # More digits would be a time after the year 9999, which cannot be shown.
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS_OF_A_TIME):
        path = run_meta_path(run, name)
        raise MetaError(f"{path}: expected epoch microseconds, found {text[:40]!r}")
    return int(digits)


def read_attr(run: Run, kind: str, name: str, default: Any = None) -> Any:
    """Return an attribute; `kind` is `user` or `sys`."""
    text = read_text(run, kind, name)
    if text is None:
        return default
    return _parse_json(run_meta_path(run, kind, name), text)


def read_attrs(run: Run, kind: str) -> dict[str, Any]:
    """Return all attributes of a kind (`user` or `sys`), sorted by name."""
    try:
        names = sorted(os.listdir(run_meta_path(run, kind)))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise unreadable(run_meta_path(run, kind), error) from error
    return {name: read_attr(run, kind, name) for name in names if not name.endswith(".tmp")}


def run_attrs(run: Run) -> dict[str, dict[str, Any]]:
    """Return all attributes of a run by kind, `user` and `sys`, and by name."""
    return {kind: read_attrs(run, kind) for kind in ("user", "sys")}


# The parts of a run, written


def write_attr(run: Run, kind: str, name: str, value: Any) -> None:
    """Write an attribute as JSON, replacing an earlier value."""
    path = run_meta_path(run, kind, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    replace(path, encode_json(value))


def write_timestamp(run: Run, name: str, value_us: int) -> None:
    """Write a timestamp; a second one of the same name replaces the first."""
    replace(run_meta_path(run, name), b"%d\n" % value_us)


def write_definition(
    run: Run,
    opref: OpRef,
    opdef: OpDef,
    config: dict[str, Any],
    cmd: OpCmd,
    initialized_us: Callable[[], int],
    attrs: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write the definition of the run into an empty side-car, read-only; `initialized` comes last.

    `attrs` are attributes by kind (`user`, `sys`) and name; bytes are JSON already (`encode_json`).

    Raises
    ------
    ValueError
        If the namespace has white space, which the line of `opref` cannot hold.
    """
    *files, opref_file = encode_definition(run, opref, opdef, config, cmd)
    files += [
        (f"{kind}/{name}", value if isinstance(value, bytes) else encode_json(value))
        for kind, values in (attrs or {}).items()
        for name, value in values.items()
    ]
    files.append(opref_file)
    for file_name, data in files:
        write_new(run_meta_path(run, *file_name.split("/")), data, _mode(file_name))
    names = [name for name, _ in files[1:]]
    entries = encode_entries(f"Writing meta {name}" for name in (*names, "initialized"))
    append(run_meta_path(run, "log", "runner"), entries)
    write_new(run_meta_path(run, "initialized"), b"%d\n" % initialized_us(), _READ_ONLY)


def _mode(file_name: str) -> int:
    # The supervisor locks this file; some file systems lock only writable files.
    return 0o666 if file_name == "__schema__" else _READ_ONLY


def encode_definition(
    run: Run, opref: OpRef, opdef: OpDef, config: dict[str, Any], cmd: OpCmd
) -> list[tuple[str, bytes]]:
    """Return the files of the run's definition by name, in the order of writing.

    Raises
    ------
    ValueError
        If the namespace has white space, which the line of `opref` cannot hold.
    """
    if not opref.op_ns or any(char.isspace() for char in opref.op_ns):
        raise ValueError(f"expected a namespace without white space, found {opref.op_ns!r}")
    args = [cmd.args] if isinstance(cmd.args, str) else cmd.args
    if isinstance(cmd.args, str) and not cmd.args.startswith("#!"):
        args = ["sh", "-c", cmd.args]
    env = [f"{name}={value}" for name, value in sorted(cmd.env.items())]
    return [
        ("__schema__", SCHEMA.encode() + b"\n"),
        ("id", run.id.encode() + b"\n"),
        ("name", run.name.encode() + b"\n"),
        ("opdef.json", encode_json(opdef.data)),
        ("config.json", encode_json(config)),
        ("proc/cmd", _encode_lines(args)),
        ("proc/env", _encode_lines(env)),
        ("opref", f"1 {opref.op_ns} {quote(opref.op_name)}\n".encode("utf-8", "surrogateescape")),
    ]


def encode_json(value: Any) -> bytes:
    """Return a value as the JSON of a side-car: indented, in the order given."""
    return dumps(value).encode() + b"\n"


def _read_meta(meta_dir: str, name: str) -> str:
    path = f"{meta_dir}/{name}"  # as in `run_meta_path`
    try:
        return read_regular(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise unreadable(path, error) from error


def _lines(run: Run, *names: str) -> list[str]:
    text = _read_meta(run.meta_dir, "/".join(names))
    try:
        return [unquote(line) for line in text.split("\n")[:-1]]
    except ValueError as error:
        raise MetaError(f"{run_meta_path(run, *names)}: {error}") from error


def _encode_lines(items: list[str]) -> bytes:
    return "".join(f"{quote(item)}\n" for item in items).encode("utf-8", "surrogateescape")


def _read_json_object(run: Run, name: str) -> dict[str, Any]:
    value = _parse_json(run_meta_path(run, name), _read_meta(run.meta_dir, name))
    if not isinstance(value, dict):
        raise MetaError(f"{run_meta_path(run, name)}: expected a JSON object")
    return value


def _parse_json(path: str, text: str) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise MetaError(f"{path}: expected JSON: {error}") from error
