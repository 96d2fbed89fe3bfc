r"""The differences of two runs by section, as rows of plain values.

    config          key, a, b
    command         part, a, b              the command and the environment that the operation sets
    source          path, difference, diff  `only in a`, `only in b`, `changed`; a unified diff
    environment     package, a, b           versions, also of Python and the platform
    files           path, type, a, b        sha256 of the files that are not source code
    metrics         name, a, b, delta       last values; `b - a` if both are numbers
    output          line_a, line_b, time_a_ms, time_b_ms, a, b      lines that differ, numbered from
                    1, with the times of their arrival (epoch ms)
    system          name, a, b              git and other records of the machine

A section without rows is the same in both runs. What cannot be read of a damaged run is missing,
and the section `damaged` names the run. Of a line that was written anew after `\r`, the last
version counts; an output of more than 256 MB is compared up to there, and `damaged` says so.
"""

from __future__ import annotations

import os

from gage._internal.compare.lines import changes, unified
from gage._internal.errors import MetaError
from gage._internal.guarded import open_regular, read_regular
from gage._internal.metrics.series import read_metrics, summarize
from gage._internal.output.files import open_files
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.reading import unreadable
from gage._internal.record.run_meta import meta_opcmd, read_attr
from gage._internal.text import valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeAlias

    from gage._internal.store.recorded_run import RecordedRun

    Row: TypeAlias = dict[str, Any]

__all__ = ["COLUMNS", "SECTIONS", "diff_runs"]

_MOST_BYTES = 1_000_000
_MOST_OUTPUT_BYTES = 256_000_000

COLUMNS = {
    "config": ("key", "a", "b"),
    "command": ("part", "a", "b"),
    "source": ("path", "difference", "diff"),
    "environment": ("package", "a", "b"),
    "files": ("path", "type", "a", "b"),
    "metrics": ("name", "a", "b", "delta"),
    "output": ("line_a", "line_b", "time_a_ms", "time_b_ms", "a", "b"),
    "system": ("name", "a", "b"),
    "damaged": ("run", "what"),
}


def diff_runs(a: RecordedRun, b: RecordedRun) -> dict[str, list[Row]]:
    """Return the differences of two runs by section, in the order of `SECTIONS`."""
    found: dict[str, list[Row]] = {}
    damaged: list[Row] = []
    for name, section in SECTIONS.items():
        rows = found[name] = []
        try:
            for row in section(a, b):
                rows.append(row)  # noqa: PERF402  # those before a fault are kept
        except (MetaError, OSError, ValueError) as error:
            damaged.append({"run": _culprit(error, a, b), "what": f"{name}: {error}"})
    return {**found, "damaged": damaged}


def _culprit(error: Exception, a: RecordedRun, b: RecordedRun) -> str:
    return next((run.name for run in (a, b) if run.id in str(error)), "?")


