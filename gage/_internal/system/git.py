"""What git knows about a project: commit, branch, and what differs from the commit.

`GitRecording` asks git when it is made and `collect` takes the answer, a JSON value:

    {"commit": "4b8e…", "branch": "main", "dirty": true, "diff": "diff --git …",
     "diff_size_bytes": 812, "diff_cut": false, "untracked": ["notes.txt"], "untracked_count": 1}

What could not be had is `{"absent": REASON}`, as a whole or for one value. `dirty` and `diff`
speak of tracked files of the whole repository, compared with the commit, staged or not; the diff
is what `git apply` takes, unless `diff_cut` says that it ends before `diff_size_bytes`. Untracked
files are named, a directory of them once with a final "/"; their content is not kept. Bytes that
are not UTF-8 are surrogate escapes.

Commit and branch are read from git's files. Without a repository no process is started. git
takes no locks, asks nothing, and starts nothing that the repository's configuration names, but
for the filters of its attributes, without which it could not tell what has changed.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class _Process(Protocol):
        def poll(self) -> int | None: ...
        def kill(self) -> None: ...


__all__ = ["MAX_DIFF_BYTES", "GitRecording"]

MAX_DIFF_BYTES = 1_000_000
_MAX_UNTRACKED = 1000

# Linux's F_SETPIPE_SZ. A pipe of this size takes most diffs whole, so that git has ended before
# anybody reads; 1 MiB is what an ordinary user may ask for.
_F_SETPIPE_SZ = 1031
_PIPE_BYTES = 1 << 20
_SIGKILL = 9

_OPTIONS = ["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
# Not `git diff`: that writes the index whatever GIT_OPTIONAL_LOCKS says (git 2.39), and outside of
# what it takes for a repository it compares other things.
_DIFF = [
    *("diff-index", "--patch", "--binary", "--full-index", "--no-color", "--unified=3"),
    *("--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative"),
    *("--submodule=short", "HEAD", "--"),
]
_UNTRACKED = [
    *("ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory"),
    *("--full-name", "-z", "--", ":/"),
]
_STATUS = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"]

_KEPT_VARIABLES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")

# git's processes that were killed but had not gone yet when their recording ended.
_unreaped: list[_Process] = []


def _absent(reason: str) -> dict[str, str]:
    return {"absent": reason}


_NO_COMMIT = _absent("the repository has no commit yet")
_NO_BRANCH = _absent("HEAD is detached: no branch is checked out")


class GitRecording:
    """A question to git that has been asked: `collect` the answer, or `cancel` it."""

    def __init__(self, project_dir: str) -> None:
        _unreaped[:] = [process for process in _unreaped if process.poll() is None]
        self._diff: _Output | None = None
        self._untracked: _Output | None = None
        self._status: _Output | None = None
        self._head: tuple[Any, Any] = ("", "")
        git_dir, self._failure = _find_git_dir(project_dir)
        if not git_dir:
            return
        head = _read_head(git_dir)
        try:
            if head is None:
                self._status = _start_git(project_dir, _STATUS)
            else:
                self._head = head
            self._diff = _start_git(project_dir, _DIFF, MAX_DIFF_BYTES)
            self._untracked = _start_git(project_dir, _UNTRACKED)
        except FileNotFoundError:
            self._failure = "git is not installed, or not on the PATH"
        except OSError as error:
            self._failure = f"git could not be started: {error.strerror}"

    def collect(self, end: float, late: str) -> dict[str, Any]:
        """Return what git answers until `end`, a monotonic time; `late` is said of the rest."""
        outputs = [output for output in (self._status, self._diff, self._untracked) if output]
        _read_until(outputs, end)
        self.cancel()
        if self._failure and self._head == ("", ""):
            return _absent(self._failure)
        if self._status is not None:
            self._head = _head_of_answer(self._status, late)
        commit, branch = self._head
        git: dict[str, Any] = {"commit": commit, "branch": branch}
        if isinstance(commit, dict):
            # Without a commit there is nothing to compare with.
            git.update(dirty=commit, diff=commit)
        else:
            git.update(_diff_of(self._diff, self._failure, late))
        git.update(_untracked_of(self._untracked, self._failure, late))
        return git

    def cancel(self) -> None:
        """Stop git where it still works."""
        for output in (self._status, self._diff, self._untracked):
            if output is not None:
                output.close()


def _find_git_dir(project_dir: str) -> tuple[str, str]:
    """Return the directory that holds git's HEAD for a project, or "" and why there is none."""
    directory = os.path.abspath(project_dir)
    while True:
        dot_git = os.path.join(directory, ".git")
        try:
            with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(8192)
        except IsADirectoryError:
            return dot_git, ""
        except FileNotFoundError:
            pass
        except OSError as error:
            if os.path.isdir(dot_git):  # Windows says that a directory cannot be opened
                return dot_git, ""
            return "", f"{dot_git}: {error.strerror}"
        else:
            # A worktree or submodule: the file names the directory, relative to its own place.
            if not text.startswith("gitdir:"):
                return "", f"{dot_git}: expected a directory, or a file that begins with 'gitdir:'"
            git_dir = os.path.join(directory, text[7:].strip())
            if not os.path.isdir(git_dir):
                return "", f"{dot_git}: it leads to {git_dir}, which is not there"
            return git_dir, ""
        if os.path.isfile(os.path.join(directory, "HEAD")) and os.path.isdir(
            os.path.join(directory, "objects")
        ):
            return "", "a bare repository has no working tree"
        parent = os.path.dirname(directory)
        if parent == directory:
            return "", "no git repository in the project's directory or above it"
        directory = parent


