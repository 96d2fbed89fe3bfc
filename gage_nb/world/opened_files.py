"""Files that earlier cells opened and that a cell is going to need.

A cell names its files in more ways than its own strings: in a list that an earlier cell made, in a
path joined to a directory of the notebook. What the log of executions saw being opened says which
file it was. It is needed

    where the execution runs again, as code
    where the cell itself was executed before: what it opened then, it opens again
    where the cell, the code carried for it or a value carried for it has the file's name, or a
    value names its directory
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gage_nb.world.executions import Execution

__all__ = ["opened_files"]

_MOST_STRINGS = 10_000
_MOST_CHARACTERS = 4096  # of a path


def opened_files(
    source: str,
    executions: Sequence[Execution],
    again: Iterable[Execution],
    code: Iterable[str],
    values: Iterable[object],
) -> tuple[tuple[str, str], ...]:
    """Return absolute paths that a cell needs, each with the cell that opened it.

    Parameters
    ----------
    source
        The cell, IPython's syntax translated.
    again
        The executions that run again for it.
    code, values
        What is carried for it besides.
    """
    if not any(execution.opened for execution in executions):
        return ()
    repeated = {execution.number for execution in again}
    repeated |= {each.number for each in executions if each.code.strip() == source.strip()}
    texts = [source, *code]
    strings = set(_strings(values))
    names = {string.rstrip("/").rpartition("/")[2] for string in strings}
    directories = {str(Path(string).expanduser().absolute()) for string in strings}
    found: dict[str, str] = {}
    for execution in executions:
        for path in execution.opened:
            name = path.rpartition("/")[2]
            if path in found:
                continue
            if (
                execution.number in repeated
                or name in names
                or any(name in text for text in texts)
                or any(path.startswith(f"{directory}/") for directory in directories)
            ):
                found.setdefault(path, execution.label)
    return tuple(found.items())


def _strings(values: Iterable[object]) -> Iterator[str]:
    """Yield the strings and paths in plain values that could be a file's name."""
    waiting = list(values)
    for _ in range(_MOST_STRINGS):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, Path) or (isinstance(value, str) and value):
            text = str(value)
            if len(text) < _MOST_CHARACTERS and "\n" not in text and "\0" not in text:
                yield text
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += value
