"""Two runs side by side: a DataFrame for each section, and a view in which what differs is open."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

from gage._internal.api.runs import find
from gage._internal.compare.difference import COLUMNS, diff_runs
from gage._internal.compare.difference_text import (
    ADDED,
    HEADINGS,
    PLAIN,
    REMOVED,
    difference_lines,
    first_lines,
    summary_of,
)
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import Run
from gage_nb.frames import from_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = dict[str, Any]

__all__ = ["RunDifference", "diff"]

_MOST_LINES = 300
_MORE = "diff(a, b)[SECTION] has all"
_DTYPES: dict[str, Any] = {
    **dict.fromkeys(("key", "part", "package", "path", "name", "run", "what"), "string"),
    **dict.fromkeys(("difference", "type"), "category"),
    "diff": "string",
    **dict.fromkeys(("line_a", "line_b"), "Int64"),
    **dict.fromkeys(("time_a_ms", "time_b_ms"), "datetime64[ms, UTC]"),
    "delta": "Float64",
}
_OF_SECTION = {
    "metrics": dict.fromkeys(("a", "b"), "Float64"),
    "output": dict.fromkeys(("a", "b"), "string"),
    "files": dict.fromkeys(("a", "b"), "string"),
}
# Readable on light and on dark.
_STYLE = """<style>
.gage-diff pre{margin:.2em 0 .6em 1.2em;white-space:pre-wrap;overflow-wrap:anywhere}
.gage-diff .a{background:rgba(220,60,60,.18)}.gage-diff .b{background:rgba(40,160,70,.18)}
.gage-diff summary{cursor:pointer}
</style>"""


class RunDifference:
    """The differences of two runs: `difference["config"]` is the DataFrame of a section.

    Attributes
    ----------
    a, b
        The runs.
    sections
        The names of all sections, in order.
    differing
        The names of the sections that differ.
    """

    def __init__(self, a: RecordedRun, b: RecordedRun) -> None:
        self.a = a
        self.b = b
        self._found = diff_runs(a, b)
        self.sections = list(self._found)
        self.differing = [name for name, rows in self._found.items() if rows]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.differing)

    def __iter__(self) -> Iterator[str]:
        """Return the names of the sections one after the other."""
        return iter(self.sections)

    def __getitem__(self, section: str) -> pd.DataFrame:
        """Return the DataFrame of a section; without rows, it is the same in both runs."""
        rows = self._found[section]
        dtypes = {name: _DTYPES.get(name, "object") for name in COLUMNS[section]}
        return from_rows(rows, dtypes | _OF_SECTION.get(section, {}))

    @property
    def frame(self) -> pd.DataFrame:
        """All differences in one DataFrame: `section`, `what`, `a`, `b`.

        Of source code, `b` is the unified diff; of output, `what` is the number of the line.
        """
        rows = [
            {"section": name, **_plain(name, row)}
            for name, rows in self._found.items()
            for row in rows
        ]
        kinds = pd.CategoricalDtype(list(COLUMNS))
        return from_rows(rows, {"section": kinds, "what": "string", "a": "object", "b": "object"})

    def __repr__(self) -> str:
        """Return the differences as text."""
        lines = difference_lines(self.a.name, self.b.name, self._found, _MORE)
        return "\n".join(line.text for line in lines)

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        if not self:
            return html.escape(repr(self))
        names = f"a: <b>{self.a.name}</b> · b: <b>{self.b.name}</b>"
        notes = "".join(f"<div>{html.escape(line)}</div>" for line in summary_of(self._found))
        parts = (_section_html(name, rows) for name, rows in self._found.items() if rows)
        return f"{_STYLE}<div class=gage-diff><div>{names}</div>{notes}{''.join(parts)}</div>"


def diff(a: Run | str | int, b: Run | str | int) -> RunDifference:
    """Return the differences of two runs: a DataFrame for each section, and a view of them.

        gage_nb.diff("kafom", "gafib")["config"]

    Sections and their columns: `config` (`key`, `a`, `b`), `command` (`part`, `a`, `b`), `source`
    (`path`, `difference`, `diff`, a unified diff), `environment` (`package`, `a`, `b`), `files`
    (`path`, `type`, and `a`, `b`, sha256), `metrics` (`name`, `a`, `b`, `delta`), `output`
    (`line_a`, `line_b`, from 1, `time_a`, `time_b`, `a`, `b`), `system` (`name`, `a`, `b`),
    `damaged` (`run`, `what`). The view shows the sections that differ; `frame` has all in one.
    """
    return RunDifference(
        *(RecordedRun.of(run) if isinstance(run, Run) else find(run) for run in (a, b))
    )


def _plain(section: str, row: Row) -> Row:
    """Return a row of any section as `what`, `a` and `b`."""
    first = next(iter(row.values()))
    if section == "source":
        return {"what": first, "a": row["difference"], "b": row["diff"]}
    if section == "damaged":
        return {"what": first, "a": row["what"], "b": None}
    if section == "output" and first is None:
        first = row["line_b"]
    return {"what": str(first), "a": row["a"], "b": row["b"]}


def _section_html(name: str, rows: Sequence[Row]) -> str:
    lines, left = first_lines(name, rows, _MOST_LINES)
    texts = [_line_html(text, style) for text, style in lines]
    if left:
        texts.append(f"… {left:,} more lines: {html.escape(_MORE)}")
    body = "\n".join(texts)
    return f"<details open><summary><b>{HEADINGS[name]}</b></summary><pre>{body}</pre></details>"


def _line_html(text: str, style: str) -> str:
    kinds: Mapping[str, str] = {REMOVED: "a", ADDED: "b"}
    escaped = html.escape(text)
    return escaped if style == PLAIN else f"<span class={kinds[style]}>{escaped}</span>"
