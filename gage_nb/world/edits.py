"""Cells that have been edited since they ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage_nb.notebook_search import named_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from gage_nb.world.executions import Execution

__all__ = ["edited_since", "saved_sources"]

# Reading more would delay a run too long.
_MAX_BYTES = 5_000_000


def saved_sources(shell: InteractiveShell) -> dict[str, str]:
    """Return the cells of the last saved notebook by id; empty if it is not known."""
    name = named_path(shell)
    if name is None:
        return {}
    path = Path(name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    cells = document.get("cells") if isinstance(document, dict) else None
    return {
        str(cell["id"]): "".join(cell["source"])
        for cell in cells or []
        if isinstance(cell, dict) and "id" in cell and isinstance(cell.get("source"), str | list)
    }


def edited_since(executions: Sequence[Execution], saved: Mapping[str, str]) -> frozenset[int]:
    """Return the executions whose cell has another text in the file or a later execution.

    Cells whose id is not known are not included.
    """
    newest = dict(saved)
    newest.update({each.cell_id: each.source for each in executions if each.cell_id})
    # A text that was saved after the execution is newer, unless it is the same.
    for each in reversed(executions):
        if each.cell_id in saved and newest[each.cell_id].rstrip() != saved[each.cell_id].rstrip():
            newest[each.cell_id] = saved[each.cell_id]
    return frozenset(
        each.number
        for each in executions
        if each.cell_id and each.source.rstrip() != newest[each.cell_id].rstrip()
    )