def _config(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    for key, of_a, of_b in _differing(a.config, b.config):
        yield {"key": key, "a": of_a, "b": of_b}


def _command(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    commands = [meta_opcmd(run) for run in (a, b)]
    parts = [
        {"operation": run.opref.full_name, "command": command.args}
        | {f"env.{name}": value for name, value in command.env.items()}
        for run, command in zip((a, b), commands, strict=True)
    ]
    for part, of_a, of_b in _differing(*parts):
        yield {"part": part, "a": of_a, "b": of_b}


def _source(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    of_a, of_b = (
        {entry.path: entry.digest for entry in run.manifest if entry.type == "s"} for run in (a, b)
    )
    for path, digest_a, digest_b in _differing(of_a, of_b):
        if digest_a is None or digest_b is None:
            difference, diff = ("only in a" if digest_b is None else "only in b"), None
        else:
            difference, diff = "changed", _text_diff(a, b, path)
        yield {"path": valid(path), "difference": difference, "diff": diff}


def _text_diff(a: RecordedRun, b: RecordedRun, path: str) -> str | None:
    """Return the unified diff of a file, None if it is not text or too large."""
    texts = []
    for run in (a, b):
        try:
            texts.append(read_regular(os.path.join(run.run_dir, path), _MOST_BYTES).decode())
        except (OSError, UnicodeDecodeError):
            return None
    lines = [_cells(path, text) or text.splitlines() for text in texts]
    return "\n".join([f"--- {valid(path)}", f"+++ {valid(path)}", *unified(*lines)]) + "\n"


def _cells(path: str, text: str) -> list[str] | None:
    """Return the lines of a notebook's cells, None if the file is not a notebook."""
    if not path.endswith(".ipynb"):
        return None
    import json

    try:
        cells = json.loads(text)["cells"]
        lines = []
        for number, cell in enumerate(cells, 1):
            lines.append(f"[cell {number}: {cell['cell_type']}]")
            lines += "".join(cell["source"]).splitlines()
    except (ValueError, KeyError, TypeError):
        return None
    return lines


def _environment(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    for name, of_a, of_b in _differing(_environment_of(a), _environment_of(b)):
        yield {"package": name, "a": of_a, "b": of_b}


def _environment_of(run: RecordedRun) -> dict[str, Any]:
    python, platform = (read_attr(run, "sys", name, {}) for name in ("python", "platform"))
    packages = read_attr(run, "sys", "packages", {})
    return {
        **{f"python {name}": value for name, value in python.items()},
        **{f"platform {name}": value for name, value in platform.items()},
        **packages,
    }


def _files(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    of_a, of_b = (
        {entry.path: entry for entry in run.manifest if entry.type != "s"} for run in (a, b)
    )
    types = {"d": "dependency", "r": "runtime", "g": "generated"}
    for path in dict.fromkeys([*of_a, *of_b]):
        entry_a, entry_b = of_a.get(path), of_b.get(path)
        digests = [entry.digest if entry else None for entry in (entry_a, entry_b)]
        if digests[0] != digests[1]:
            type_ = (entry_a or entry_b).type  # type: ignore[union-attr]  # one has it
            row = {"path": valid(path), "type": types.get(type_, type_)}
            yield {**row, "a": digests[0], "b": digests[1]}


def _metrics(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    of_a, of_b = (
        {name: series.last for name, series in summarize(read_metrics(run, _fail)).items()}
        for run in (a, b)
    )
    for name, last_a, last_b in _differing(of_a, of_b):
        if last_a != last_a and last_b != last_b:  # noqa: PLR0124  # NaN in both
            continue
        delta = None if last_a is None or last_b is None else last_b - last_a
        yield {"name": name, "a": last_a, "b": last_b, "delta": delta}


def _fail(fault: str) -> None:
    raise MetaError(fault)


def _output(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    (of_a, cut_a), (of_b, cut_b) = _lines_of(a), _lines_of(b)
    found = changes(of_a, of_b)
    times_a = _times(a, [(change.begin_a, change.end_a) for change in found])
    times_b = _times(b, [(change.begin_b, change.end_b) for change in found])
    for change in found:
        count = max(change.end_a - change.begin_a, change.end_b - change.begin_b)
        for offset in range(count):
            at_a, at_b = change.begin_a + offset, change.begin_b + offset
            has_a, has_b = at_a < change.end_a, at_b < change.end_b
            yield {
                "line_a": at_a + 1 if has_a else None,
                "line_b": at_b + 1 if has_b else None,
                "time_a_ms": times_a.get(at_a) if has_a else None,
                "time_b_ms": times_b.get(at_b) if has_b else None,
                "a": _shown(of_a[at_a]) if has_a else None,
                "b": _shown(of_b[at_b]) if has_b else None,
            }
    for run, is_cut in ((a, cut_a), (b, cut_b)):
        if is_cut:
            raise ValueError(f"{run.id}: only the first {_MOST_OUTPUT_BYTES:,} bytes are compared")


def _lines_of(run: RecordedRun) -> tuple[list[bytes], bool]:
    """Return the lines of a run's output, and whether it is longer than what is compared."""
    path = run_meta_path(run, "output", RUN_OUTPUT)
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_OUTPUT_BYTES + 1)
    except FileNotFoundError:
        return [], False
    except OSError as error:
        raise unreadable(path, error) from error
    lines = data[:_MOST_OUTPUT_BYTES].removesuffix(b"\n").split(b"\n") if data else []
    if b"\r" in data:
        lines = [line.rstrip(b"\r").rpartition(b"\r")[2] for line in lines]
    return lines, len(data) > _MOST_OUTPUT_BYTES


def _times(run: RecordedRun, ranges: list[tuple[int, int]]) -> dict[int, int]:
    """Return the times of lines in epoch ms, without those that have none or a damaged one."""
    times: dict[int, int] = {}
    try:
        files = open_files(run_meta_path(run, "output", RUN_OUTPUT))
        if files is None:
            return times
        with files:
            for begin, end in ranges:
                times.update(enumerate(files.records(begin, end - begin)[0], begin))
    except (MetaError, OSError):
        return times  # the lines themselves can be read, and the output's own commands say it
    return times


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _system(a: RecordedRun, b: RecordedRun) -> Iterator[Row]:
    of_a, of_b = (_system_of(run) for run in (a, b))
    for name, value_a, value_b in _differing(of_a, of_b):
        yield {"name": name, "a": value_a, "b": value_b}


def _system_of(run: RecordedRun) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    git = read_attr(run, "sys", "git", {})
    if isinstance(git, dict):
        facts |= {f"git {name}": value for name, value in git.items() if name != "absent"}
    return facts


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each key whose values differ, with both values; a missing value is None."""
    for key in dict.fromkeys([*a, *b]):
        if key not in a or key not in b or a[key] != b[key]:
            yield key, a.get(key), b.get(key)


SECTIONS: dict[str, Callable[[RecordedRun, RecordedRun], Iterator[Row]]] = {
    "config": _config,
    "command": _command,
    "source": _source,
    "environment": _environment,
    "files": _files,
    "metrics": _metrics,
    "output": _output,
    "system": _system,
}
