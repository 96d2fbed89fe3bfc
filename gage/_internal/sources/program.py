"""A program whose text is read before it runs."""

from __future__ import annotations

from gage._internal.named import NamedTuple

__all__ = ["Program"]


class Program(NamedTuple):
    """A program to run: its path relative to the project, its text, and its working directory.

    `work_dir` is relative to the project, "" for the project itself.
    """

    path: str
    text: bytes
    work_dir: str