def _read_head(git_dir: str) -> tuple[Any, Any] | None:
    """Return commit and branch from git's files, or None where only git can tell."""
    common_dir = git_dir
    shared = _read_line(os.path.join(git_dir, "commondir"))
    if shared:
        common_dir = os.path.join(git_dir, shared)
    head = _read_line(os.path.join(git_dir, "HEAD"))
    if head is None:
        return None
    branch: Any = _NO_BRANCH
    if head.startswith("ref:"):
        ref = head[4:].strip()
        if not ref.startswith("refs/heads/") or ref == "refs/heads/.invalid":
            return None  # .invalid: the refs are in a table (reftable), not in files
        branch = ref[11:]
        head = _read_line(os.path.join(common_dir, ref)) or _packed_ref(common_dir, ref)
        if head is None:
            return _NO_COMMIT, branch
    return (head, branch) if _is_commit(head) else None


def _read_line(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(8192).strip()
    except OSError:
        return None


def _packed_ref(common_dir: str, ref: str) -> str | None:
    path = os.path.join(common_dir, "packed-refs")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                if line.rstrip("\n").endswith(" " + ref):
                    return line.partition(" ")[0]
    except OSError:
        pass
    return None


def _is_commit(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")


def _head_of_answer(output: _Output, late: str) -> tuple[Any, Any]:
    reason = output.failure(late)
    if reason:
        return _absent(reason), _absent(reason)
    lines = [line.split(" ", 2) for line in output.text().splitlines() if line.startswith("# ")]
    values = {line[1]: line[2] for line in lines if len(line) == 3}
    commit, branch = values.get("branch.oid", ""), values.get("branch.head", "")
    return (
        commit if _is_commit(commit) else _NO_COMMIT,
        _NO_BRANCH if branch == "(detached)" else branch,
    )


def _diff_of(output: _Output | None, failure: str, late: str) -> dict[str, Any]:
    if output is None:
        return {"dirty": _absent(failure), "diff": _absent(failure)}
    reason = output.failure(late)
    cut = output.size_bytes > len(output.data)
    diff = _without_empty_parts(bytes(output.data))
    dirty = cut or bool(diff)
    if reason:
        return {"dirty": dirty or _absent(reason), "diff": _absent(reason)}
    return {
        "dirty": dirty,
        "diff": diff.decode("utf-8", "surrogateescape"),
        "diff_size_bytes": output.size_bytes if cut else len(diff),
        "diff_cut": cut,
    }


def _without_empty_parts(diff: bytes) -> bytes:
    """Leave out the headers that nothing follows, and an unfinished line at the end.

    Such a header stands for a file that was written again but not changed, which only a refreshed
    index would know. A line of a file never looks like a header: it has a blank, + or - before it.
    """
    header = b"diff --git "
    lines = [line + b"\n" for line in diff.split(b"\n")[:-1]]
    kept = [
        line
        for line, following in zip(lines, [*lines[1:], header], strict=False)
        if not (line.startswith(header) and following.startswith(header))
    ]
    return b"".join(kept)


def _untracked_of(output: _Output | None, failure: str, late: str) -> dict[str, Any]:
    reason = failure if output is None else output.failure(late)
    if output is None or reason:
        return {"untracked": _absent(reason)}
    names = output.text().split("\0")[:-1]
    return {"untracked": names[:_MAX_UNTRACKED], "untracked_count": len(names)}


# Asking git


class _Output:
    """What one git process answers: at most `limit` bytes are kept, all are counted."""

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
        """Take what has arrived; at its end a stream leaves `open_fds`."""
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
        if self.exit_code is None:
            self.exit_code = self._process.poll()
        return self.exit_code

    def text(self) -> str:
        return bytes(self.data).decode("utf-8", "surrogateescape")

    def failure(self, late: str) -> str:
        """Return why there is no whole answer, or ""."""
        if self.open_fds or self.exit_code is None:
            return late
        if self.exit_code == 0:
            return ""
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        said = lines[0].removeprefix("fatal: ") if lines else f"exit code {self.exit_code}"
        return f"git: {said}"

    def close(self) -> None:
        """Kill the process if it still works, so that nothing of it is left behind."""
        if self.poll() is None and self._process not in _unreaped:
            self._process.kill()
            if self._process.poll() is None:
                _unreaped.append(self._process)
        # Kept in open_fds: that it was not read to its end is what `failure` goes by.
        if self._stdout >= 0:
            for fd in self.open_fds:
                os.close(fd)
            self._stdout = -1


def _read_until(outputs: list[_Output], end: float) -> None:
    """Read all outputs to their end and learn the exit codes, or give up at the end of time."""
    import select

    if os.name != "posix":
        # Pipes cannot be polled: what git has not answered by now is left out.
        _read_without_poll(outputs, end)
        return
    owners = {fd: output for output in outputs for fd in output.open_fds}
    poller = select.poll()
    for fd in owners:
        poller.register(fd, select.POLLIN)
    late_rounds = 0
    while owners and late_rounds < 3:
        left = end - time.monotonic()
        # When the time is over, what waits in the pipes is still taken: it costs nothing.
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


def _read_without_poll(outputs: list[_Output], end: float) -> None:
    import threading

    def read_all(output: _Output, fd: int) -> None:
        while fd in output.open_fds:
            output.read(fd)

    threads = [
        threading.Thread(target=read_all, args=(output, fd), daemon=True)
        for output in outputs
        for fd in list(output.open_fds)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    while any(output.poll() is None and not output.open_fds for output in outputs):
        if time.monotonic() > end:
            break
        time.sleep(0.005)


def _start_git(project_dir: str, args: list[str], limit: int | None = None) -> _Output:
    argv = ["git", *_OPTIONS, "-C", os.path.abspath(project_dir), *args]
    # GIT_DIR and its like would lead to another repository, as they do in a hook.
    env = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_VARIABLES or not name.startswith("GIT_")
    }
    env.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    if hasattr(os, "posix_spawnp"):
        return _spawn(argv, env, limit)
    return _popen(argv, env, limit)


class _Spawned:
    """A process started by `posix_spawn`: no import of `subprocess`, which takes 10 ms."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        if self._exit_code is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # somebody else waited for all children
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


def _spawn(argv: list[str], env: dict[str, str], limit: int | None) -> _Output:
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
            # A group of its own: the kernel's interrupt does not reach it, and it can be killed
            # with the filters that it starts.
            setpgroup=0,
        )
    except BaseException:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        os.close(out_write)
        os.close(err_write)
    return _Output(_Spawned(pid), out_read, err_read, limit)


def _popen(argv: list[str], env: dict[str, str], limit: int | None) -> _Output:
    import subprocess

    process = subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    stdout, stderr = [
        os.dup(stream.fileno()) for stream in (process.stdout, process.stderr) if stream
    ]
    # The objects would close their descriptors a second time, whatever these are by then.
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
    return _Output(process, stdout, stderr, limit)


def _widen(fd: int) -> None:
    try:
        import fcntl

        fcntl.fcntl(fd, _F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, OSError):
        pass
