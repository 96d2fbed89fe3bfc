"""The readable display of DataFrames of runs: what a notebook shows for `%gage runs` and others.

The frame stays a plain DataFrame with its columns and dtypes; only the HTML and the text of this
one object are replaced. Frames made from it (`frame.head()`, `frame[...]`) are displayed by pandas.
Statuses are in words; durations, sizes and times are as everywhere in gage; times are local, with
their zone in the heading; numbers of a column have equal digits; long digests are cut; columns
without any value are named below the table. Everything is escaped.
"""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gage._internal.people import (
    STATUS_SIGNS,
    format_count,
    format_duration,
    format_numbers,
    format_size,
    format_time,
    reason_words,
    short_time,
    status_words,
    zone_of,
)
from gage._internal.text import printable, shortened
from gage._internal.text_table import columns_that_fit, text_table

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["readable", "table_html", "table_text"]

MAX_ROWS = 60
MAX_TEXT = 300
MAX_TEXT_CELL = 60

# Entries of a frame's `attrs`: what is shown in place of an empty frame, a line above the table,
# lines below it, and columns of texts that are numbers.
_IF_EMPTY = "if_empty"
_ABOVE = "above"
_NOTES = "notes"
_NUMBERS = "numbers"
# Most runs have none of these: that is not worth a word.
_OFTEN_BLANK = frozenset({"label", "tags", "reason"})
_SIZES = frozenset({"size", "rss", "pss", "read", "written"})

_DIGEST = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}")
_DIGEST_CHARS = 8
_TERMINAL_COLUMNS = 120  # where there is no terminal

# The class twice, and rows: this takes precedence over the rules of front ends for tables.
_STYLE = """<style>
.gage-table.gage-table tr th,.gage-table.gage-table tr td{text-align:left;vertical-align:top;
max-width:60em;white-space:pre-wrap;overflow-wrap:break-word}
.gage-table.gage-table tr .number{text-align:right;font-variant-numeric:tabular-nums}
.gage-table.gage-table .short{white-space:nowrap}
.gage-table.gage-table .text{font-family:var(--jp-code-font-family,ui-monospace,monospace)}
.gage-note{opacity:.72}
</style>"""


@dataclass(frozen=True)
class _Column:
    """A column in its readable form.

    Attributes
    ----------
    kind
        The class of its cells.
    texts, whole, brief
        The texts of the cells: shown, in full, and for a terminal.
    zone
        The zone of times.
    """

    name: str
    kind: str
    texts: list[str]
    whole: list[str]
    brief: list[str]
    zone: str = ""

    @property
    def heading(self) -> str:
        """The name, with the zone of its times."""
        return f"{self.name} ({self.zone})" if self.zone else self.name


