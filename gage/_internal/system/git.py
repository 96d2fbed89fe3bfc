"""The git state of a project: commit, branch, and the differences from the commit.

A new `GitRecording` starts git, and `collect` returns its answer, a JSON value:

    {"commit": "4b8e…", "branch": "main", "dirty": true, "diff": "diff --git …",
     "diff_size_bytes": 812, "diff_cut": false, "untracked": ["notes.txt"], "untracked_count": 1}

A value that is not available is `{"absent": REASON}`, and so may be the whole. `dirty` and `diff`
compare the tracked files of the whole repository with the commit, staged or not. The diff can be
applied by `git apply`, unless `diff_cut` says that it was cut before `diff_size_bytes`. Untracked
files are named, a directory of them once with a final "/"; their content is not kept. Bytes that
are not UTF-8 are surrogate escapes.

Commit and branch are read from git's files. Without a repository no process is started. git takes
no locks, asks no questions, and starts no program from the repository's configuration except the
filters of its attributes, which it needs to find changes.
"""

from __future__ import annotations

from gage._internal.system.git_files import (
    NO_BRANCH,
    NO_COMMIT,
    absent,
    find_git_dir,
    is_commit,
    read_head,
)
from gage._internal.system.git_process import GitOutput, read_until, reap, start_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["MAX_DIFF_BYTES", "GitRecording"]

MAX_DIFF_BYTES = 1_000_000
_MAX_UNTRACKED = 1000

# Not `git diff`, which writes the index in spite of GIT_OPTIONAL_LOCKS (git 2.39), and outside a
# repository compares other things.
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


class GitRecording:
    """A running question to git: `collect` the answer, or `cancel` it."""

    def __init__(self, project_dir: str) -> None:
        reap()
        self._diff: GitOutput | None = None
        self._untracked: GitOutput | None = None
        self._status: GitOutput | None = None
        self._head: tuple[Any, Any] = ("", "")
        git_dir, self._failure = find_git_dir(project_dir)
        if not git_dir:
            return
        head = read_head(git_dir)
        try:
            if head is None:
                self._status = start_git(project_dir, _STATUS)
            else:
                self._head = head
            self._diff = start_git(project_dir, _DIFF, MAX_DIFF_BYTES)
            self._untracked = start_git(project_dir, _UNTRACKED)
        except FileNotFoundError:
            self._failure = "git is not installed, or not on the PATH"
        except OSError as error:
            self._failure = f"git could not be started: {error.strerror}"

    def collect(self, end: float, late: str) -> dict[str, Any]:
        """Return git's answers until `end`, a monotonic time; `late` is the reason without one."""
        outputs = [output for output in (self._status, self._diff, self._untracked) if output]
        read_until(outputs, end)
        self.cancel()
        if self._failure and self._head == ("", ""):
            return absent(self._failure)
        if self._status is not None:
            self._head = _head_of_answer(self._status, late)
        commit, branch = self._head
        git: dict[str, Any] = {"commit": commit, "branch": branch}
        if isinstance(commit, dict):
            # Without a commit there is nothing to compare.
            git.update(dirty=commit, diff=commit)
        else:
            git.update(_diff_of(self._diff, self._failure, late))
        git.update(_untracked_of(self._untracked, self._failure, late))
        return git

    def cancel(self) -> None:
        """Stop git if it is still working."""
        for output in (self._status, self._diff, self._untracked):
            if output is not None:
                output.close()


def _head_of_answer(output: GitOutput, late: str) -> tuple[Any, Any]:
    reason = output.failure(late)
    if reason:
        return absent(reason), absent(reason)
    lines = [line.split(" ", 2) for line in output.text().splitlines() if line.startswith("# ")]
    values = {line[1]: line[2] for line in lines if len(line) == 3}
    commit, branch = values.get("branch.oid", ""), values.get("branch.head", "")
    return (
        commit if is_commit(commit) else NO_COMMIT,
        NO_BRANCH if branch == "(detached)" else branch,
    )


def _diff_of(output: GitOutput | None, failure: str, late: str) -> dict[str, Any]:
    if output is None:
        return {"dirty": absent(failure), "diff": absent(failure)}
    reason = output.failure(late)
    cut = output.size_bytes > len(output.data)
    diff = _without_empty_parts(bytes(output.data))
    dirty = cut or bool(diff)
    if reason:
        return {"dirty": dirty or absent(reason), "diff": absent(reason)}
    return {
        "dirty": dirty,
        "diff": diff.decode("utf-8", "surrogateescape"),
        "diff_size_bytes": output.size_bytes if cut else len(diff),
        "diff_cut": cut,
    }


def _without_empty_parts(diff: bytes) -> bytes:
    """Remove headers without content, and an unfinished line at the end.

    Such a header belongs to a file that was rewritten but not changed, which only a refreshed index
    would know. A line of a file never looks like a header: it begins with a space, + or -.
    """
    header = b"diff --git "
    lines = [line + b"\n" for line in diff.split(b"\n")[:-1]]
    kept = [
        line
        for line, following in zip(lines, [*lines[1:], header], strict=False)
        if not (line.startswith(header) and following.startswith(header))
    ]
    return b"".join(kept)


def _untracked_of(output: GitOutput | None, failure: str, late: str) -> dict[str, Any]:
    reason = failure if output is None else output.failure(late)
    if output is None or reason:
        return {"untracked": absent(reason)}
    names = output.text().split("\0")[:-1]
    return {"untracked": names[:_MAX_UNTRACKED], "untracked_count": len(names)}
