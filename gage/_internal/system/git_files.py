"""Commit and branch of a repository, read from git's own files without starting git."""

from __future__ import annotations

import os

from gage._internal.guarded import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader
    from typing import Any

__all__ = ["NO_BRANCH", "NO_COMMIT", "absent", "find_git_dir", "is_commit", "read_head"]


def absent(reason: str) -> dict[str, str]:
    """Return the record of a value that is not available, with the reason."""
    return {"absent": reason}


NO_COMMIT = absent("the repository has no commit yet")
NO_BRANCH = absent("HEAD is detached: no branch is checked out")


def find_git_dir(project_dir: str) -> tuple[str, str]:
    """Return the directory that holds git's HEAD for a project, or "" and why there is none."""
    directory = os.path.abspath(project_dir)
    while True:
        dot_git = os.path.join(directory, ".git")
        try:
            if os.path.isdir(dot_git):  # also a link to one
                return dot_git, ""
            text = _head(dot_git, 8192)
        except FileNotFoundError:
            pass
        except OSError as error:
            return "", f"{dot_git}: {error.strerror}"
        else:
            # A worktree or submodule: the file names the directory, relative to its own place.
            if not text.startswith("gitdir:"):
                return "", f"{dot_git}: expected a directory, or a file that begins with 'gitdir:'"
            git_dir = os.path.join(directory, text[7:].strip())
            if not os.path.isdir(git_dir):
                return "", f"{dot_git}: it leads to {git_dir}, which does not exist"
            return git_dir, ""
        if os.path.isfile(os.path.join(directory, "HEAD")) and os.path.isdir(
            os.path.join(directory, "objects")
        ):
            return "", "a bare repository has no working tree"
        parent = os.path.dirname(directory)
        if parent == directory:
            return "", "no git repository in the project's directory or above it"
        directory = parent


def _head(path: str, most_bytes: int) -> str:
    """Return the beginning of a regular file, or of the one that a link leads to."""
    with _opened(path) as file:
        return file.read(most_bytes).decode("utf-8", "surrogateescape")


def _opened(path: str) -> BufferedReader:
    return open_regular(os.path.realpath(path) if os.path.islink(path) else path)


def read_head(git_dir: str) -> tuple[Any, Any] | None:
    """Return commit and branch from git's files, or None if only git can find them."""
    common_dir = git_dir
    shared = _read_line(os.path.join(git_dir, "commondir"))
    if shared:
        common_dir = os.path.join(git_dir, shared)
    head = _read_line(os.path.join(git_dir, "HEAD"))
    if head is None:
        return None
    branch: Any = NO_BRANCH
    if head.startswith("ref:"):
        ref = head[4:].strip()
        if not ref.startswith("refs/heads/") or ref == "refs/heads/.invalid":
            return None  # .invalid: the refs are in a table (reftable), not in files
        branch = ref[11:]
        head = _read_line(os.path.join(common_dir, ref)) or _packed_ref(common_dir, ref)
        if head is None:
            return NO_COMMIT, branch
    return (head, branch) if is_commit(head) else None


def _read_line(path: str) -> str | None:
    try:
        return _head(path, 8192).partition("\n")[0].strip()
    except OSError:
        return None


def _packed_ref(common_dir: str, ref: str) -> str | None:
    path = os.path.join(common_dir, "packed-refs")
    end = os.fsencode(" " + ref)
    try:
        with _opened(path) as file:
            for line in file:
                if line.rstrip(b"\n").endswith(end):
                    return line.partition(b" ")[0].decode("ascii", "replace")
    except OSError:
        pass
    return None


def is_commit(text: str) -> bool:
    """Return whether a string is the full name of a commit."""
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