def readable(frame: pd.DataFrame, shown: Callable[[], pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return the same frame, now with a readable display: of itself, or of what `shown` returns."""
    shown = (lambda: frame) if shown is None else shown
    # Set on this object only: a subclass would be inherited by every operation.
    own: Any = frame
    own._repr_html_ = lambda: table_html(shown())  # the name is IPython's
    own._repr_mimebundle_ = lambda **_: {
        "text/html": table_html(shown()),
        "text/plain": table_text(shown()),
    }
    return frame


def table_html(frame: pd.DataFrame) -> str:
    """Return a frame as an HTML table; of a long frame, only the beginning and the end."""
    rows, columns, notes = _readable_parts(frame)
    note = f"<div class=gage-note>{html.escape(' · '.join(notes))}</div>" if notes else ""
    if frame.empty and _IF_EMPTY in frame.attrs:
        return f"{_STYLE}{note}"
    above = html.escape(frame.attrs.get(_ABOVE, ""))
    above = f"<div class=gage-note>{above}</div>" if above else ""
    lines = [
        f"<tr><th>{html.escape(str(label))}</th>"
        + "".join(_cell(column, position) for column in columns)
        + "</tr>"
        for position, label in enumerate(rows.index)
    ]
    if len(rows) < len(frame):
        lines.insert(len(rows) // 2, "<tr>" + "<td>…</td>" * (len(columns) + 1) + "</tr>")
    head = "".join(
        f"<th class={column.kind}>{html.escape(column.heading)}</th>" for column in columns
    )
    return (
        f"{_STYLE}{above}<table class='dataframe gage-table mathjax_ignore tex2jax_ignore'>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{note}"
    )


def table_text(frame: pd.DataFrame, width: int | None = None) -> str:
    """Return a frame as lines of text for a terminal; default width: that of this terminal."""
    rows, columns, notes = _readable_parts(frame)
    if frame.empty and _IF_EMPTY in frame.attrs:
        return " · ".join(notes)
    cells = []
    for position, label in enumerate(rows.index):
        texts = (column.brief[position].replace("\n", " ") for column in columns)
        cells.append([str(label), *(shortened(text, MAX_TEXT_CELL) for text in texts)])
    if len(rows) < len(frame):
        cells.insert(len(rows) // 2, ["…"] * (len(columns) + 1))
    numbers = {0, *(i for i, column in enumerate(columns, 1) if column.kind == "number")}
    whole = {i for i, column in enumerate(columns, 1) if column.kind == "short"}
    size = width or shutil.get_terminal_size((_TERMINAL_COLUMNS, 24)).columns
    headings = ["", *(column.heading for column in columns)]
    count = columns_that_fit(headings, cells, numbers | whole, size)
    if count < len(headings) and any(column.zone for column in columns):
        # The zone moves from the heading to a note, which may make enough room.
        headings = ["", *(column.name for column in columns)]
        count = columns_that_fit(headings, cells, numbers | whole, size)
        zones = dict.fromkeys(column.zone for column in columns[: count - 1] if column.zone)
        notes = [*notes, *(f"times in {zone}" for zone in zones)]
    if count < len(headings):
        notes.append(f"no room for {', '.join(headings[count:])}")
    lines = text_table(headings, cells, numbers, size, whole, indent="")
    above = frame.attrs.get(_ABOVE, "")
    if above:
        lines.insert(0, shortened(above, size))
    return "\n".join([*lines, *_wrapped(" · ".join(notes), size)])


def _wrapped(text: str, width: int) -> list[str]:
    """Return the notes in at most three lines."""
    import textwrap

    return textwrap.wrap(text, width, max_lines=3, placeholder=" …")


def _readable_parts(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[_Column], list[str]]:
    """Return the shown rows, their columns, and the notes below them."""
    names = [name for name in frame.columns if not (name == "exit_code" and "status" in frame)]
    shown = [name for name in names if frame.empty or not _is_blank(frame[name])]
    blank = [str(name) for name in names if name not in {*shown, *_OFTEN_BLANK}]
    half = MAX_ROWS // 2
    is_cut = len(frame) > MAX_ROWS
    rows = pd.concat([frame.head(half), frame.tail(half)]) if is_cut else frame
    is_narrow = len(shown) <= 2
    columns = [_column(rows, name, is_narrow=is_narrow) for name in shown]
    if not frame.empty:
        columns = [column for column in columns if any(column.texts)]
    nothing = str(frame.attrs.get(_IF_EMPTY, "no rows"))
    notes = [format_count(len(frame), "row")] if is_cut else [] if len(rows) else [nothing]
    if blank:
        notes.append(f"without values: {', '.join(blank)}")
    notes += frame.attrs.get(_NOTES, ())
    return rows, columns, notes


def _cell(column: _Column, position: int) -> str:
    text, whole = column.texts[position], column.whole[position]
    if not text:
        return "<td></td>"
    title = f" title='{html.escape(whole)}'" if text.endswith("…") else ""
    return f"<td class={column.kind}{title}>{html.escape(text)}</td>"


def _column(frame: pd.DataFrame, name: str, *, is_narrow: bool) -> _Column:
    """Return a column in readable form, by its dtype and name."""
    values, dtype = frame[name], frame[name].dtype
    missing = [_is_missing(value) for value in values]
    given: list[Any] = [None if gone else v for v, gone in zip(values, missing, strict=True)]
    heading = str(name)
    if name in {"status", "reason"} and "status" in frame:
        texts = _status_texts(frame, name)
        kind = "short" if name == "status" else "words"
        return _Column(heading, kind, texts, texts, texts)
    if isinstance(dtype, pd.DatetimeTZDtype):
        times_us = [None if value is None else value.value // 1000 for value in given]
        zone = zone_of(times_us)
        form = _milliseconds if dtype.unit == "ms" else _seconds
        texts = [form(time_us) for time_us in times_us]
        brief = texts if dtype.unit == "ms" else [short_time(time_us) for time_us in times_us]
        return _Column(heading, "short", texts, texts, brief, zone)
    if pd.api.types.is_timedelta64_dtype(dtype):
        texts = [format_duration(None if v is None else v.total_seconds()) for v in given]
        return _Column(heading, "number", texts, texts, texts)
    if name in _SIZES and pd.api.types.is_integer_dtype(dtype):
        texts = [format_size(value) for value in given]
        return _Column(heading, "number", texts, texts, texts)
    if not pd.api.types.is_bool_dtype(dtype) and pd.api.types.is_numeric_dtype(dtype):
        texts = format_numbers(given)
        return _Column(heading, "number", texts, texts, texts)
    kind = "text" if name in {"text", "path", "value"} else "words"
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype) or name == "run":
        kind = "short"
    if name in frame.attrs.get(_NUMBERS, ()):
        kind = "number"
    whole = ["" if value is None else _whole(value) for value in given]
    texts = whole if is_narrow else [_short(text) for text in whole]
    return _Column(heading, kind, texts, whole, texts)


def _status_texts(frame: pd.DataFrame, name: str) -> list[str]:
    """Return the statuses in words, or what the reasons add to them."""
    codes = list(frame["exit_code"]) if "exit_code" in frame else [None] * len(frame)
    reasons = list(frame["reason"]) if "reason" in frame else [""] * len(frame)
    words: Callable[[str, int | None, str], str] = _with_sign if name == "status" else reason_words
    texts = []
    for status, code, reason in zip(frame["status"], codes, reasons, strict=True):
        said = [None if _is_missing(value) else value for value in (status, code, reason)]
        exit_code = None if said[1] is None else int(said[1])
        text = "" if said[0] is None else words(str(said[0]), exit_code, str(said[2] or ""))
        texts.append(printable(shortened(text, MAX_TEXT)))
    return texts


def _with_sign(status: str, exit_code: int | None, reason: str) -> str:
    return f"{STATUS_SIGNS.get(status, '?')} {status_words(status, exit_code, reason)}"


def _seconds(time_us: int | None) -> str:
    return format_time(time_us, zone=False)


def _milliseconds(time_us: int | None) -> str:
    return "" if time_us is None else f"{_seconds(time_us)}.{time_us // 1000 % 1000:03}"


def _short(text: str) -> str:
    return f"{text[:_DIGEST_CHARS]}…" if _DIGEST.fullmatch(text) else text


def _whole(value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    elif isinstance(value, pd.Timestamp):
        text = format_time(value.value // 1000)
    else:
        text = str(value)
    return printable(shortened(text, MAX_TEXT))


def _is_blank(column: pd.Series[Any]) -> bool:
    return all(
        not value if isinstance(value, str | list | tuple | dict) else _is_missing(value)
        for value in column
    )


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
