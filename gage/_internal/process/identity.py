"""Which process it is: a pid alone names nothing, since it is used again by others.

A process is named by an `Identity`, one line in a file:

    PID START BOOT HOST

PID in decimal; START the time it was started as the system counts it (Linux: clock ticks since
boot; elsewhere the date that `ps` prints, blanks as `_`); BOOT the boot and, on Linux, the pid
namespace (`UUID:INODE`; `-` where START is a date and says enough); HOST the machine's name.
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
    """What `/proc/PID/stat` says of a process."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: str


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


def _start_of(pid: int, *, ended: bool = False) -> str | None:
    """Return the start of a live process, None where there is none."""
    if os.path.isdir("/proc/self"):
        stat = stat_of(pid)
        return None if stat is None or (stat.state in "ZX" and not ended) else stat.start
    return _start_by_ps(pid, ended=ended)


def stat_of(pid: int) -> ProcessStat | None:
    """Return what Linux says of a process, None where there is none or no `/proc`."""
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
