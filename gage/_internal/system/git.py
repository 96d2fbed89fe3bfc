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


class GitRecording:
    """A question to git that has been asked: `collect` the answer, or `cancel` it."""

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
        """Return what git answers until `end`, a monotonic time; `late` is said of the rest."""
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


def _untracked_of(output: GitOutput | None, failure: str, late: str) -> dict[str, Any]:
    reason = failure if output is None else output.failure(late)
    if output is None or reason:
        return {"untracked": absent(reason)}
    names = output.text().split("\0")[:-1]
    return {"untracked": names[:_MAX_UNTRACKED], "untracked_count": len(names)}
