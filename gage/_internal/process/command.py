"""The words of a command, its environment, and the program of its first word."""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.types import Command, Run

__all__ = [
    "child_env",
    "command_argv",
    "find_program",
    "program_env",
    "supervisor_command",
]

_PACKAGE_HOME = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]
_SITE_DIR = os.path.join(_PACKAGE_HOME, "gage", "inside", "site")
_SUPERVISOR = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from gage._internal.running.supervisor import main; main(*sys.argv[2:])"
)

# `-m` loads `runpy`, which takes a fifth of the time of a short cell.
_CELL = ["-m", "gage.inside.cell"]
_SAME_QUICKLY = ["-c", "from gage.inside.cell import main; main()"]


def command_argv(
    command: Command, script_path: str, op_env: Mapping[str, str] | None = None
) -> list[str]:
    """Return the words of a command.

    A script whose first line is `#!interpreter` is written to `script_path`; any other string is
    for the shell. A first word `python` or `python3` means this interpreter, unless the operation
    sets its own PATH. The program of a cell is started in a quicker way than `-m`.
    """
    if isinstance(command, str) and command.startswith("#!"):
        words = command.partition("\n")[0][2:].split()
        if not words:
            raise ValueError(f"expected an interpreter after '#!', found {command[:80]!r}")
        _write_script(script_path, command)
        argv = [*words, script_path]
    elif isinstance(command, str):
        argv = ["sh", "-c", command]
    else:
        argv = list(command)
    if argv and argv[0] in ("python", "python3") and "PATH" not in (op_env or {}):
        argv[0] = sys.executable
        if argv[1:3] == _CELL:
            argv[1:3] = _SAME_QUICKLY
    return argv


def child_env(parent: Mapping[str, str], run: Run, op_env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run's command: parent's, run's, operation's, in this order.

    The directory of this interpreter comes first on PATH, so that `python` means the same program
    in a shell command and in a list.
    """
    env = dict(parent)
    directory = os.path.dirname(sys.executable)
    path = env.get("PATH", os.defpath)
    if directory and path.split(os.pathsep)[0] != directory:
        path = directory + os.pathsep + path
    env.update(
        PATH=path,
        PYTHONUNBUFFERED="1",
        RUN_DIR=run.run_dir,
        RUN_ID=run.id,
        run_dir=run.run_dir,
        run_id=run.id,
    )
    env.update(op_env)
    return env


def program_env(parent: Mapping[str, str], run: Run, op_env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run's main command, whose results are recorded.

    It is that of `child_env`, with the directory of our `sitecustomize`, which watches imports,
    first on PYTHONPATH. The Matplotlib backend of a notebook's kernel is left out: it would not
    show figures in a run.
    """
    backend = parent.get("MPLBACKEND", "")
    if backend.startswith("module://") or backend.lower() in {"inline", "nbagg", "ipympl"}:
        parent = {name: value for name, value in parent.items() if name != "MPLBACKEND"}
    env = child_env(parent, run, op_env)
    given = [place for place in env.get("PYTHONPATH", "").split(os.pathsep) if place != _SITE_DIR]
    env["PYTHONPATH"] = os.pathsep.join([_SITE_DIR, *filter(None, given)])
    return env


def find_program(name: str, env: Mapping[str, str], cwd: str) -> str:
    """Return the path of the program of a command's first word, searched like a shell.

    Raises
    ------
    FileNotFoundError
        If there is no such program.
    PermissionError
        If the program is not executable.
    """
    if "/" in name:
        directories = [""]
    else:
        directories = env.get("PATH", os.defpath).split(os.pathsep) if name else []
    refused = None
    for directory in directories:
        path = os.path.join(cwd, directory, name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            refused = refused or path
    if refused is not None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), refused)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def supervisor_command(meta_dir: str | None = None) -> list[str]:
    """Return the command that supervises a staged run; without a run, its input names one.

    The interpreter is isolated and without `site`, which halves its start: the supervisor needs
    only the standard library and this package.
    """
    python = sys.executable
    run = [] if meta_dir is None else [os.path.abspath(meta_dir)]
    return [python, "-I", "-S", "-c", _SUPERVISOR, _PACKAGE_HOME, *run]


def _write_script(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700)
    with open(fd, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
