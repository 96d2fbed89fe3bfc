"""Parts of code in the order in which they can run, and as files named after their cells."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gage_nb.world.magics import without_magics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gage_nb.world.executions import Execution
    from gage_nb.world.origins import Part

__all__ = [
    "cell_file",
    "in_order",
    "packages_of",
    "packages_of_values",
    "write_cells",
    "write_parts",
]

_MADE = "made.py"


def in_order(parts: Iterable[Part]) -> list[Part]:
    """Return parts, each once: imports first, then in their order, each after what it needs."""
    unique = {(part.order, part.text): part for part in parts}
    waiting = sorted(unique.values(), key=lambda part: (part.kind != "import", part.order))
    makers: dict[str, Part] = {}
    for part in waiting:
        if part.kind != "setting":
            makers.update(dict.fromkeys(part.names, part))
    done: dict[tuple[tuple[int, int], str], Part] = {}
    entered: set[int] = set()

    def add(part: Part) -> None:
        if id(part) in entered:
            return
        entered.add(id(part))
        for name in sorted(part.facts.now):
            maker = makers.get(name)
            if maker is not None and maker is not part:
                add(maker)
        done[part.order, part.text] = part

    for part in waiting:
        add(part)
    return list(done.values())


def packages_of(parts: Iterable[Part]) -> set[str]:
    """Return the top-level packages that parts import."""
    found = set()
    for part in parts:
        if part.kind == "import":
            words = part.text.split()
            found |= {
                word.partition(".")[0].strip(",")
                for before, word in pairwise(words)
                if before in ("import", "from")
            }
    return found


def packages_of_values(values: Iterable[object]) -> set[str]:
    """Return the top-level packages that values are of."""
    return {type(value).__module__.partition(".")[0] for value in values} - {"builtins"}


def cell_file(number: int) -> str:
    """Return the name of the file with the code of an execution."""
    return f"cell-{number}.py"


def write_parts(parts: Sequence[Part], directory: Path) -> list[list[Any]]:
    """Write parts as files, with the cells' line numbers; return file, first and last line."""
    files: dict[str, dict[int, str]] = {}
    table: list[list[Any]] = []
    for part in parts:
        name = cell_file(part.number) if part.first_line else _MADE
        lines = files.setdefault(name, {})
        text = part.text.split("\n")
        first = part.first_line
        if not first:
            first = len(lines) + 1
        elif any(number in lines for number in range(first, first + len(text))):
            if lines.get(first) == part.text:
                continue
            if len(text) == 1:
                lines[first] += f"; {part.text}"
                if [name, first, first] not in table:
                    table.append([name, first, first])
                continue
            name, lines = _MADE, files.setdefault(_MADE, {})
            first = len(lines) + 1
        lines.update(enumerate(text, first))
        table.append([name, first, first + len(text) - 1])
    for name, lines in files.items():
        whole = "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))
        (directory / name).write_text(f"{whole}\n", encoding="utf-8")
    return table


def write_cells(executions: Sequence[Execution], directory: Path) -> list[str]:
    """Write whole cells as files; return their names in the order in which they run."""
    names = []
    for execution in executions:
        name = cell_file(execution.number)
        code = without_magics(execution.code)
        (directory / name).write_text(
            code if code.endswith("\n") else f"{code}\n", encoding="utf-8"
        )
        names.append(f"{name}!" if execution.success is False else name)
    return names
