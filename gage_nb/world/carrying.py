"""What a cell's run is given of its notebook: decided, written as files, told in one line.

    cell's source → names → needs → parts of code, stored values, settings → NAME.carried/

The directory is drawn in `gage.inside.carried`. The record, `sys/carried` in the side-car:

    {"version": 1, "mode": "values",
     "summary": "df (1.2 MB, cell 7), clean() and np (cells 2, 5)",
     "code": [{"names": ["np"], "cell": 2, "lines": [1, 1], "kind": "import"}, …],
     "values": [{"name": "df", "format": "parquet", "path": "fit.carried/df.parquet",
                 "size_bytes": 1200000, "sha256": "…", "type": "pandas.DataFrame", "cell": 7}, …],
     "same": {"frame": "df"}, "settings": ["numpy.random", …], "cells": [3, 5],
     "edited": [5], "doubts": ["…"]}
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage._internal.errors import DependencyError
from gage._internal.operations.run_line import LineError
from gage._internal.suggestions import did_you_mean
from gage.inside.carried import DIRECTORY_SUFFIX
from gage.inside.digest import digest_of
from gage_nb.variables import variable_names
from gage_nb.world.configuring import configuring_parts
from gage_nb.world.edits import edited_since, saved_sources
from gage_nb.world.executions import log_of
from gage_nb.world.magics import translated
from gage_nb.world.needs import Needs, unknown_names
from gage_nb.world.opened_files import opened_files
from gage_nb.world.origins import Origins, Part
from gage_nb.world.parts import (
    cell_file,
    in_order,
    packages_of,
    packages_of_values,
    write_cells,
    write_parts,
)
from gage_nb.world.representing import has_own_printers
from gage_nb.world.settings import random_states, settings_now
from gage_nb.world.slices import Slice, slice_of
from gage_nb.world.storing import StoredValues, store
from gage_nb.world.summary import explained, summary_of
from gage_nb.world.syntax import Facts, facts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.operations.options import LineOptions
    from gage_nb.world.executions import Execution

__all__ = ["MODES", "NOTHING", "Carried", "Notebook", "carry", "carry_for", "explanation_for"]

# As `--from` names them.
MODES = ("values", "code")


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


@dataclass(frozen=True)
class Carried:
    """What a cell is given.

    Attributes
    ----------
    directory
        The name of the directory beside the program, "" where nothing is carried.
    files
        Its files: type (`s` for code, `d` for data) and path relative to the program's directory.
    summary
        One line that says what is carried; "" where nothing is.
    record
        All of it, for the side-car.
    opened
        Files of the project that it needs because earlier cells opened them: `opened_files`.
    needs_ipython
        Whether objects look in the notebook as they look under IPython alone.
    """

    directory: str
    files: tuple[tuple[str, str], ...]
    summary: str
    record: dict[str, Any]
    opened: tuple[tuple[str, str], ...] = ()
    needs_ipython: bool = False


NOTHING = Carried("", (), "", {})


def carry(
    source: str,
    name: str,
    notebook: Notebook,
    directory: Path,
    *,
    mode: str = "values",
    given: Collection[str] = (),
) -> Carried:
    """Write what a cell needs of its notebook below a directory, and return what it was.

    Parameters
    ----------
    source
        The cell, IPython's syntax translated.
    name
        What its program is called.
    given
        Names that the cell gets otherwise: `-i NAME`.

    Raises
    ------
    DependencyError
        If a name comes from nowhere, or can be carried neither as a value nor as code. Nothing
        has run then.
    """
    facts = facts_of(source)
    namespace = {key: value for key, value in notebook.namespace.items() if key not in given}
    _refuse_unknown(facts, {**namespace, **dict.fromkeys(given)})
    place = directory / f"{name}{DIRECTORY_SUFFIX}"
    place.mkdir()
    if mode == "code":
        found = _as_code(source, facts, notebook, given, place)
    else:
        found = _as_values(facts, notebook, given, place)
    opened = opened_files(
        source,
        notebook.executions,
        found.slice.executions,
        [part.text for part in found.parts],
        [notebook.namespace[name] for name in found.values.values],
    )
    if found.is_empty:
        place.rmdir()
        return replace(NOTHING, opened=opened)
    _write_table(found, place)
    files = tuple(
        ("s" if path.suffix == ".py" else "d", f"{place.name}/{path.name}")
        for path in sorted(place.iterdir())
    )
    record = _record(found, mode, place.name)
    return Carried(place.name, files, record["summary"], record, opened)


def carry_for(
    shell: InteractiveShell | None, source: str, name: str, directory: Path, only: LineOptions
) -> Carried:
    """Carry for a cell of a shell, as `carry`; nothing where there is none, or with `alone`.

    Raises
    ------
    LineError
        If the options do not say what to carry.
    DependencyError
        As `carry`.
    """
    if only.carry_from not in MODES:
        expected = " or ".join(MODES)
        raise LineError(f"expected {expected} after --from, found {only.carry_from!r}")
    if shell is None or only.alone:
        return NOTHING
    log = log_of(shell)
    hidden = shell.user_ns_hidden
    own = {
        key: value
        for key, value in shell.user_ns.items()
        if key not in hidden or hidden[key] is not value or key in ("_", "__", "___", "Out", "In")
    }
    executions = log.executions()
    drawn = not log.is_whole or any("numpy.random" in each.changed for each in executions)
    # Before the extension was loaded, anything may have been set.
    before = log.before if log.is_whole else {}
    edited = edited_since(executions, saved_sources(shell))
    notebook = Notebook(own, executions, before, drawn, edited)
    given = variable_names(only.inputs)
    carried = carry(
        translated(source), name, notebook, directory, mode=only.carry_from, given=given
    )
    ipython = "IPython" in carried.record.get("settings", ()) or has_own_printers(shell)
    return replace(carried, needs_ipython=ipython and bool(carried.directory))


def explanation_for(
    shell: InteractiveShell | None, source: str, name: str, only: LineOptions
) -> str:
    """Return what would be carried for a cell, and where from, as text; nothing runs."""
    with tempfile.TemporaryDirectory(prefix="gage-cell-") as directory:
        return explained(carry_for(shell, source, name, Path(directory), only).record)


@dataclass
class _Found:
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

    @property
    def is_empty(self) -> bool:
        return not (
            self.parts
            or self.values.values
            or self.values.has_pickle
            or self.slice.executions
            or self.settings
        )


def _as_values(facts: Facts, notebook: Notebook, given: Collection[str], place: Path) -> _Found:
    """Carry data as values, and as code what is code or cannot be stored."""
    origins = Origins(notebook.executions)
    found = _Found(notebook, origins)
    needs = Needs(notebook.namespace, origins, given)
    needs.add_facts(facts)
    if facts.dynamic:
        needs.add_all()
    found.values = store(needs, notebook.namespace, place)
    if found.values.refused:
        found.slice = _slice_for(found, facts)
    packages = packages_of(needs.parts.values()) | packages_of_values(needs.values.values())
    configuring = list(configuring_parts(origins, notebook.namespace, packages))
    for part in configuring:
        needs.add(part.facts.reads)
    parts = [*needs.parts.values(), *configuring]
    parts += [
        Part(0, -1, 0, 0, f"import {module}", "import", (module.partition(".")[0],))
        for module in needs.modules
    ]
    done = {execution.number for execution in found.slice.executions}
    found.parts = in_order(part for part in parts if part.number not in done or part.number == 0)
    found.settings = settings_now(notebook.before)
    if not notebook.has_drawn:
        found.settings.pop("numpy.random", None)
    if not (found.parts or found.values.values or facts.imports):
        found.settings = {}  # there is nothing that they could be options of
    found.table_code = write_parts(found.parts, place)
    found.table_cells = write_cells(found.slice.executions, place)
    return found


def _slice_for(found: _Found, facts: Facts) -> Slice:
    """Return the cells that make what cannot be stored; raise where none can."""
    refused = found.values.refused
    sliced = slice_of(set(refused), found.notebook.executions, found.notebook.namespace)
    wrong = {name: reason for name, reason in refused.items() if name in sliced.unknown}
    soft = set(refused) - facts.reads if facts.dynamic else set()
    if set(wrong) - soft:
        lines = [
            f"`{name}` is needed by the cell, but {reason}, and no cell that was executed makes it"
            for name, reason in wrong.items()
        ]
        raise DependencyError(
            "\n".join(lines) + "\nMake it in the cell, or run without the notebook: --alone"
        )
    return sliced


def _as_code(
    source: str, facts: Facts, notebook: Notebook, given: Collection[str], place: Path
) -> _Found:
    """Carry nothing but code: the cells that the cell needs, run from nothing."""
    found = _Found(notebook, Origins(notebook.executions))
    names = facts.reads & notebook.namespace.keys() - set(given)
    found.slice = slice_of(names, notebook.executions, notebook.namespace, source=source)
    if found.slice.unknown:
        names_text = ", ".join(f"`{name}`" for name in sorted(found.slice.unknown))
        raise DependencyError(
            f"no cell that was executed makes {names_text}, which the cell needs: "
            "hand it over with -i NAME, or carry values: --from values"
        )
    found.digests = {
        name: digest for name in sorted(names) if (digest := digest_of(notebook.namespace[name]))
    }
    found.states = {
        cell_file(execution.number): random_states(execution.random)
        for execution in found.slice.executions
        if execution.random
    }
    settings = settings_now(notebook.before)
    if not notebook.has_drawn:
        settings.pop("numpy.random", None)
    kept = ("sys.path", "random", "numpy.random", "IPython")
    found.settings = {key: settings[key] for key in kept if key in settings}
    found.table_cells = write_cells(found.slice.executions, place)
    return found


def _refuse_unknown(facts: Facts, namespace: Mapping[str, Any]) -> None:
    unknown = unknown_names(facts, namespace)
    if not unknown:
        return
    lines = []
    for name in unknown:
        near = did_you_mean(name, [known for known in namespace if not known.startswith("_")])
        lines.append(f"the cell needs `{name}`, which the notebook does not have. {near}".rstrip())
    raise DependencyError("\n".join(lines) + "\nRun the cell that makes it first, then this one")


def _write_table(found: _Found, place: Path) -> None:
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


def _record(found: _Found, mode: str, directory: str) -> dict[str, Any]:
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
    return {
        "version": 1,
        "mode": mode,
        "summary": summary_of(found.parts, values, cells, [*_said_of(edited), *doubts]),
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
