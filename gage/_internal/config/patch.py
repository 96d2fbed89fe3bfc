r"""A unified diff of two texts whose differences are known.

`difflib` searches for differences, which takes long in a long file. Here the edited lines are
known, so the work grows with the edits only. Lines end with `\n`; a `\r` before it is part of the
line, as in `git apply`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.config.document import Edit

__all__ = ["unified_diff"]

_CONTEXT = 3


def unified_diff(path: str, old: str, edits: Sequence[Edit]) -> str:
    """Return the diff that edits make in a text, "" if nothing changes.

    Parameters
    ----------
    path
        The name of the file, in both headers.
    old
        The text before.
    edits
        Sorted by start, none overlapping.
    """
    lines = _lines(old)
    changes = _changes(lines, old, edits)
    if not changes:
        return ""
    out = [f"--- {path}\n", f"+++ {path}\n"]
    shift = 0
    for group in _groups(changes):
        first = max(group[0][0] - _CONTEXT, 0)
        last = min(group[-1][1] + _CONTEXT, len(lines))
        body: list[str] = []
        added = 0
        position = first
        for begin, end, new in group:
            body += [f" {line}" for line in lines[position:begin]]
            body += [f"-{line}" for line in lines[begin:end]]
            body += [f"+{line}" for line in new]
            added += len(new) - (end - begin)
            position = end
        body += [f" {line}" for line in lines[position:last]]
        old_range = _range(first, last - first)
        new_range = _range(first + shift, last - first + added)
        out.append(f"@@ -{old_range} +{new_range} @@\n")
        out += [_ended(line) for line in body]
        shift += added
    return "".join(out)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def _changes(lines: list[str], old: str, edits: Sequence[Edit]) -> list[tuple[int, int, list[str]]]:
    """Return the ranges of lines that change, each with its new lines."""
    changes: list[tuple[int, int, list[str]]] = []
    pending: list[Edit] = []
    begin = end = -1
    position = line_number = 0
    for edit in edits:
        line_number += old.count("\n", position, edit.start)
        position = edit.start
        last = line_number + old.count("\n", edit.start, edit.end)
        if pending and line_number > end:
            changes.append(_changed(lines, old, begin, end, pending))
            pending = []
        if not pending:
            begin = line_number
        end = last
        pending.append(edit)
    if pending:
        changes.append(_changed(lines, old, begin, end, pending))
    joined: list[tuple[int, int, list[str]]] = []
    for begin, end, new in changes:
        if lines[begin:end] == new:
            continue
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end, [*joined[-1][2], *new])
        else:
            joined.append((begin, end, new))
    return joined


def _changed(
    lines: list[str], old: str, begin: int, end: int, edits: Sequence[Edit]
) -> tuple[int, int, list[str]]:
    start = old.rfind("\n", 0, edits[0].start) + 1
    parts = []
    position = start
    for edit in edits:
        parts += [old[position : edit.start], edit.text]
        position = edit.end
    stop = old.find("\n", position)
    parts.append(old[position:] if stop < 0 else old[position : stop + 1])
    new = _lines("".join(parts))
    upto = min(end + 1, len(lines))
    while begin < upto and new and lines[begin] == new[0]:
        begin, new = begin + 1, new[1:]
    while begin < upto and new and lines[upto - 1] == new[-1]:
        upto, new = upto - 1, new[:-1]
    return begin, upto, new


def _groups(
    changes: list[tuple[int, int, list[str]]],
) -> list[list[tuple[int, int, list[str]]]]:
    groups = [[changes[0]]]
    for change in changes[1:]:
        if change[0] - groups[-1][-1][1] <= 2 * _CONTEXT:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _range(first: int, count: int) -> str:
    # An empty range names the line before it.
    start = first + 1 if count else first
    return str(start) if count == 1 else f"{start},{count}"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
