"""Processes: which one it is, how a run's command is started, how it and its tree are stopped.

A process is named by an `Identity`, one line in a file:

    PID START BOOT HOST

PID in decimal; START the time it was started as the system counts it (Linux: clock ticks since
boot; elsewhere the date that `ps` prints, blanks as `_`); BOOT the boot and, on Linux, the pid
namespace (`UUID:INODE`; `-` where START is a date and says enough); HOST the machine's name. A
pid alone names nothing: it is used again by others.

Every command runs in a session of its own, so that its pid is also the number of its session and
of its process group. What a signal to a run reaches: SIGINT its process group, as Ctrl-C in a
terminal does; SIGTERM and SIGKILL, where there is a `/proc`, also the rest of its session and all
descendants, whatever session they moved to. A process that detached itself from its parents
before anybody looked, on a system where nobody inherits orphans (see `supervisor`), is not found.
"""

from __future__ import annotations

# `_signal`, since the module `signal` wraps it in enums: a third of the interpreter's own start.
import _signal  # type: ignore[import-not-found]
import errno
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NamedTuple

    from gage._internal.types import Command, Run

    class Identity(NamedTuple):
        pid: int
        start: str
        boot: str
        host: str

    class ProcessStat(NamedTuple):
        pid: int
        state: str
        parent: int
        group: int
        session: int
        start: str

else:
    from collections import namedtuple

    Identity = namedtuple("Identity", "pid start boot host")
    ProcessStat = namedtuple("ProcessStat", "pid state parent group session start")

__all__ = [
    "SIGINT",
    "SIGKILL",
    "SIGTERM",
    "Child",
    "Escalation",
    "Identity",
    "child_env",
    "command_argv",
    "decode_identity",
    "encode_identity",
    "find_program",
    "fork_exec",
    "identity_of",
    "is_alive",
    "is_local",
    "kill",
    "left_over",
    "open_exit_fd",
    "send_to_all",
    "signal_targets",
    "signal_text",
    "spawn",
    "start_fault",
    "stop_group",
    "supervisor_command",
    "wait_for_exit",
]

Identity.__doc__ = """A process on a machine, at a time: see the module."""

SIGINT, SIGKILL, SIGTERM = 2, 9, 15
_SIGNAL_NAMES = {SIGINT: "SIGINT", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM"}

_SUPERVISOR = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from gage._internal.running.supervisor import main; main(*sys.argv[2:])"
)
_POLL_S = 0.02


# Which process it is


def identity_of(pid: int, *, ended: bool = False, beside: Identity | None = None) -> Identity:
    """Return the identity of a process that lives now; with `ended` also of one to be reaped.

    `beside` is a process of the same boot and machine, which spares finding these out.

    Raises
    ------
    ProcessLookupError
        If there is no such process.
    """
    start = _start_of(pid, ended=ended)
    if start is None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), str(pid))
    if beside is not None:
        return Identity(pid, start, beside.boot, beside.host)
    return Identity(pid, start, _boot(), _host())


def encode_identity(identity: Identity) -> str:
    """Return an identity as a line without its end."""
    return " ".join(map(str, identity))


def decode_identity(line: str) -> Identity:
    """Return the identity that a line holds.

    Raises
    ------
    ValueError
        If it holds none.
    """
    parts = line.split()
    if len(parts) != len(Identity._fields) or not parts[0].isdecimal():
        raise ValueError(f"expected a process as 'PID START BOOT HOST', found {line[:120]!r}")
    return Identity(int(parts[0]), *parts[1:])


def is_alive(identity: Identity) -> bool:
    """Return whether this very process lives now; one that waits to be reaped does not."""
    return _boot() == identity.boot and _start_of(identity.pid) == identity.start


def is_local(identity: Identity) -> bool:
    """Return whether a process was started on this machine, so that its end can be known here.

    True after a restart of the machine or of a container that kept its name.
    """
    return identity.host == _host() or (identity.boot == _boot() and identity.boot != "-")


# How a command is started


