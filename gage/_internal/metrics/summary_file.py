"""What a run says at its end: `summary.json`, metrics and attributes in a few words.

A run may leave a file in its directory, `summary.json` or what its operation names in `summary`:

    {"metrics": {"acc": 0.91, "loss": {"value": 0.2, "label": "Final loss"}},
     "attributes": {"data": "v2", "model": {"value": "small", "label": "Model"}}}

Metrics are numbers or null; attributes texts, numbers, booleans or null; each may be a table
with `value` and `label`; both keys may hold a list of such tables, the later over the earlier.
JSON with comments, as in a Gage file; TOML and YAML by the ending of the name.

In the side-car, `summary.json` has the same form, JSON as Python writes it (`NaN`, `Infinity`
for such values): every metric of the run with its last value, and over them what the run's own
file says. It is written at the end of a run, for lists that cannot read every value of every run.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError, MetaError
from gage._internal.record.run_meta import read_text, run_meta_path
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gage._internal.types import Run

__all__ = ["SUMMARY_KEYS", "checked_summary", "read_said_summary", "read_summary"]

SUMMARY_KEYS = ("metrics", "attributes")


def read_summary(run: Run) -> dict[str, dict[str, Any]]:
    """Return `metrics` and `attributes` of a run that has ended, without their labels.

    Before the end, and where the run said nothing, both are empty.

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
        summary = {key: data[key] for key in SUMMARY_KEYS}
        for key in SUMMARY_KEYS:
            for name, value in summary[key].items():
                fault = _fault(key, value)
                if fault:
                    raise ValueError(f"{key}: {name}: {fault}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MetaError(f"{path}: expected metrics and attributes: {error!r}") from None
    return {
        key: {
            name: value["value"] if isinstance(value, dict) else value
            for name, value in summary[key].items()
        }
        for key in SUMMARY_KEYS
    }


def read_said_summary(
    run: Run, file_name: str, tell: Callable[[str], None]
) -> dict[str, dict[str, Any]] | None:
    """Return what a run says in a file of its directory, None where there is no such file.

    `tell` is told what is not in one of the forms; that is left out.
    """
    path = os.path.join(work_dir(run), file_name)
    said: dict[str, dict[str, Any]] = {key: {} for key in SUMMARY_KEYS}
    try:
        data = _load(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ConfigError) as error:
        tell(f"{file_name} is not read: {str(error).removeprefix(path).lstrip(': ')}")
        return said
    return checked_summary(data, file_name, tell)


def checked_summary(
    data: dict[str, Any], name: str, tell: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Return the metrics and attributes of what a run says; `tell` is told what is left out."""
    said: dict[str, dict[str, Any]] = {key: {} for key in SUMMARY_KEYS}
    for key in data.keys() - {*SUMMARY_KEYS}:
        tell(f"{name}: expected {' and '.join(SUMMARY_KEYS)}, found {key!r}: left out")
    for key in SUMMARY_KEYS:
        tables = data.get(key) or {}
        for table in tables if isinstance(tables, list) else [tables]:
            if not isinstance(table, dict):
                tell(f"{name}: expected a table for {key}, found {_kind(table)}: left out")
                continue
            for entry, value in table.items():
                fault = _fault(key, value)
                if fault:
                    tell(f"{name}: {key}: {entry}: {fault}: left out")
                else:
                    said[key][str(entry)] = value
    return said


def _fault(key: str, value: object) -> str | None:
    """Return what is wrong with the value of a metric or attribute, None where nothing is."""
    if isinstance(value, dict):
        if "value" not in value or value.keys() - {"value", "label"}:
            return f"expected value and label, found {', '.join(map(repr, value)) or 'no key'}"
        value = value["value"]
    if key == "metrics":
        allowed = value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
        return None if allowed else f"expected a number, found {_kind(value)}"
    allowed = value is None or isinstance(value, (str, int, float))
    return None if allowed else f"expected a text, number or boolean, found {_kind(value)}"


def _kind(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _load(path: str) -> dict[str, Any]:
    """Return the data of a file; what is neither TOML nor YAML by its name is JSON."""
    with open(path, "rb") as file:
        raw = file.read()
    if os.path.splitext(path)[1].lower() in {".toml", ".yaml", ".yml"}:
        from gage._internal.config.formats import read_document

        return read_document(path, raw).data()
    from gage._internal.config.json_file import read

    return read(raw, path).data()
