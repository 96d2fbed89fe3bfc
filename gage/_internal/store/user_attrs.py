r"""What users add to a run afterwards: its label, tags and comments.

    user/label      a string; no file without a label
    user/tags       a list of strings, each once
    user/comments   a list of {"time_us": …, "author": …, "text": …}, the oldest first; the time
                    in epoch microseconds (UTC)
    log/user        TIME MESSAGE    a line for each change, as in `log/runner`

The run's own record is never changed. A change takes a lock on the directory `user`, reads the
file, and replaces it: two writers at once lose nothing.
"""

from __future__ import annotations

import os

from gage._internal.atomic import append
from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.named import NamedTuple
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import read_attr, write_attr
from gage._internal.record.runner_log import encode_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.types import Run

__all__ = ["Comment", "add_comment", "add_tags", "read_comments", "remove_tags", "set_label"]

if TYPE_CHECKING:
    from typing import Any


class Comment(NamedTuple):
    """A comment on a run: its time (epoch µs, UTC), author and text."""

    time_us: int
    author: str
    text: str


def set_label(run: Run, label: str | None) -> None:
    """Set the label of a run; None or an empty string removes it."""
    with _locked(run):
        if label:
            write_attr(run, "user", "label", label)
            _log(run, f"Label: {label}")
            return
        try:
            os.unlink(run_meta_path(run, "user", "label"))
        except FileNotFoundError:
            return
        _log(run, "Label removed")


def add_tags(run: Run, tags: Iterable[str]) -> list[str]:
    """Add tags to a run; return all tags that it has."""
    with _locked(run):
        known = _list(run, "tags")
        new = [tag for tag in dict.fromkeys(tags) if tag not in known]
        if new:
            write_attr(run, "user", "tags", [*known, *new])
            _log(run, f"Tags added: {', '.join(new)}")
        return [*known, *new]


def remove_tags(run: Run, tags: Iterable[str]) -> list[str]:
    """Remove tags from a run, if it has them; return those that are left."""
    unwanted = set(tags)
    with _locked(run):
        known = _list(run, "tags")
        left = [tag for tag in known if tag not in unwanted]
        if left != known:
            write_attr(run, "user", "tags", left)
            _log(run, f"Tags removed: {', '.join(tag for tag in known if tag in unwanted)}")
        return left


def add_comment(run: Run, text: str, author: str | None = None) -> Comment:
    """Add a comment; default author: the user of this process.

    Raises
    ------
    ValueError
        If the comment is empty.
    """
    if not text.strip():
        raise ValueError("expected a comment, found an empty string")
    comment = Comment(now_us(), author or _user_name(), text)
    with _locked(run):
        write_attr(run, "user", "comments", [*_list(run, "comments"), comment._asdict()])
        _log(run, f"Comment by {comment.author}")
    return comment


def read_comments(run: Run) -> list[Comment]:
    """Return the comments on a run, the oldest first.

    Raises
    ------
    MetaError
        If they cannot be read.
    """
    try:
        return [Comment(**entry) for entry in _list(run, "comments")]
    except TypeError:
        path = run_meta_path(run, "user", "comments")
        raise MetaError(f"{path}: expected time_us, author and text of each comment") from None


def _list(run: Run, name: str) -> list[Any]:
    value = read_attr(run, "user", name, [])
    if not isinstance(value, list):
        path = run_meta_path(run, "user", name)
        raise MetaError(f"{path}: expected a list, found {type(value).__name__}")
    return value


def _log(run: Run, message: str) -> None:
    append(run_meta_path(run, "log", "user"), encode_entries([message]))


class _locked:  # noqa: N801  # reads as the statement that it is
    """Holds the lock on a run's user attributes, against other threads and processes."""

    def __init__(self, run: Run) -> None:
        self._directory = run_meta_path(run, "user")

    def __enter__(self) -> None:
        import fcntl

        os.makedirs(self._directory, exist_ok=True)
        self._fd = os.open(self._directory, os.O_RDONLY)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _user_name() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return str(os.getuid())