def command_argv(
    command: Command, script_path: str, op_env: Mapping[str, str] | None = None
) -> list[str]:
    """Return the words of a command.

    A text whose first line is `#!interpreter` is written to `script_path`; any other string is
    for the shell. A first word `python` or `python3` means this interpreter, unless the
    operation sets a PATH of its own.
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
    return argv


def child_env(parent: Mapping[str, str], run: Run, op_env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run's command: parent's, then the run's, then the operation's.

    The directory of this interpreter comes first on PATH, so that `python` in a shell command is
    the `python` of a list.
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
    )
    env.update(op_env)
    return env


def find_program(name: str, env: Mapping[str, str], cwd: str) -> str:
    """Return the path of the program that a command's first word names, as a shell finds it.

    Raises
    ------
    FileNotFoundError
        If there is none.
    PermissionError
        If there is one that may not be executed.
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


def spawn(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    stdout_fd: int,
    stderr_fd: int,
    stdin_fd: int | None = None,
) -> int:
    """Start a command in a session of its own, without input if none is given; return its pid.

    The caller waits for it by `os.waitpid`. Safe in a process with threads.

    Raises
    ------
    OSError
        If the directory or the program is not there or cannot be used: see `start_fault`.
    """
    if "subprocess" not in sys.modules and not _has_threads():
        return fork_exec(argv, cwd, env, stdout_fd, stderr_fd, stdin_fd=stdin_fd)
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
    process.returncode = 0  # not for `subprocess` to reap: its pid is waited for
    return process.pid


def fork_exec(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    stdout_fd: int,
    stderr_fd: int,
    in_child: Callable[[], object] | None = None,
    stdin_fd: int | None = None,
) -> int:
    """Do what `spawn` does, in a process without threads and without `subprocess`.

    `in_child` is called in the new process before the program takes it over.
    """
    _check_directory(cwd)
    program = find_program(argv[0] if argv else "", env, cwd)
    for text in (*argv, *env, *env.values()):
        if "\0" in text:
            raise ValueError(f"a command and its environment cannot hold NUL: {text[:80]!r}")
    fault_read, fault_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        fds = (stdin_fd, stdout_fd, stderr_fd)
        _become(program, argv, cwd, env, fds, fault_write, in_child)
    os.close(fault_write)
    fault = os.read(fault_read, 16)  # its end comes when the program has taken over
    os.close(fault_read)
    if fault:
        os.waitpid(pid, 0)
        code = int(fault)
        raise OSError(code, os.strerror(code), program)
    return pid


def start_fault(error: OSError | ValueError, argv: list[str]) -> tuple[int, str]:
    """Return the exit code, as shells have it, and the reason of a command that did not start."""
    name = argv[0] if argv else ""
    if not isinstance(error, OSError):
        return 126, f"cannot start {name!r}: {error}"
    code = 127 if isinstance(error, (FileNotFoundError, NotADirectoryError)) else 126
    about = f" ({error.filename})" if error.filename not in (None, name) else ""
    what = "command not found" if code == 127 and error.filename == name else error.strerror
    return code, f"cannot start {name!r}: {what}{about}"


def supervisor_command(meta_dir: str | None = None) -> list[str]:
    """Return the command that supervises a staged run; without one, its input says which.

    Isolated and without `site`, which halves the time to its first line: it needs the standard
    library and this package only.
    """
    package_home = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]
    python = sys.executable
    run = [] if meta_dir is None else [os.path.abspath(meta_dir)]
    return [python, "-I", "-S", "-c", _SUPERVISOR, package_home, *run]


# How its end is known


def open_exit_fd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends; None where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def wait_for_exit(identity: Identity, timeout_s: float | None = None) -> bool:
    """Wait until a process has ended; return whether it has. It need not be a child."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    exit_fd = open_exit_fd(identity.pid)
    if exit_fd is None:
        while is_alive(identity):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True
    try:
        # Only now is it sure that the descriptor is of this process and not of a later one.
        if not is_alive(identity):
            return True
        poll = select.poll()
        poll.register(exit_fd, select.POLLIN)
        return bool(poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000))
    finally:
        os.close(exit_fd)


def kill(identity: Identity, signal: int) -> bool:
    """Send a signal to this very process; return whether it lived."""
    exit_fd = open_exit_fd(identity.pid)
    try:
        if not is_alive(identity):
            return False
        if exit_fd is None:
            os.kill(identity.pid, signal)
        else:
            _signal.pidfd_send_signal(exit_fd, signal)
        return True
    except ProcessLookupError:
        return False
    finally:
        if exit_fd is not None:
            os.close(exit_fd)


class Child:
    """A command, as the process that waits for its end sees it.

    Parameters
    ----------
    identity
        The command. It is a child of this process, or its end is seen but not its exit code.
    orphans_of
        The process that inherits orphans of the command, if one does.
    on_exit
        Called with the exit code when the command has ended and before it is reaped: whoever is
        killed in between leaves the code for another to ask for.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        orphans_of: int | None = None,
        on_exit: Callable[[int | None], object] = lambda _: None,
    ) -> None:
        self.identity = identity
        self.pid = identity.pid
        self.orphans_of = orphans_of
        self.exit_code: int | None = None
        self._on_exit = on_exit
        self._ended = False

    def has_ended(self) -> bool:
        """Return whether it has ended; it is reaped then and `exit_code` says how."""
        if self._ended:
            return True
        try:
            found, code = _look_at_child(self.pid)
        except ChildProcessError:
            found, code = not is_alive(self.identity), None
        if found:
            self.exit_code = code
            self._on_exit(code)
            self._ended = True
            try:
                os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pass
        return found


