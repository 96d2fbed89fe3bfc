"""Carrying names from the notebook into a cell's run: as files, with a summary in one line.

    cell's source → names → needs → parts of code, stored values, settings → NAME.carried/

`gage.inside.carried` describes the directory. The record is `sys/carried` in the side-car:

    {"version": 1, "mode": "values",
     "summary": "df (1.2 MB, cell 7), clean() and np (cells 2, 5)",
     "code": [{"names": ["np"], "cell": 2, "lines": [1, 1], "kind": "import"}, …],
     "values": [{"name": "df", "format": "parquet", "path": "fit.carried/df.parquet",
                 "size_bytes": 1200000, "sha256": "…", "type": "pandas.DataFrame", "cell": 7}, …],
     "same": {"frame": "df"}, "settings": ["numpy.random", …], "cells": [3, 5],
     "edited": [5], "doubts": ["…"]}
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
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
from gage_nb.world.found import Found, Notebook, record_of, write_table
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
from gage_nb.world.settings import random_states, settings_now, with_seed
from gage_nb.world.slices import Slice, slice_of
from gage_nb.world.storing import store
from gage_nb.world.summary import explained
from gage_nb.world.syntax import facts_of, names_quoted_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from gage._internal.operations.options import LineOptions
    from gage_nb.world.facts import Facts

__all__ = ["MODES", "NOTHING", "Carried", "Notebook", "carry", "carry_for", "explanation_for"]

# The values of `--from`.
MODES = ("values", "code")


@dataclass(frozen=True)
class Carried:
    """The files and code that a cell gets.

    Attributes
    ----------
    directory
        The name of the directory beside the program, "" if nothing is carried.
    files
        Its files: type (`s` for code, `d` for data) and path relative to the program's directory.
    summary
        One line on what is carried, "" for nothing.
    record
        The full record, for the side-car.
    opened
        Files of the project that it needs because earlier cells opened them: `opened_files`.
    search
        Directories in which the notebook finds modules, besides its own and installed packages.
    needs_ipython
        Whether objects look in the notebook as they look under IPython alone.
    """

    directory: str
    files: tuple[tuple[str, str], ...]
    summary: str
    record: dict[str, Any]
    opened: tuple[tuple[str, str], ...] = ()
    search: tuple[str, ...] = ()
    needs_ipython: bool = False


# What a cell says that draws random numbers of its own.
_DRAWING = re.compile(r"\brandom\b|\brand(n|int|om)?\(|shuffle|\bsample\(|\bchoice")

NOTHING = Carried("", (), "", {})


def carry(
    source: str,
    name: str,
    notebook: Notebook,
    directory: Path,
    *,
    mode: str = "values",
    given: Collection[str] = (),
    seed: int | None = None,
) -> Carried:
    """Write what a cell needs from its notebook below a directory, and return a description.

    Parameters
    ----------
    source
        The cell, with IPython's syntax translated.
    name
        The name of its program.
    given
        Names that the cell gets in another way: `-i NAME`.
    seed
        What the random numbers of the cell are drawn from; None for the states that the
        notebook's generators have now.

    Raises
    ------
    DependencyError
        If a name is unknown, or can be carried neither as a value nor as code. Nothing has run.
    """
    facts = facts_of(source)
    namespace = {key: value for key, value in notebook.namespace.items() if key not in given}
    _refuse_unknown(facts, {**namespace, **dict.fromkeys(given)})
    place = directory / f"{name}{DIRECTORY_SUFFIX}"
    place.mkdir()
    if mode == "code":
        found = _as_code(source, facts, notebook, given, place)
    else:
        found = _as_values(source, facts, notebook, given, place)
    found.draws = (
        _DRAWING.search("\n".join([source, *(part.text for part in found.parts)])) is not None
    )
    if seed is not None:
        found.settings = with_seed(found.settings, seed)
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
    write_table(found, place)
    files = tuple(
        ("s" if path.suffix == ".py" else "d", f"{place.name}/{path.name}")
        for path in sorted(place.iterdir())
    )
    record = record_of(found, mode, place.name)
    search = tuple(found.settings.get("sys.path", ()))
    return Carried(place.name, files, record["summary"], record, opened, search)


def carry_for(
    shell: InteractiveShell | None,
    source: str,
    name: str,
    directory: Path,
    only: LineOptions,
    *,
    seed: int | None = None,
) -> Carried:
    """Carry for a cell of a shell, like `carry`; nothing without a shell, or with `alone`.

    Raises
    ------
    LineError
        If the options are not valid.
    DependencyError
        As `carry`.
    """
    if only.carry_from not in MODES:
        expected = " or ".join(MODES)
        raise LineError(f"expected {expected} after --from, found {only.carry_from!r}")
    if shell is None or only.alone:
        return NOTHING if seed is None else _seed_alone(name, directory, seed)
    log = log_of(shell)
    hidden = shell.user_ns_hidden
    own = {
        key: value
        for key, value in shell.user_ns.items()
        if key not in hidden or hidden[key] is not value or key in ("_", "__", "___", "Out", "In")
    }
    executions = log.executions()
    drawn = not log.is_whole or any("numpy.random" in each.changed for each in executions)
    # Anything may have been set before the extension was loaded.
    before = log.before if log.is_whole else {}
    edited = edited_since(executions, saved_sources(shell))
    notebook = Notebook(own, executions, before, drawn, edited)
    given = variable_names(only.inputs)
    carried = carry(
        translated(source),
        name,
        notebook,
        directory,
        mode=only.carry_from,
        given=given,
        seed=seed,
    )
    ipython = "IPython" in carried.record.get("settings", ()) or has_own_printers(shell)
    return replace(carried, needs_ipython=ipython and bool(carried.directory))


def explanation_for(
    shell: InteractiveShell | None,
    source: str,
    name: str,
    only: LineOptions,
    seed: int | None = None,
) -> str:
    """Return a text on what would be carried for a cell, and from where; nothing runs."""
    with tempfile.TemporaryDirectory(prefix="gage-cell-") as directory:
        carried = carry_for(shell, source, name, Path(directory), only, seed=seed)
        return explained(carried.record)


def _seed_alone(name: str, directory: Path, seed: int) -> Carried:
    """Carry nothing of the notebook, only what random numbers are drawn from."""
    place = directory / f"{name}{DIRECTORY_SUFFIX}"
    place.mkdir()
    found = Found(Notebook({}, ()), Origins(()), settings=with_seed({}, seed))
    write_table(found, place)
    record = record_of(found, "alone", place.name)
    return Carried(place.name, (("d", f"{place.name}/carried.json"),), record["summary"], record)


def _as_values(
    source: str, facts: Facts, notebook: Notebook, given: Collection[str], place: Path
) -> Found:
    """Carry data as values; carry code, and what cannot be stored, as code."""
    origins = Origins(notebook.executions)
    found = Found(notebook, origins)
    needs = Needs(notebook.namespace, origins, given)
    needs.add_facts(facts)
    if facts.dynamic:
        needs.add_all()
    elif needs.evaluates:
        needs.add(names_quoted_in(source))
    found.values = store(needs, notebook.namespace, place)
    if found.values.refused:
        found.slice = _slice_for(found, facts)
    packages = packages_of(needs.parts.values()) | packages_of_values(needs.values.values())
    configuring = list(configuring_parts(origins, notebook.namespace, packages))
    configuring = [part for part in configuring if needs.add_code(part.facts.reads)]
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
        found.settings = {}  # no library is used that they could belong to
    found.table_code = write_parts(found.parts, place)
    found.table_cells = write_cells(found.slice.executions, place)
    return found


def _slice_for(found: Found, facts: Facts) -> Slice:
    """Return the cells that make values that cannot be stored; raise an error if there are none."""
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
) -> Found:
    """Carry only code: the cells that the cell needs, which run again."""
    found = Found(notebook, Origins(notebook.executions))
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
