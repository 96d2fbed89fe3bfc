"""What was found to be carried for a cell: its table for the run, and the record of it.

The table is drawn in `gage.inside.carried`, the record in `carrying`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gage_nb.world.slices import Slice
from gage_nb.world.storing import StoredValues
from gage_nb.world.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gage_nb.world.executions import Execution
    from gage_nb.world.origins import Origins, Part

__all__ = ["Found", "Notebook", "record_of", "write_table"]


@dataclass(frozen=True)
class Notebook:
    """What a cell can be given something of: the names of a notebook, and how they came about.

    Attributes
    ----------
    before
        How the kernel was when the extension was loaded: `settings.baseline`.
    has_drawn
        Whether a cell may have seeded or used the random numbers of NumPy.
    edited
        Executions whose cell has another text now.
    """

    namespace: Mapping[str, Any]
    executions: Sequence[Execution]
    before: dict[str, Any] = field(default_factory=dict)
    has_drawn: bool = True
    edited: frozenset[int] = frozenset()


@dataclass
class Found:
    """What is carried, before it is told."""

    notebook: Notebook
    origins: Origins
    parts: list[Part] = field(default_factory=list)
    values: StoredValues = field(default_factory=lambda: StoredValues({}, {}, {}))
    settings: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    slice: Slice = field(default_factory=Slice)
    table_code: list[list[Any]] = field(default_factory=list)
    table_cells: list[str] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    draws: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the cell needs nothing."""
        return not (
            self.parts
            or self.values.values
            or self.values.has_pickle
            or self.slice.executions
            or self.settings
        )


def write_table(found: Found, place: Path) -> None:
    """Write the table into the directory of what is carried."""
    files = {
        value.name: value.path
        for value in found.values.values.values()
        if value.format in ("parquet", "npy")
    }
    table = {
        "version": 1,
        "settings": found.settings,
        "cells": found.table_cells,
        "states": found.states,
        "digests": found.digests,
        "code": found.table_code,
        "files": files,
        "same": found.values.same,
        "plain": found.values.has_plain,
        "pickle": found.values.has_pickle,
    }
    text = json.dumps({key: value for key, value in table.items() if value}, ensure_ascii=False)
    (place / "carried.json").write_text(text, encoding="utf-8")


def record_of(found: Found, mode: str, directory: str) -> dict[str, Any]:
    """Return the record for the side-car."""
    origins = found.origins
    code = [
        {
            "names": list(part.names),
            "cell": part.number,
            "lines": [part.first_line, part.last_line],
            "kind": part.kind,
        }
        for part in found.parts
    ]
    values = [
        asdict(value) | {"path": f"{directory}/{value.path}", "cell": origins.number(value.name)}
        for value in found.values.values.values()
    ]
    cells = [execution.number for execution in found.slice.executions]
    doubts = [f"doubtful: {doubt}" for doubt in found.slice.doubts]
    used = {*cells, *(part.number for part in found.parts)}
    used |= {origins.number(value.name) for value in found.values.values.values()}
    edited = sorted(used & found.notebook.edited)
    remarks = [*_said_of_random(found), *_said_of(edited), *doubts]
    return {
        "version": 1,
        "mode": mode,
        "summary": summary_of(found.parts, values, cells, remarks),
        "code": code,
        "values": values,
        "same": found.values.same,
        "settings": sorted(found.settings),
        "cells": cells,
        "edited": edited,
        "doubts": doubts,
    }


def _said_of(edited: Sequence[int]) -> list[str]:
    """Return what is said of cells that are not any more what ran."""
    if not edited:
        return []
    if len(edited) == 1:
        return [f"cell {edited[0]} has been edited since it ran"]
    return [f"cells {', '.join(map(str, edited))} have been edited since they ran"]


def _said_of_random(found: Found) -> list[str]:
    """Return what is said of the random numbers of the run, where it draws any."""
    if "random.seed" in found.settings:
        return [f"random numbers from seed {found.settings['random.seed']}"]
    if found.draws and found.settings.keys() & {"random", "numpy.random"}:
        return ["random numbers go on from where the notebook is"]
    return []