# How it and its tree are stopped


class Escalation:
    """The signals that stop a run's command, one after the other, with time between them.

    `due_s` is when the next one is due on the monotonic clock, None when all are sent; `sent`
    says which were.
    """

    __slots__ = ("_grace_s", "_last_s", "_left", "due_s", "sent")

    def __init__(
        self, signals: tuple[int, ...], grace_s: float, *, first_after_s: float = 0.0
    ) -> None:
        self._left = list(signals)
        self._grace_s = grace_s
        self._last_s = time.monotonic()
        self.due_s: float | None = self._last_s + first_after_s
        self.sent: list[int] = []

    def hurry(self, grace_s: float) -> None:
        """Let the next signal come sooner, if this grace period is the shorter one."""
        self._grace_s = min(self._grace_s, grace_s)
        if self.due_s is not None:
            self.due_s = min(self.due_s, self._last_s + self._grace_s)

    def next_signal(self) -> int | None:
        """Return the signal that is due now, as sent."""
        now_s = time.monotonic()
        if self.due_s is None or now_s < self.due_s:
            return None
        signal = self._left.pop(0)
        self.sent.append(signal)
        self._last_s = now_s
        self.due_s = now_s + self._grace_s if self._left else None
        return signal


def stop_group(identity: Identity, grace_s: float = 5.0) -> list[int]:
    """Stop a run's command, its process group and tree; return the signals that it took.

    SIGINT, after `grace_s` seconds SIGTERM, after as many again SIGKILL; returns when the
    command has ended and nothing of its session is left to be seen.
    """
    escalation = Escalation((SIGINT, SIGTERM, SIGKILL), grace_s)
    while True:
        alive = is_alive(identity)
        # A group that lost its leader keeps its number from being given to another process.
        if not alive and (escalation.due_s is None or not left_over(identity.pid, tree=False)):
            return escalation.sent
        signal = escalation.next_signal()
        if signal is not None:
            send_to_all(signal_targets(identity.pid, signal), signal)
        elif not alive or escalation.due_s is None:
            time.sleep(_POLL_S)
        else:
            wait_for_exit(identity, escalation.due_s - time.monotonic())


def signal_targets(pid: int, signal: int, orphans_of: int | None = None) -> list[int]:
    """Return what a signal to a command goes to, as `os.kill` takes it: its group, its tree."""
    if signal == SIGINT:
        return [-pid]
    return [-pid, *(stat.pid for stat in _tree(pid, orphans_of, whole=True) if stat.group != pid)]


def left_over(pid: int, *, tree: bool, orphans_of: int | None = None) -> list[int]:
    """Return what lives of a command that has ended and was reaped, as `os.kill` takes it.

    Its session; with `tree` also descendants in other sessions, as far as they are children of
    `orphans_of`, a process that inherits orphans.
    """
    if not _group_exists(pid) and not _other_children(orphans_of):
        return []  # the ordinary case, known without looking at every process
    if os.path.isdir("/proc/self"):
        return [stat.pid for stat in _tree(pid, orphans_of, whole=tree) if stat.pid != pid]
    return [-pid]


def send_to_all(targets: list[int], signal: int) -> None:
    """Send a signal to processes and (negative numbers) groups, as far as they are there."""
    for target in targets:
        try:
            os.kill(target, signal)
        except (ProcessLookupError, PermissionError):
            # Not permitted: it took another user's rights (sudo, say), or, on macOS, is a zombie.
            continue


