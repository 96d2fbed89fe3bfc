"""A git process: started without waiting, read until a deadline, then killed.

It does not use `process.spawn`, whose fork takes 4 ms longer per process than `posix_spawn`. Every
run in a repository would take that time (measured: 11 ms instead of 2.5 for two processes).
"""

from __future__ import annotations

import os
import time

__all__ = ["GitOutput", "read_until", "reap", "start_git"]

# Linux's F_SETPIPE_SZ. Most diffs fit into a pipe of this size, so that git ends before the pipe is
# read; 1 MiB is the maximum for an ordinary user.
_F_SETPIPE_SZ = 1031
_PIPE_BYTES = 1 << 20
_SIGKILL = 9

_OPTIONS = ["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
_KEPT_VARIABLES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")

# Killed git processes that had not ended yet when their recording ended.
_unreaped: list[_Process] = []


def reap() -> int:
    """Reap killed processes that have ended; return how many are left."""
    _unreaped[:] = [process for process in _unreaped if process.poll() is None]
    return len(_unreaped)


class GitOutput:
    """The answer of one git process: at most `limit` bytes are kept, all are counted."""

    def __init__(self, process: _Process, stdout: int, stderr: int, limit: int | None) -> None:
        self._process = process
        self._limit = limit
        self._stderr = bytearray()
        self.data = bytearray()
        self.size_bytes = 0
        self.open_fds = [stdout, stderr]
        self._stdout = stdout
        self.exit_code: int | None = None

    def read(self, fd: int) -> None:
        """Read what has arrived; at its end, a stream is removed from `open_fds`."""
        chunk = os.read(fd, _PIPE_BYTES)
        if not chunk:
            self.open_fds.remove(fd)
            os.close(fd)
        elif fd != self._stdout:
            self._stderr += chunk[: 4096 - len(self._stderr)]
        else:
            self.size_bytes += len(chunk)
            room = len(chunk) if self._limit is None else self._limit - len(self.data)
            self.data += chunk[: max(room, 0)]

    def poll(self) -> int | None:
        """Return the exit code, None while git is working."""
        if self.exit_code is None:
            self.exit_code = self._process.poll()
        return self.exit_code

    def text(self) -> str:
        """Return the kept part of the answer."""
        return bytes(self.data).decode("utf-8", "surrogateescape")

    def failure(self, late: str) -> str:
        """Return why the answer is incomplete, or ""."""
        if self.open_fds or self.exit_code is None:
            return late
        if self.exit_code == 0:
            return ""
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[0].removeprefix("fatal: ") if lines else f"exit code {self.exit_code}"
        return f"git: {reason}"

    def close(self) -> None:
        """Kill the process if it is still working, so that nothing is left behind."""
        if self.poll() is None and self._process not in _unreaped:
            self._process.kill()
            if self._process.poll() is None:
                _unreaped.append(self._process)
        # They stay in `open_fds`, which tells `failure` that the answer is incomplete.
        if self._stdout >= 0:
            for fd in self.open_fds:
                os.close(fd)
            self._stdout = -1


def read_until(outputs: list[GitOutput], end: float) -> None:
    """Read all outputs to their end and get the exit codes, or give up at the deadline."""
    import select

    owners = {fd: output for output in outputs for fd in output.open_fds}
    poller = select.poll()
    for fd in owners:
        poller.register(fd, select.POLLIN)
    late_rounds = 0
    while owners and late_rounds < 3:
        left = end - time.monotonic()
        # After the deadline, bytes in the pipes are still read, since that is fast.
        late_rounds += left <= 0
        events = poller.poll(max(left * 1000, 0))
        if not events:
            break
        for fd, _ in events:
            output = owners[fd]
            output.read(fd)
            if fd not in output.open_fds:
                poller.unregister(fd)
                del owners[fd]
    # A process ends a moment after its streams do.
    while any(output.poll() is None and not output.open_fds for output in outputs):
        if time.monotonic() > end:
            break
        time.sleep(0.0005)


def start_git(project_dir: str, args: list[str], limit: int | None = None) -> GitOutput:
    """Start git in a project; keep at most `limit` bytes of its answer.

    Raises
    ------
    OSError
        If git is not installed or cannot be started.
    """
    argv = ["git", *_OPTIONS, "-C", os.path.abspath(project_dir), *args]
    # GIT_DIR and similar variables, as set in a hook, would lead to another repository.
    env = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_VARIABLES or not name.startswith("GIT_")
    }
    env.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        _widen(out_write)
        pid = os.posix_spawnp(
            argv[0],
            argv,
            env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, out_write, 1),
                (os.POSIX_SPAWN_DUP2, err_write, 2),
            ],
            # In its own process group, it does not get the Jupyter kernel's interrupt and can be
            # killed together with its filters.
            setpgroup=0,
        )
    except BaseException:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        os.close(out_write)
        os.close(err_write)
    return GitOutput(_Process(pid), out_read, err_read, limit)


class _Process:
    """A git process, polled for its end."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        if self._exit_code is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # other code has waited for all children
                self._exit_code = -_SIGKILL
            else:
                if pid:
                    self._exit_code = os.waitstatus_to_exitcode(status)
        return self._exit_code

    def kill(self) -> None:
        try:
            os.killpg(self._pid, _SIGKILL)
        except OSError:
            pass


def _widen(fd: int) -> None:
    import fcntl

    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        pass  # macOS, or the user's limit is reached
