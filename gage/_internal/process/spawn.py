"""Starting a command in its own session, or finding the reason why it cannot be started.

The pid of a command is also the number of its session and of its process group.
"""

from __future__ import annotations

# `_signal`, since the module `signal` makes enums, which takes a third of the interpreter's start.
import _signal  # type: ignore[import-not-found]
import errno
import os
import sys

from gage._internal.process.command import find_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "can_fork",
    "fork_exec",
    "has_threads",
    "spawn",
    "start_fault",
]

# The descriptor of a gate in the new process; the one before it is for a fault of its start.
_GATE_FD = 4


def spawn(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    stdout_fd: int,
    stderr_fd: int,
    stdin_fd: int | None = None,
    in_child: Callable[[], object] | None = None,
) -> int:
    """Start a command in its own session; return its pid. By default it has no input.

    The caller waits for it with `os.waitpid`. This is safe in a process with threads. `in_child` is
    called in the new process before the program starts, if that is made by a fork: not if this
    process has threads or has loaded `subprocess`.

    Raises
    ------
    OSError
        If the directory or the program does not exist or cannot be used: see `start_fault`.
    """
    if can_fork():
        return fork_exec(argv, cwd, env, stdout_fd, stderr_fd, in_child, stdin_fd)
    import subprocess

    _check_directory(cwd)
    process = subprocess.Popen(
        argv,
        executable=find_program(argv[0] if argv else "", env, cwd),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL if stdin_fd is None else stdin_fd,
        stdout=stdout_fd,
        stderr=stderr_fd,
        start_new_session=True,
    )
    process.returncode = 0  # keeps `subprocess` from reaping it: the caller waits for its pid
    return process.pid


def fork_exec(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    stdout_fd: int,
    stderr_fd: int,
    in_child: Callable[[], object] | None = None,
    stdin_fd: int | None = None,
    gate: tuple[str, int] | None = None,
) -> int:
    """Do the work of `spawn` in a process without threads and without `subprocess`.

    `in_child` is called in the new process before the program starts. `gate` is a descriptor that
    the program inherits, and the variable of its environment that gets the number.
    """
    if gate is not None and gate[1] <= _GATE_FD:
        raise ValueError(f"expected a descriptor above {_GATE_FD}, found {gate[1]}")
    _check_directory(cwd)
    program = find_program(argv[0] if argv else "", env, cwd)
    for text in (*argv, *env, *env.values()):
        if "\0" in text:
            raise ValueError(f"a command and its environment cannot hold NUL: {text[:80]!r}")
    fault_read, fault_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        fds = (stdin_fd, stdout_fd, stderr_fd)
        if gate is not None:
            env = {**env, gate[0]: str(_GATE_FD)}
        _become(program, argv, cwd, env, fds, fault_write, in_child, gate and gate[1])
    os.close(fault_write)
    fault = os.read(fault_read, 16)  # the pipe ends when the program starts
    os.close(fault_read)
    if fault:
        os.waitpid(pid, 0)
        code = int(fault)
        raise OSError(code, os.strerror(code), program)
    return pid


def start_fault(error: OSError | ValueError, argv: list[str]) -> tuple[int, str]:
    """Return exit code (as in shells) and reason for a command that could not be started."""
    name = argv[0] if argv else ""
    if not isinstance(error, OSError):
        return 126, f"cannot start {name!r}: {error}"
    code = 127 if isinstance(error, (FileNotFoundError, NotADirectoryError)) else 126
    about = f" ({error.filename})" if error.filename not in (None, name) else ""
    what = "command not found" if code == 127 and error.filename == name else error.strerror
    return code, f"cannot start {name!r}: {what}{about}"


def _become(
    program: str,
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    fds: tuple[int | None, int, int],
    fault_fd: int,
    in_child: Callable[[], object] | None,
    gate_fd: int | None,
) -> None:
    """Replace this process, which was just forked, by the program; never returns."""
    try:
        if in_child is not None:
            in_child()
        os.setsid()
        os.chdir(cwd)
        stdin_fd = os.open(os.devnull, os.O_RDONLY) if fds[0] is None else fds[0]
        for source, target in zip((stdin_fd, *fds[1:]), range(3), strict=True):
            os.dup2(source, target)
        # Python's descriptors are closed by exec; those of other libraries would stay open.
        if fault_fd != 3:
            fault_fd = os.dup2(fault_fd, 3, inheritable=False)
        if gate_fd is not None:
            os.dup2(gate_fd, _GATE_FD)
        os.closerange(_GATE_FD + (gate_fd is not None), 4096)
        # Signals that Python or this process ignores would be ignored by the command too.
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGXFSZ", "SIGXFZ"):
            if hasattr(_signal, name):
                _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
        os.execve(program, argv, env)  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        os.write(fault_fd, b"%d" % (error.errno or errno.EINVAL))
    finally:
        os._exit(127)


def _check_directory(cwd: str) -> None:
    """Raise an error for a directory that cannot be entered; exec would blame the program."""
    if not os.path.isdir(cwd):
        code = errno.ENOTDIR if os.path.exists(cwd) else errno.ENOENT
        raise OSError(code, os.strerror(code), cwd)


def can_fork() -> bool:
    """Return whether a fork of this process can prepare a command in Python."""
    return "subprocess" not in sys.modules and not has_threads()


def has_threads() -> bool:
    """Return whether this process runs more than one thread of Python's."""
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1
