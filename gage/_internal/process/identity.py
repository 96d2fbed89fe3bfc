"""The identity of a process: a pid alone is not enough, since it is reused.

A process is named by an `Identity`, one line in a file:

    PID START BOOT HOST

PID is decimal; START is the time of its start as the system gives it (Linux: clock ticks since
boot; elsewhere the date that `ps` prints, with `_` for spaces); BOOT is the boot and, on Linux, the
pid namespace (`UUID:INODE`; `-` if START is a date, which is enough); HOST is the machine's name.
"""

from __future__ import annotations

import errno
import os

from gage._internal.named import NamedTuple

__all__ = [
    "Identity",
    "ProcessStat",
    "decode_identity",
    "encode_identity",
    "identity_of",
    "is_alive",
    "is_local",
    "stat_of",
]


class Identity(NamedTuple):
    """A process on a machine, at a time: see the module."""

    pid: int
    start: str
    boot: str
    host: str


class ProcessStat(NamedTuple):
    """The fields of `/proc/PID/stat` that gage uses."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: str


def identity_of(pid: int, *, ended: bool = False, beside: Identity | None = None) -> Identity:
    """Return the identity of a live process; with `ended` also of one that is not reaped yet.

    `beside` is a process of the same boot and machine, which saves finding these out.

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
    """Return the identity in a line.

    Raises
    ------
    ValueError
        If the line is not an identity.
    """
    parts = line.split()
    if len(parts) != len(Identity._fields) or not parts[0].isdecimal():
        raise ValueError(f"expected a process as 'PID START BOOT HOST', found {line[:120]!r}")
    return Identity(int(parts[0]), *parts[1:])


def is_alive(identity: Identity) -> bool:
    """Return whether exactly this process is alive; a process that waits to be reaped is not."""
    return _boot() == identity.boot and _start_of(identity.pid) == identity.start


def is_local(identity: Identity) -> bool:
    """Return whether a process was started on this machine, which then knows whether it has ended.

    This is also True after a restart of the machine, or of a container that keeps its name.
    """
    return identity.host == _host() or (identity.boot == _boot() and identity.boot != "-")


def _start_of(pid: int, *, ended: bool = False) -> str | None:
    """Return the start of a live process, None if there is no such process."""
    stat = stat_of(pid)
    if stat is not None:
        return None if stat.state in "ZX" and not ended else stat.start
    return None if os.path.isdir("/proc/self") else _start_by_ps(pid, ended=ended)


def stat_of(pid: int) -> ProcessStat | None:
    """Return the fields of `/proc/PID/stat`, None without such a process or without `/proc`."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return None
    # The second field, the name in brackets, may itself have spaces and brackets.
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


# The boot that this process belongs to, once it is known.
_known_boot: list[str] = []


def _boot() -> str:
    if _known_boot:
        return _known_boot[0]
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb", buffering=0) as file:
            boot = file.read().decode().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return "-"
    _known_boot.append(f"{boot}:{namespace.strip('pid:[]')}")
    return _known_boot[0]


def _host() -> str:
    return "_".join(os.uname().nodename.split()) or "-"
