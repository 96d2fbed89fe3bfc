"""Cells that are not any more what they were when they ran."""

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

# Reading more takes longer than a run should wait for.
_MAX_BYTES = 5_000_000


def saved_sources(shell: InteractiveShell) -> dict[str, str]:
    """Return the cells of the notebook as it was last saved, by id; empty where it is not known."""
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
    """Return the executions whose cell has another text now: in the file, or in a later execution.

    A cell whose id the front end does not tell is never among them.
    """
    newest = dict(saved)
    newest.update({each.cell_id: each.source for each in executions if each.cell_id})
    # What was saved after it ran is newer than what ran, unless that is what ran.
    for each in reversed(executions):
        if each.cell_id in saved and newest[each.cell_id].rstrip() != saved[each.cell_id].rstrip():
            newest[each.cell_id] = saved[each.cell_id]
    return frozenset(
        each.number
        for each in executions
        if each.cell_id and each.source.rstrip() != newest[each.cell_id].rstrip()
    )
