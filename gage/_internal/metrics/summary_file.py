"""The summary of a run: `summary.json` with metrics and attributes.

A run may leave a file in its directory, `summary.json` or the name that its operation sets in
`summary`:

    {"metrics": {"acc": 0.91, "loss": {"value": 0.2, "label": "Final loss"}},
     "attributes": {"data": "v2", "model": {"value": "small", "label": "Model"}}}

Metrics are numbers or null; attributes are strings, numbers, booleans or null. Each may be a table
with `value` and more about it, its fields: `{"value": 1.1, "color": "green"}`. Both keys may also
hold a list of such tables, in which later ones take precedence. The file is JSON with comments, as
in a Gage file, or TOML or YAML by its suffix.

In the side-car, `summary.json` has the same form, in JSON as Python writes it (with `NaN` and
`Infinity`): every metric of the run with its last value, with the values of the run's own file
taking precedence. It is written at the end of a run, for listings that cannot read every value of
every run.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError, MetaError
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gage._internal.types import Run

__all__ = [
    "SUMMARY_KEYS",
    "checked_summary",
    "fields_of",
    "fields_text",
    "read_full_summary",
    "read_run_file",
    "read_summary",
    "value_of",
]

SUMMARY_KEYS = ("metrics", "attributes")


def read_summary(run: Run) -> dict[str, dict[str, Any]]:
    """Return `metrics` and `attributes` of an ended run, without their fields.

    Before the end, and if the run has none, both are empty.

    Raises
    ------
    MetaError
        If the file is damaged.
    """
    return {
        key: {name: value_of(value) for name, value in values.items()}
        for key, values in read_full_summary(run).items()
    }


def read_full_summary(run: Run) -> dict[str, dict[str, Any]]:
    """Return `metrics` and `attributes` as `read_summary`, where there are fields as tables.

    Raises
    ------
    MetaError
        If the file is damaged.
    """
    text = read_text(run, "summary.json")
    if text is None:
        return {key: {} for key in SUMMARY_KEYS}
    import json

    path = run_meta_path(run, "summary.json")
    try:
        data = json.loads(text)
        summary: dict[str, dict[str, Any]] = {key: data[key] for key in SUMMARY_KEYS}
        for key in SUMMARY_KEYS:
            for name, value in summary[key].items():
                fault = _fault(key, value)
                if fault:
                    raise ValueError(f"{key}: {name}: {fault}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MetaError(f"{path}: expected metrics and attributes: {error!r}") from None
    return summary


def value_of(entry: Any) -> Any:
    """Return the value of an entry of a summary, without its fields."""
    return entry["value"] if isinstance(entry, dict) else entry


def fields_of(entry: Any) -> dict[str, Any]:
    """Return what an entry of a summary says of its value, by name."""
    if not isinstance(entry, dict):
        return {}
    return {name: value for name, value in entry.items() if name != "value"}


def fields_text(entry: Any) -> str:
    """Return the fields of an entry for people: `color=green label=Model`."""
    return " ".join(f"{name}={value}" for name, value in fields_of(entry).items())


def read_run_file(
    run: Run, file_name: str, on_fault: Callable[[str], None]
) -> dict[str, dict[str, Any]] | None:
    """Return the summary in a file of the run's directory, None if there is no such file.

    `on_fault` is called with a message for each part that is not valid and is left out.
    """
    path = os.path.join(work_dir(run), file_name)
    found: dict[str, dict[str, Any]] = {key: {} for key in SUMMARY_KEYS}
    try:
        data = _load(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ConfigError) as error:
        on_fault(f"{file_name} is not read: {str(error).removeprefix(path).lstrip(': ')}")
        return found
    return checked_summary(data, file_name, on_fault)


def checked_summary(
    data: dict[str, Any], name: str, on_fault: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Return the valid metrics and attributes of a summary; `on_fault` gets the others' faults."""
    found: dict[str, dict[str, Any]] = {key: {} for key in SUMMARY_KEYS}
    for key in data.keys() - {*SUMMARY_KEYS}:
        on_fault(f"{name}: expected {' and '.join(SUMMARY_KEYS)}, found {key!r}: left out")
    for key in SUMMARY_KEYS:
        tables = data.get(key) or {}
        for table in tables if isinstance(tables, list) else [tables]:
            if not isinstance(table, dict):
                on_fault(f"{name}: expected a table for {key}, found {_kind(table)}: left out")
                continue
            for entry, value in table.items():
                fault = _fault(key, value)
                if fault:
                    on_fault(f"{name}: {key}: {entry}: {fault}: left out")
                else:
                    found[key][str(entry)] = value
    return found


def _fault(key: str, value: object) -> str | None:
    """Return the fault of the value of a metric or attribute, None if it has none."""
    if isinstance(value, dict):
        if "value" not in value:
            return f"expected a table with value, found {', '.join(map(repr, value)) or 'no key'}"
        value = value["value"]
    if key == "metrics":
        allowed = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
        return None if allowed else f"expected a number, found {_kind(value)}"
    allowed = value is None or isinstance(value, (str, int, float))
    return None if allowed else f"expected a string, number or boolean, found {_kind(value)}"


def _kind(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _load(path: str) -> dict[str, Any]:
    """Return the data of a file; without a suffix of TOML or YAML it is JSON."""
    with open(path, "rb") as file:
        raw = file.read()
    if os.path.splitext(path)[1].lower() in {".toml", ".yaml", ".yml"}:
        from gage._internal.config.formats import read_document

        return read_document(path, raw).data()
    from gage._internal.config.json_file import read

    return read(raw, path).data()
