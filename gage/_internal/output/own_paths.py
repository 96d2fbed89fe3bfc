"""Tracebacks and warnings of a run as people read them: `train.py`, not the path of its copy.

What is recorded stays as it is; only what is shown is shorter.
"""

from __future__ import annotations

import os

__all__ = ["shorten_own_paths", "shorten_paths_in"]

_STYLE = rb"(?:\x1b\[[0-9;]*m)*"


def shorten_own_paths(text: bytes, run_dir: str) -> bytes:
    """Return output in which lines about a file of the run name it from the run's directory.

    These are lines that begin with `File "PATH` or, as warnings do, with the path itself.
    """
    import re

    places = {os.path.abspath(run_dir), os.path.realpath(run_dir)}
    paths = b"|".join(re.escape(os.fsencode(place)) for place in places)
    begin = rb"^(\s*" + _STYLE + rb"(?:File " + _STYLE + rb"\"?)?)"
    return re.sub(begin + rb"(?:" + paths + rb")/", rb"\1", text, flags=re.MULTILINE)


def shorten_paths_in(text: str, run_dir: str) -> str:
    """Do the same with lines of output as a string."""
    data = text.encode("utf-8", "surrogateescape")
    return shorten_own_paths(data, run_dir).decode("utf-8", "surrogateescape")
