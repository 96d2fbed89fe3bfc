r"""The progress of a run, read from the end of its output.

By default these are the bars of tqdm (also nested ones), rich, pip, Keras, wget and progressbar,
and the lines `[cell 3/10]` of a notebook that is run. A bar is needed: a percentage in a sentence
("accuracy: 45%") is not progress. The key `progress` of an operation replaces this: `tqdm`, or a
regular expression with a group for the percentage, or with two groups for done and total.

If in doubt, the progress is None, and a view shows only that the run is alive.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Progress", "check_progress_spec", "progress_of", "read_progress"]


class Progress(NamedTuple):
    """The progress of a run.

    `fraction` is between 0 and 1, None if the total is not known; `completed` and `total` are the
    program's own counts; `description` is its text about them, `eta` the time left as it writes it.
    """

    fraction: float | None
    completed: float | None = None
    total: float | None = None
    description: str = ""
    eta: str = ""


# Bars of characters that are also used in text (rows of dots, rules) count only in brackets.
_BLOCKS = "█▉▊▋▌▍▎▏▁-▇━╸╺╾╼░▒▓■⣀-⣿"
_BAR = rf"(?:[{_BLOCKS}][{_BLOCKS} ]{{4,}}|\[[#=>\-. ]{{5,}}\]|\|[#=>\-. ]{{5,}}\|)"
_COUNT = r"\d[\d,]*(?:\.\d+)?[kMGTP]?"
_TIME = r"\d+(?::\d\d){1,2}"
_PERCENT = r"(?P<percent>\d{1,3}(?:\.\d+)?)%"
_COUNTS = rf"(?P<completed>{_COUNT})/(?P<total>{_COUNT})"

_TQDM = re.compile(
    rf"^(?:(?P<description>[^|]*?):)? *{_PERCENT}\|[^|]*\| *{_COUNTS}"
    r"(?: *\[[^<\]]*<(?P<eta>[\d:?]+(?: days?, [\d:]+)?))?"
)
_BARS = (
    re.compile(rf"^ *{_COUNTS} +{_BAR}(?:[ -]*ETA: (?P<eta>\S+))?"),  # Keras
    re.compile(rf"^(?P<description>.*?) *{_BAR} +{_PERCENT}(?: +(?P<eta>{_TIME}))?"),  # rich
    re.compile(  # pip
        rf"^(?P<description>.*?) *{_BAR} +{_COUNTS} *[kMGTP]?i?[bB]?\b(?:.*?\beta +(?P<eta>\S+))?"
    ),
    re.compile(  # wget, progressbar
        rf"^(?P<description>.*?) *\b{_PERCENT} *(?:\((?P<completed>\d+) of (?P<total>\d+)\) *)?"
        rf"{_BAR}(?:.*?\b(?:eta|ETA)[: ]+(?P<eta>\S+))?"
    ),
)
_CELL = re.compile(r"^\[(?:gage )?cell (?P<completed>\d+)/(?P<total>\d+)\]")

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
_MOVES = re.compile(r"(\r?\n|\r|\x1b\[\d*[AB])")

# A bar that has this many lines below it is not what the run does now.
_STALE = 20
# More than this of one line is not a bar; it bounds what a bad expression costs.
_MAX_LINE = 500
_MAX_TAIL = 65_536


def read_progress(tail: bytes, spec: str | None = None) -> Progress | None:
    """Return the progress at the end of an output, None if there is none.

    Raises
    ------
    ValueError
        If `spec` is neither `tqdm` nor a regular expression with one group or two.
    """
    rows = _rows(tail[-_MAX_TAIL:].decode("utf-8", "replace"))
    if spec is not None and spec != "tqdm":
        return _read_spec(rows, check_progress_spec(spec))
    cell = None if spec else _last_cell(rows)
    return cell or _read_bars(rows, tqdm_only=spec == "tqdm")


def progress_of(completed: float, total: float | None, description: str = "") -> Progress:
    """Return the progress of a count."""
    fraction = None if not total or total < 0 else _clamped(completed / total)
    return Progress(fraction, completed, total, description)


def check_progress_spec(spec: str) -> re.Pattern[str]:
    """Return the expression of a `progress` value of an operation.

    Raises
    ------
    ValueError
        If it is not an expression, or has more than two groups.
    """
    try:
        pattern = re.compile(spec)
    except re.error as error:
        raise ValueError(f"progress: {error} in the regular expression {spec!r}") from None
    if pattern.groups > 2:
        raise ValueError(
            f"progress: expected `tqdm` or a regular expression with one group (percentage), two "
            f"(done, total) or none (a description), found {pattern.groups} groups in {spec!r}"
        )
    return pattern


def _rows(text: str) -> list[str]:
    """Return the lines that a terminal would show, as far as bars need that.

    Each piece of text replaces its line, since programs that draw bars write whole lines.
    """
    rows = [""]
    row = 0
    for index, piece in enumerate(_MOVES.split(text)):
        if index % 2 == 0:
            shown = _ESCAPES.sub("", piece[: 4 * _MAX_LINE])
            if shown:
                rows[row] = shown
        elif piece.endswith("\n"):
            row += 1
            if row == len(rows):
                rows.append("")
        elif piece != "\r":
            count = int(piece[2:-1][:4] or 1) * (-1 if piece.endswith("A") else 1)
            row = min(max(0, row + count), len(rows) - 1)
    return [row.rstrip()[:_MAX_LINE] for row in rows]


def _read_bars(rows: list[str], *, tqdm_only: bool) -> Progress | None:
    """Return the outermost unfinished bar of the last block of bars."""
    end = len(rows)
    while end and not rows[end - 1]:
        end -= 1
    block: list[Progress] = []
    below = 0
    for row in reversed(rows[max(0, end - _STALE) : end]):
        bar = _bar(row, tqdm_only=tqdm_only)
        if bar and not ((block or below) and _is_left_behind(row)):
            block.append(bar)
        elif block:
            break
        else:
            below += 1
    unfinished = [bar for bar in block if bar.fraction is None or bar.fraction < 1]
    if unfinished:
        return unfinished[-1]
    # A full bar with text below it is a finished step.
    return block[0] if block and not below else None


def _is_left_behind(row: str) -> bool:
    """Return whether other text ended the line of a bar, which is then drawn on a new line.

    Other output of the program comes through another pipe, a moment earlier or later.
    """
    bar = _TQDM.search(row)
    return bool(bar and bar["eta"] and row[bar.end() :].rpartition("]")[2].strip())


def _bar(row: str, *, tqdm_only: bool) -> Progress | None:
    patterns = (_TQDM,) if tqdm_only else (_TQDM, *_BARS)
    for pattern in patterns:
        found = pattern.search(row)
        if found:
            progress = _progress(found.groupdict())
            if progress:
                return progress
    return None


def _last_cell(rows: list[str]) -> Progress | None:
    for row in reversed(rows):
        found = _CELL.search(row)
        if found:
            number, total = int(found["completed"]), int(found["total"])
            if not 0 < number <= total:
                return None
            # The line comes before the cell's output: the cell has begun.
            done = number - 1
            return Progress(done / total, done, total, f"cell {number} of {total}")
    return None


def _read_spec(rows: list[str], pattern: re.Pattern[str]) -> Progress | None:
    names = pattern.groupindex
    for row in reversed(rows):
        found = pattern.search(row)
        if not found:
            continue
        if not pattern.groups:
            return Progress(None, description=found[0].strip()[:80])
        if pattern.groups == 1:
            return _progress({"percent": found[1]})
        first, second = found[1], found[2]
        if "completed" in names and "total" in names:
            first, second = found["completed"], found["total"]
        return _progress({"completed": first, "total": second})
    return None


def _progress(groups: dict[str, str | None]) -> Progress | None:
    completed, total = _number(groups.get("completed")), _number(groups.get("total"))
    percent = _number(groups.get("percent"))
    if total and completed is not None:
        fraction = completed / total
    elif percent is not None:
        fraction = percent / 100
    else:
        return None
    if not 0 <= fraction <= 1.001:
        return None
    description = (groups.get("description") or "").strip(" :|")
    eta = (groups.get("eta") or "").strip("?-")
    return Progress(_clamped(fraction), completed, total, description[:80], eta[:20])


def _number(text: str | None) -> float | None:
    if not text:
        return None
    factor = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}.get(text[-1], 1)
    try:
        return float(text.rstrip("kMGTP").replace(",", "")) * factor
    except ValueError:
        return None


def _clamped(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
