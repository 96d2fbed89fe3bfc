"""DataFrames of runs, shown for reading: what a notebook displays for `%gage runs` and others.

The frame stays as it is, a plain DataFrame with its columns and dtypes; only what this one object
shows as HTML is chosen here. Frames made from it (`frame.head()`, `frame[...]`) show as pandas
does. Durations and times are rounded to what is read, long digests are cut, columns without any
value are named below the table. Everything is escaped.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from gage_nb.views.run_words import STATUS_SIGNS, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["readable", "table_html"]

MAX_ROWS = 60
MAX_TEXT = 300

_DIGEST = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}")
_DIGEST_CHARS = 8

# Twice the class: it weighs more than what JupyterLab says about tables.
_STYLE = """<style>
.gage-table.gage-table th,.gage-table.gage-table td{text-align:left;vertical-align:top;
max-width:60em;white-space:pre-wrap;overflow-wrap:break-word}
.gage-table.gage-table .number{text-align:right;font-variant-numeric:tabular-nums}
.gage-table.gage-table .short{white-space:nowrap}
.gage-table.gage-table .text{font-family:var(--jp-code-font-family,ui-monospace,monospace)}
.gage-note{opacity:.72}
</style>"""


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same frame, which from now on shows as a table for reading."""
    # Of this object alone: a subclass would be handed on by every operation.
    frame._repr_html_ = lambda: table_html(frame)  # type: ignore[attr-defined]
    return frame


def table_html(frame: pd.DataFrame) -> str:
    """Return a frame as an HTML table; of a long one the beginning and the end."""
    shown = [name for name in frame.columns if frame.empty or not _is_blank(frame[name])]
    blank = [str(name) for name in frame.columns if name not in shown]
    half = MAX_ROWS // 2
    is_cut = len(frame) > MAX_ROWS
    rows = pd.concat([frame.head(half), frame.tail(half)]) if is_cut else frame
    lines = [_row(*line) for line in zip(*_cells(rows, shown), strict=True)]
    if is_cut:
        lines.insert(half, "<tr>" + "<td>…</td>" * (len(shown) + 1) + "</tr>")
    head = "".join(f"<th>{html.escape(str(name))}{_unit(frame[name])}</th>" for name in shown)
    notes = [f"{len(frame):,} rows"] if is_cut else [] if lines else ["no rows"]
    if blank:
        notes.append(f"without values: {', '.join(blank)}")
    note = f"<div class=gage-note>{html.escape(' · '.join(notes))}</div>" if notes else ""
    return (
        f"{_STYLE}<table class='dataframe gage-table mathjax_ignore tex2jax_ignore'>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{note}"
    )


def _row(label: str, *cells: str) -> str:
    return f"<tr>{label}{''.join(cells)}</tr>"


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> Iterable[list[str]]:
    yield [f"<th>{html.escape(str(label))}</th>" for label in frame.index]
    is_narrow = len(frame.columns) <= 2
    for name in columns:
        kind, text_of = _format(frame[name], name, is_narrow=is_narrow)
        yield [_cell(value, kind, text_of) for value in frame[name]]


def _cell(value: Any, kind: str, text_of: Callable[[Any], str]) -> str:
    if _is_missing(value):
        return "<td></td>"
    text = text_of(value)
    whole = f" title='{html.escape(str(value))}'" if text.endswith("…") else ""
    return f"<td class={kind}{whole}>{html.escape(text)}</td>"


def _format(
    column: pd.Series[Any], name: str, *, is_narrow: bool
) -> tuple[str, Callable[[Any], str]]:
    """Return the class of a column's cells, and what makes the text of a value."""
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "short", _milliseconds if dtype.unit == "ms" else _seconds
    if pd.api.types.is_timedelta64_dtype(dtype):
        return "number", lambda value: format_duration(value.total_seconds())
    if pd.api.types.is_bool_dtype(dtype):
        return "short", str
    if pd.api.types.is_integer_dtype(dtype):
        return "number", lambda value: f"{value:,}"
    if pd.api.types.is_float_dtype(dtype):
        return "number", lambda value: f"{value:.6g}"
    if isinstance(dtype, pd.CategoricalDtype):
        if name == "status":
            return "short", lambda value: f"{STATUS_SIGNS.get(value, '?')} {value}"
        return "short", str
    kind = "text" if name in {"text", "path", "value"} else "short" if name == "run" else "words"
    return kind, _whole if is_narrow else _short


def _seconds(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _milliseconds(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03}"


def _short(value: Any) -> str:
    text = _whole(value)
    return f"{text[:_DIGEST_CHARS]}…" if _DIGEST.fullmatch(text) else text


def _whole(value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    elif isinstance(value, pd.Timestamp):
        text = f"{_seconds(value)} {value.tzname() or ''}"
    else:
        text = str(value)
    # Surrogates stand for bytes that are not UTF-8: no message can carry them.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _unit(column: pd.Series[Any]) -> str:
    return " (UTC)" if isinstance(column.dtype, pd.DatetimeTZDtype) else ""


def _is_blank(column: pd.Series[Any]) -> bool:
    return all(
        not value if isinstance(value, str | list | tuple | dict) else _is_missing(value)
        for value in column
    )


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