def signal_text(signal: int) -> str:
    """Return the name of one of the signals that are sent here."""
    return _SIGNAL_NAMES.get(signal, f"signal {signal}")


def _tree(pid: int, orphans_of: int | None, *, whole: bool) -> list[ProcessStat]:
    """Return the live processes of a session; with `whole` also descendants in other ones."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    stats = [_stat_of(int(name)) for name in names if name.isdecimal()]
    live = [stat for stat in stats if stat is not None and stat.state not in "ZX"]
    own = {os.getpid(), orphans_of}
    found = {stat.pid for stat in live if pid in (stat.session, stat.group)}
    if whole:
        found |= {
            stat.pid for stat in live if stat.pid not in own and stat.parent in (pid, orphans_of)
        }
        grown = True
        while grown:
            more = {stat.pid for stat in live if stat.parent in found} - found
            grown = bool(more)
            found |= more
    return [stat for stat in live if stat.pid in found and stat.pid not in own]


def _group_exists(group: int) -> bool:
    try:
        os.kill(-group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _other_children(pid: int | None) -> bool:
    """Return whether a process has children besides this one."""
    if pid is None:
        return False
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return any(int(child) != os.getpid() for child in file.read().split())
    except OSError:
        return False  # it has ended, or the kernel has no such list


def _look_at_child(pid: int) -> tuple[bool, int | None]:
    """Return whether a child has ended, and its exit code; it stays to be reaped if it can."""
    if not hasattr(os, "waitid"):
        found, status = os.waitpid(pid, os.WNOHANG)
        return bool(found), os.waitstatus_to_exitcode(status) if found else None
    info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if info is None:
        return False, None
    return True, info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def _become(
    program: str,
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    fds: tuple[int | None, int, int],
    fault_fd: int,
    in_child: Callable[[], object] | None,
) -> None:
    """Turn this process, just forked, into the program; never returns."""
    try:
        if in_child is not None:
            in_child()
        os.setsid()
        os.chdir(cwd)
        stdin_fd = os.open(os.devnull, os.O_RDONLY) if fds[0] is None else fds[0]
        for source, target in zip((stdin_fd, *fds[1:]), range(3), strict=True):
            os.dup2(source, target)
        # Python's own are closed by exec; a careless library's would be open in the command.
        if fault_fd != 3:
            fault_fd = os.dup2(fault_fd, 3, inheritable=False)
        os.closerange(4, 4096)
        # What Python ignores for itself, and what this process ignores or handles, is inherited.
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGXFSZ", "SIGXFZ"):
            if hasattr(_signal, name):
                _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
        os.execve(program, argv, env)  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        os.write(fault_fd, b"%d" % (error.errno or errno.EINVAL))
    finally:
        os._exit(127)


def _check_directory(cwd: str) -> None:
    """Raise for a directory that cannot be entered, so that it is not taken for the program."""
    if not os.path.isdir(cwd):
        code = errno.ENOTDIR if os.path.exists(cwd) else errno.ENOENT
        raise OSError(code, os.strerror(code), cwd)


def _has_threads() -> bool:
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _write_script(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700)
    with open(fd, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _start_of(pid: int, *, ended: bool = False) -> str | None:
    """Return the start of a live process, None where there is none."""
    if os.path.isdir("/proc/self"):
        stat = _stat_of(pid)
        return None if stat is None or (stat.state in "ZX" and not ended) else stat.start
    return _start_by_ps(pid, ended=ended)


def _stat_of(pid: int) -> ProcessStat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return None
    # The second field, the name in brackets, may itself hold blanks and brackets.
    fields = data[data.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None  # ended while it was read
    parent, group, session = map(int, fields[1:4])
    return ProcessStat(pid, fields[0].decode(), parent, group, session, fields[19].decode())


def _start_by_ps(pid: int, *, ended: bool) -> str | None:
    import subprocess

    env = {"PATH": "/bin:/usr/bin", "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    words = found.stdout.split()
    if len(words) < 2 or (words[0].startswith("Z") and not ended):
        return None
    return "_".join(words[1:])


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb", buffering=0) as file:
            boot = file.read().decode().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return "-"
    return f"{boot}:{namespace.strip('pid:[]')}"


def _host() -> str:
    return "_".join(os.uname().nodename.split()) or "-"
