"""Layout of text in groups: on one line if it fits, otherwise broken, outermost groups first.

The layout works on a stream: text and possible line breaks are held back while they fit on the
line. A line that gets too long is broken at all breaks of the outermost group that has any, then of
the next group inside, until it fits.
"""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

__all__ = ["MAX_ITEMS", "Printer"]

MAX_ITEMS = 1000
_WIDTH = 79


class _Group:
    """Line breaks that are made together; `pending` of them are held back."""

    __slots__ = ("broken", "depth", "pending")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.pending = 0
        self.broken = False


class _Break:
    """A possible line break: the text in its place, and the indentation after it."""

    __slots__ = ("group", "indent", "text")

    def __init__(self, text: str, group: _Group, indent: int) -> None:
        self.text = text
        self.group = group
        self.indent = indent


class Printer:
    """Lays out text in groups; the methods are those that `_repr_pretty_` calls."""

    verbose = False
    max_width = _WIDTH
    max_seq_length = MAX_ITEMS

    def __init__(
        self, printer_of: Callable[[object], Callable[[Any, Printer, bool], object]]
    ) -> None:
        self._printer_of = printer_of
        self.indentation = 0
        self._out: list[str] = []
        self._column = 0
        self._held: deque[str | _Break] = deque()
        self._held_width = 0
        root = _Group(0)
        self._stack = [root]
        # Groups that can still be broken, by depth; the newest of each depth last.
        self._open: list[list[_Group]] = [[root]]
        self._values: list[int] = []

    def text(self, text: str) -> None:
        """Add text that is not broken."""
        if self._held:
            self._held.append(text)
            self._held_width += len(text)
            self._fit()
        else:
            self._out.append(text)
            self._column += len(text)

    def breakable(self, sep: str = " ") -> None:
        """Add a place where the line may be broken; otherwise it has `sep`."""
        group = self._stack[-1]
        if group.broken:
            self._release()
            self._new_line(self.indentation)
            return
        group.pending += 1
        self._held.append(_Break(sep, group, self.indentation))
        self._held_width += len(sep)
        self._fit()

    def break_(self) -> None:
        """Break the line, and with it the outermost group that can be broken."""
        group = self._next_to_break()
        if group is not None:
            self._break_group(group)
        self._release()
        self._new_line(self.indentation)

    def begin_group(self, indent: int = 0, open: str = "") -> None:  # noqa: A002 - as IPython's
        """Begin a group of breaks, after the text `open`."""
        if open:
            self.text(open)
        group = _Group(self._stack[-1].depth + 1)
        self._stack.append(group)
        while len(self._open) <= group.depth:
            self._open.append([])
        self._open[group.depth].append(group)
        self.indentation += indent

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        """End the group, before the text `close`."""
        self.indentation -= dedent
        self._close(self._stack.pop())
        if close:
            self.text(close)

    def group(self, indent: int = 0, open: str = "", close: str = "") -> _Within:  # noqa: A002
        """Return a context whose body is a group."""
        return _Within(
            lambda: self.begin_group(indent, open), lambda: self.end_group(indent, close)
        )

    def indent(self, indent: int) -> _Within:
        """Return a context whose body is indented by that many columns more."""

        def move(by: int) -> None:
            self.indentation += by

        return _Within(lambda: move(indent), lambda: move(-indent))

    def pretty(self, value: object) -> None:
        """Add a value."""
        cycle = id(value) in self._values
        self._values.append(id(value))
        self.begin_group()
        try:
            self._printer_of(value)(value, self, cycle)
        finally:
            self.end_group()
            self._values.pop()

    def flush(self) -> None:
        """Write the text that is held back, unchanged."""
        self._release()

    def finish(self) -> str:
        """Return the whole text."""
        self._release()
        return "".join(self._out)

    def _new_line(self, indent: int) -> None:
        self._out.append("\n" + " " * indent)
        self._column = indent

    def _release(self) -> None:
        while self._held:
            self._write_first()

    def _write_first(self) -> None:
        item = self._held.popleft()
        if isinstance(item, str):
            self._held_width -= len(item)
            self._out.append(item)
            self._column += len(item)
            return
        self._held_width -= len(item.text)
        item.group.pending -= 1
        if item.group.broken:
            self._new_line(item.indent)
            return
        self._close(item.group)
        self._out.append(item.text)
        self._column += len(item.text)

    def _close(self, group: _Group) -> None:
        """Remove a group without pending breaks."""
        if not group.pending and group in self._open[group.depth]:
            self._open[group.depth].remove(group)

    def _fit(self) -> None:
        """Break groups, the outermost first, until the text that is held back fits on the line."""
        while self._column + self._held_width > _WIDTH:
            group = self._next_to_break()
            if group is None:
                return
            self._break_group(group)

    def _break_group(self, group: _Group) -> None:
        while group.pending:
            self._write_first()
        while self._held and isinstance(self._held[0], str):
            self._write_first()

    def _next_to_break(self) -> _Group | None:
        for groups in self._open:
            for position, group in enumerate(reversed(groups)):
                if group.pending:
                    # The position counts from the other end, as in IPython.
                    del groups[position]
                    group.broken = True
                    return group
            # Their text does not fit: later breaks are made.
            for group in groups:
                group.broken = True
            groups.clear()
        return None


class _Within:
    """A context manager of two calls."""

    def __init__(self, begin: Callable[[], object], end: Callable[[], object]) -> None:
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()
