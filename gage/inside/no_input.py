"""The standard input of a run: it is empty, and `input()` raises an error that says what to do.

Programs that read the stream find its end at once; `input()` and `getpass()` ask for a line, which
nobody can type.
"""

from __future__ import annotations

import io

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NO_INPUT", "NoInput"]

NO_INPUT = (
    "a run has no standard input: nobody can answer. Assign the value in the program and set it "
    "for the run (k=v), or read it from a file or an environment variable"
)


class NoInput(io.StringIO):
    """An empty stream whose `readline` raises an `EOFError` that says what to do."""

    name = "<stdin>"

    def readline(self, *_: object) -> str:  # type: ignore[override]  # as below
        """Raise EOFError: `input()` and `getpass()` call this."""
        raise EOFError(NO_INPUT)

    def fileno(self) -> int:
        """Return the descriptor, for another program."""
        return 0

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # there is no line
        """Yield nothing."""
        return iter(())
