"""Helpers for the tests of the doctor: things that look old, the only finding."""

from __future__ import annotations

import os
from pathlib import Path

from gage._internal.doctor.finding import Finding


def long_ago(*paths: Path | str) -> None:
    """Let files and directories, with all that is in them, look as if they were old."""
    for top in paths:
        for path in (Path(top), *Path(top).rglob("*")):
            os.utime(path, (1_700_000_000,) * 2, follow_symlinks=False)


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding
