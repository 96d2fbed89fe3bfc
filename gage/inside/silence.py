"""What a notebook's earlier cells say when they run in front of a cell: kept out of its output.

It goes to `NAME.carried/output.txt`. Where nothing is said there is no such file.
"""

from __future__ import annotations

import builtins
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Silence", "is_silent"]

_silences: list[Silence] = []


def is_silent() -> bool:
    """Return whether what is shown now belongs to an earlier cell: it is not recorded."""
    return bool(_silences)


class Silence:
    """Sends what the process prints and displays in a block to `output.txt` of a directory."""

    def __init__(self, directory: str) -> None:
        self._output = os.path.join(directory, "output.txt")

    def __enter__(self) -> None:
        """Begin the silence."""
        _silences.append(self)
        self._display: Any = getattr(builtins, "display", None)
        self._kept = _divert(self._output)
        builtins.display = _printed  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        """End it."""
        _silences.remove(self)
        _restore(self._kept)
        try:
            if not os.path.getsize(self._output):
                os.unlink(self._output)
        except FileNotFoundError:
            pass  # another worker has removed it
        if self._display is not None:
            builtins.display = self._display  # type: ignore[attr-defined]


def _printed(*objects: object, **_: object) -> None:
    print(*objects)  # noqa: T201 - to the file


def _divert(path: str) -> list[int]:
    """Send what the process writes to stdout and stderr to a file; return where they went."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    return kept


def _restore(kept: list[int]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for number, descriptor in enumerate(kept, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
