"""File systems so small that a test can fill them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["small_disk"]


@contextlib.contextmanager
def small_disk(path: Path, options: str) -> Iterator[Path]:
    """Mount a new file system with these options (`size=4m`) at a new directory.

    Mounting takes root's rights. Without them the test fails: that a full disk costs nothing is
    not to be skipped in silence.
    """
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.fail(
            "this test needs root's rights to mount a small tmpfs (CAP_SYS_ADMIN, as "
            f"`docker run --privileged` gives): {mounted.stderr}"
        )
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
