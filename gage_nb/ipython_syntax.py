"""IPython's syntax beyond Python: `%magic`, `!command`, `object?`, short forms of calls.

IPython's own transformers find it, so that exactly those lines are found that IPython would change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager

    class _Transform(Protocol):
        """The part of IPython's `TokenTransformBase`, which has no types, that is used here."""

        start_line: int

        def sortby(self) -> tuple[int, int]: ...
        def transform(self, lines: list[str]) -> list[str]: ...


__all__ = ["IPythonLine", "find_ipython_syntax", "has_other_language"]


class IPythonLine(NamedTuple):
    """A statement in IPython's syntax: its line (from 1), its text, and why it cannot be run.

    `refusal` is "" for a statement that can be run.
    """

    line: int
    text: str
    refusal: str


def find_ipython_syntax(
    source: str, manager: TransformerManager | None = None
) -> tuple[list[IPythonLine], str]:
    """Return all statements in IPython's syntax, and the source with `pass` in their place.

    IPython's transformers find them in their usual order, so that exactly those are found that
    IPython would have changed.
    """
    if manager is None:
        from IPython.core.inputtransformer2 import TransformerManager

        manager = TransformerManager()
    found = []
    lines = source.splitlines(keepends=True)
    while (place := _first_transform(manager, lines)) is not None:
        start, length = place
        taken = lines[start : start + length]
        text = "".join(taken)
        # splitlines also divides at form feeds and others, so the line breaks are counted.
        line = "".join(lines[:start]).count("\n") + 1
        found.append(IPythonLine(line, text.strip(), _refusal(text.strip())))
        indent = text[: len(text) - len(text.lstrip())]
        lines[start : start + length] = [f"{indent}pass\n", *("\n" for _ in taken[1:])]
    return found, "".join(lines)


def _first_transform(manager: TransformerManager, lines: list[str]) -> tuple[int, int] | None:
    """Return the start of IPython's first change, and its number of lines."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    tokens = make_tokens_by_line(lines)
    transformers = cast("list[Any]", manager.token_transformers)
    found: list[_Transform] = [item for kind in transformers if (item := kind.find(tokens))]
    for transformer in sorted(found, key=lambda item: item.sortby()):
        try:
            changed = transformer.transform(lines)
        except SyntaxError:
            continue
        return transformer.start_line, len(lines) - len(changed) + 1
    return None


def has_other_language(source: str) -> bool:
    """Return whether a cell magic's body is not Python (`%%bash`)."""
    magic = _CELL_MAGIC.match(source)
    return magic is not None and magic[1] not in _PYTHON_MAGICS


_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_PYTHON_MAGICS = {"capture", "prun", "time", "timeit"}  # their body is Python
_MAGIC = re.compile(r"(?:[\w.,\s]+=\s*)?%{1,2}\s*(\w+)\s*(.*)", re.DOTALL)
_NO_DEBUGGER = "a debugger needs somebody to answer it: run the cell in the notebook for that"
_NO_KERNEL = "a run does not have the notebook's kernel: put this line into another cell"
_OF_GAGE = "a run does not start runs: put this line into another cell"
_REFUSED = {
    "connect_info": _NO_KERNEL,
    "debug": _NO_DEBUGGER,
    "gage": _OF_GAGE,
    "gage_run": _OF_GAGE,
    "pdb": _NO_DEBUGGER,
    "qtconsole": _NO_KERNEL,
}


def _refusal(text: str) -> str:
    """Return why a line cannot work in a run, "" if it can."""
    magic = _MAGIC.match(text)
    if not magic:
        return ""
    if magic[1] in ("load_ext", "reload_ext") and magic[2].split()[:1] == ["gage_nb"]:
        return _OF_GAGE
    return _REFUSED.get(magic[1], "")
