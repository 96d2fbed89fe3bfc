"""`whence`: which run made a file, a picture, a number or a line of text."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.api.place import home_of
from gage._internal.guarded import read_regular
from gage._internal.record.manifest import hash_file
from gage._internal.whence.origin import (
    LEAST_CHARS,
    LEAST_DIGITS,
    Origin,
    can_tell,
    origins_of_digests,
    origins_of_text,
    pictures_of_notebook,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Answer", "answer", "whence"]

_MOST = 20
_DIGEST_CHARS = 64


class Answer(NamedTuple):
    """The origins that were found, and what to tell the user if there are none."""

    origins: list[Origin]
    note: str


def whence(
    x: str | float | bytes | Path, *, directory: str | None = None, runs_home: str | None = None
) -> list[Origin]:
    """Return where something comes from; nothing if that cannot be said for sure.

        gage.whence("figure.png")
        gage.whence("loss: 0.2371")

    Parameters
    ----------
    x
        The path of a file, which may have been moved and renamed; of a notebook, its pictures are
        looked for too. The bytes or sha256 of a file or picture. A number, or a line of text, as it
        was printed.
    directory
        Default: the current directory.
    runs_home
        The directory of runs; default: the project's.

    Raises
    ------
    StoreError
        If the directory of runs cannot be read.
    """
    return answer(x, home_of(directory, runs_home)).origins


def answer(x: str | float | bytes | Path, home: str) -> Answer:
    """Return the origins of something in a directory of runs."""
    if isinstance(x, bytes):
        return _of_digests(home, [hashlib.sha256(x).hexdigest()])
    text = repr(x) if isinstance(x, int | float) else os.fspath(x)
    path = os.path.expanduser(text)
    if "\n" not in text and os.path.isfile(path):
        return _of_digests(home, [hash_file(path), *_pictures_in(path)])
    if len(text) == _DIGEST_CHARS and not text.strip("0123456789abcdef"):
        return _of_digests(home, [text])
    if not can_tell(text):
        return Answer(
            [],
            f"too short to tell: expected a file, a number of at least {LEAST_DIGITS} digits or a "
            f"line of at least {LEAST_CHARS} characters, found {text!r:.60}",
        )
    found = origins_of_text(home, text, _MOST)
    if len(found) > _MOST:
        return Answer([], f"printed more than {_MOST} times: too common to tell")
    return Answer(found, "" if found else "no run has printed this")


def _of_digests(home: str, digests: list[str]) -> Answer:
    found = origins_of_digests(home, digests)
    return Answer(found, "" if found else "no run has made or used this")


def _pictures_in(path: str) -> list[str]:
    """Return the digests of the pictures in a notebook; none in another file."""
    if not path.endswith(".ipynb"):
        return []
    try:
        data = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return []
    return [hashlib.sha256(picture).hexdigest() for _, picture in pictures_of_notebook(data)]
