"""The summary of what a cell gets from its notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.people import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage_nb.world.origins import Part

__all__ = ["explained", "summary_of"]

_MAX_NAMES = 6


def summary_of(
    parts: Sequence[Part],
    values: Sequence[dict[str, Any]],
    cells: Sequence[int],
    remarks: Sequence[str],
) -> str:
    """Return the summary, `df (1.2 MB, cell 7), clean() and np (cells 2, 5)`; "" for nothing."""
    texts = []
    large = [value for value in values if value["format"] in ("parquet", "npy")]
    large += [value for value in values if value not in large and value["size_bytes"] >= 10_000]
    for value in large[:_MAX_NAMES]:
        cell = f", cell {value['cell']}" if value["cell"] else ""
        texts.append(f"{value['name']} ({format_size(value['size_bytes'])}{cell})")
    small = [value["name"] for value in values if value not in large]
    small += [value["name"] for value in large[_MAX_NAMES:]]
    numbers = {value["cell"] for value in values if value["name"] in small}
    called = []
    for part in parts:
        if part.kind == "setting" or not part.names:
            continue
        numbers.add(part.number)
        calls = "()" if part.kind == "definition" and part.text.lstrip()[:5] != "class" else ""
        called += [f"{name}{calls}" for name in part.names]
    names = list(dict.fromkeys([*small, *called]))
    if names:
        texts.append(f"{_listed(names)}{_in_cells(numbers - {0})}")
    said = [", ".join(texts)] if texts else []
    if cells:
        said.append(f"cell{'s' if len(cells) > 1 else ''} {', '.join(map(str, cells))} run as code")
    return "; ".join([*said, *remarks])


def explained(record: dict[str, Any]) -> str:
    """Return the record of carried names as a table for people: what, how, from which cell."""
    if not record:
        return "Nothing is carried: the cell needs nothing from the notebook"
    rows = []
    for part in record["code"]:
        first, last = part["lines"]
        place = f"cell {part['cell']}" if part["cell"] else "made for it"
        where = f", line {first}" if first == last else f", lines {first} to {last}"
        names = ", ".join(part["names"]) or "a setting"
        rows.append((names, f"as code ({part['kind']})", f"{place}{where if first else ''}"))
    for value in record["values"]:
        place = f"cell {value['cell']}" if value["cell"] else "no cell known"
        how = f"as a value ({value['type']}, {value['format']}, {format_size(value['size_bytes'])})"
        rows.append((value["name"], how, place))
    rows += [(name, f"the same object as {first}", "") for name, first in record["same"].items()]
    rows += [(f"cell {number}", "run again as code", "") for number in record["cells"]]
    rows += [(name, "with its present options", "") for name in record["settings"]]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join([*lines, *record["doubts"]])


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MAX_NAMES:
        return f"{', '.join(names[: _MAX_NAMES - 1])} and {len(names) - _MAX_NAMES + 1} more"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _in_cells(numbers: Iterable[int]) -> str:
    listed = sorted(numbers)
    if not listed:
        return ""
    return f" (cell{'s' if len(listed) > 1 else ''} {', '.join(map(str, listed))})"
