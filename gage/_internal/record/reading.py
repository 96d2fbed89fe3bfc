"""Reading a file of a side-car: its content, or an error that names the file."""

from __future__ import annotations

from gage._internal.errors import MetaError
from gage._internal.guarded import read_regular
from gage._internal.record.layout import run_meta_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Run

__all__ = ["read_lines", "read_text", "unreadable"]

_MOST_BYTES_OF_LINES = 1 << 30  # some millions of lines


def read_text(run: Run, *names: str) -> str | None:
    """Return the content of a file of the side-car, or None if the file does not exist.

    Raises
    ------
    MetaError
        If the file exists but cannot be read.
    """
    path = run_meta_path(run, *names)
    try:
        return read_regular(path).decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(path, error) from error


def read_lines(path: str) -> list[str]:
    """Return the whole lines of a file of a side-car; none if the file does not exist.

    Raises
    ------
    MetaError
        If the file exists but cannot be read.
    """
    try:
        text = read_regular(path, _MOST_BYTES_OF_LINES).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(path, error) from error
    return text.split("\n")[:-1]


def unreadable(path: str, error: OSError) -> MetaError:
    """Return an error that says why a file of a side-car cannot be read."""
    return MetaError(f"{path}: expected a file of a run, found {error.strerror}")
