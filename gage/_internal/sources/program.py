"""A program whose text is looked at before it runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Program(NamedTuple):
        path: str
        text: bytes
        work_dir: str

else:
    from collections import namedtuple

    Program = namedtuple("Program", "path text work_dir")

__all__ = ["Program"]

Program.__doc__ = """What is run: its path relative to the project, its text, and where it works.

`work_dir` is relative to the project, "" for the project itself.
"""
