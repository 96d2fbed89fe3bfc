"""Values as text, laid out as a notebook lays them out: `pretty(value)`.

A notebook shows the text of IPython: containers are broken into lines of at most 79 columns and
cut after 1000 items, a class is `module.Name`, an object without a text of its own
`<module.Name at 0x…>`. A run shows the same without IPython. `Printer` is what an object's
`_repr_pretty_` is given.

The layout is a stream: text and possible line breaks are held back while they fit on the line. A
line that gets too long is broken at all breaks of the outermost group that has some, then of the
next one inside, until it fits.
"""

from __future__ import annotations

import sys
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Any

__all__ = ["Printer", "pretty"]

_WIDTH = 79
_MAX_ITEMS = 1000
_PLAIN = (str, int, float, bool, complex, bytes, type(None))
_BUILTIN_MODULES = (None, "builtins", "exceptions")


def pretty(value: object) -> str:
    """Return the text of a value."""
    if type(value) in _PLAIN:
        return repr(value)
    printer = Printer()
    printer.pretty(value)
    return printer.finish()


class _Group:
    """Breaks that are taken together; `pending` of them are held back."""

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
    max_seq_length = _MAX_ITEMS

    def __init__(self) -> None:
        self.indentation = 0
        self._out: list[str] = []
        self._column = 0
        self._held: deque[str | _Break] = deque()
        self._held_width = 0
        root = _Group(0)
        self._stack = [root]
        # Groups that can be broken still, by depth; the newest of a depth last.
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
        """Add a place where the line may be broken, which else holds `sep`."""
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
            _printer_of(value)(value, self, cycle)
        finally:
            self.end_group()
            self._values.pop()

    def flush(self) -> None:
        """Write what is held back, as it stands."""
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
        """Forget a group that holds nothing back."""
        if not group.pending and group in self._open[group.depth]:
            self._open[group.depth].remove(group)

    def _fit(self) -> None:
        """Break groups, the outermost first, until what is held back fits on the line."""
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
                    # The position counts from the other end: so does IPython's.
                    del groups[position]
                    group.broken = True
                    return group
            # What they hold does not fit: breaks that come later are taken.
            for group in groups:
                group.broken = True
            groups.clear()
        return None


class _Within:
    """A context of two calls."""

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


# How values of a type are laid out


def _printer_of(value: object) -> Callable[[Any, Printer, bool], object]:
    kind = getattr(value, "__class__", type(value))
    for cls in getattr(kind, "__mro__", type(value).__mro__):
        found = _PRINTERS.get(cls) or _NAMED_PRINTERS.get((cls.__module__, cls.__name__))
        if found is not None:
            return found
        if "_repr_pretty_" in cls.__dict__:
            method = cls.__dict__["_repr_pretty_"]
            if callable(method) and not isinstance(value, type):
                return method  # type: ignore[no-any-return]
        if cls is not object and callable(cls.__dict__.get("__repr__")):
            return _print_repr
    return _print_object


def _print_repr(value: object, p: Printer, _cycle: bool = False) -> None:  # noqa: FBT001, FBT002
    lines = repr(value).splitlines()
    with p.group():
        for number, line in enumerate(lines):
            if number:
                p.break_()
            p.text(line)


def _print_object(value: object, p: Printer, cycle: bool) -> None:  # noqa: FBT001
    kind = type(value)
    if kind.__repr__ is not object.__repr__:
        _print_repr(value, p)
        return
    p.begin_group(1, "<")
    p.pretty(kind)
    p.text(f" at {id(value):#x}")
    if cycle:
        p.text(" ...")
    p.end_group(1, ">")


def _print_class(value: type, p: Printer, _cycle: bool) -> None:  # noqa: FBT001
    first = next(cls for cls in type.mro(type(value)) if "__repr__" in vars(cls))
    if first is not type:
        _print_repr(value, p)
        return
    module = value.__module__
    name = value.__qualname__
    p.text(name if module in _BUILTIN_MODULES else f"{module}.{name}")


def _print_function(value: Any, p: Printer, _cycle: bool) -> None:  # noqa: FBT001
    from inspect import signature

    name = getattr(value, "__qualname__", value.__name__)
    module = value.__module__
    if module not in _BUILTIN_MODULES:
        name = f"{module}.{name}"
    try:
        name += str(signature(value))
    except ValueError:
        pass
    p.text(f"<function {name}>")


def _print_items(p: Printer, items: Iterable[Callable[[], object]]) -> None:
    for number, show in enumerate(items):
        if number:
            p.text(",")
            p.breakable()
        if number == _MAX_ITEMS:
            p.text("...")
            return
        show()


def _values(p: Printer, values: Iterable[object]) -> Iterator[Callable[[], object]]:
    def one(value: object) -> Callable[[], object]:
        return lambda: p.pretty(value)

    return map(one, values)


def _sequence(start: str, end: str) -> Callable[[Any, Printer, bool], None]:
    def show(value: Any, p: Printer, cycle: bool) -> None:  # noqa: FBT001
        if cycle:
            p.text(f"{start}...{end}")
            return
        p.begin_group(len(start), start)
        _print_items(p, _values(p, value))
        if len(value) == 1 and isinstance(value, tuple):
            p.text(",")
        p.end_group(len(start), end)

    return show


def _set(start: str, end: str) -> Callable[[Any, Printer, bool], None]:
    def show(value: Any, p: Printer, cycle: bool) -> None:  # noqa: FBT001
        if cycle:
            p.text(f"{start}...{end}")
        elif not value:
            p.text(f"{type(value).__name__}()")
        else:
            p.begin_group(len(start), start)
            _print_items(p, _values(p, value if len(value) >= _MAX_ITEMS else _sorted(value)))
            p.end_group(len(start), end)

    return show


def _sorted(values: Iterable[Any]) -> list[Any]:
    try:
        return sorted(values)
    except Exception:  # noqa: BLE001 - comparing may raise anything
        try:
            return sorted(values, key=str)
        except Exception:  # noqa: BLE001 - likewise
            return list(values)


def _print_dict(value: dict[Any, Any], p: Printer, cycle: bool) -> None:  # noqa: FBT001
    if cycle:
        p.text("{...}")
        return

    def one(key: object) -> Callable[[], object]:
        def show() -> None:
            p.pretty(key)
            p.text(": ")
            p.pretty(value[key])

        return show

    p.begin_group(1, "{")
    _print_items(p, map(one, value))
    p.end_group(1, "}")


def _print_exception(value: BaseException, p: Printer, _cycle: bool) -> None:  # noqa: FBT001
    name = type(value).__qualname__
    if type(value).__module__ not in _BUILTIN_MODULES:
        name = f"{type(value).__module__}.{name}"
    p.begin_group(len(name) + 1, f"{name}(")
    _print_items(p, _values(p, getattr(value, "args", ())))
    p.end_group(len(name) + 1, ")")


def _print_pattern(value: Any, p: Printer, _cycle: bool) -> None:  # noqa: FBT001
    import re

    names = ["IGNORECASE", "LOCALE", "MULTILINE", "DOTALL", "UNICODE", "VERBOSE", "DEBUG"]
    flags = [f"re.{name}" for name in names if value.flags & getattr(re, name)]
    pattern = "r" + repr(value.pattern).replace("\\\\", "\\")

    def show_flags() -> None:
        p.text("|".join(flags))

    with p.group(len("re.compile("), "re.compile(", ")"):
        items: list[Callable[[], object]] = [lambda: p.text(pattern)]
        _print_items(p, [*items, show_flags] if flags else items)


def _call(
    p: Printer, name: str, values: Iterable[object] = (), options: dict[str, Any] | None = None
) -> None:
    def one(item: tuple[str, object]) -> Callable[[], object]:
        option, value = item

        def show() -> None:
            with p.group(len(option) + 1, f"{option}="):
                p.pretty(value)

        return show

    with p.group(len(name) + 1, f"{name}(", ")"):
        _print_items(p, [*_values(p, values), *map(one, (options or {}).items())])


def _made_of(
    parts: Callable[[Any], tuple[list[Any], dict[str, Any]]], name: str = ""
) -> Callable[[Any, Printer, bool], None]:
    """Return what shows a value as the call that makes it, of values and keywords."""

    def show(value: Any, p: Printer, cycle: bool) -> None:  # noqa: FBT001
        called = name or type(value).__name__
        if cycle:
            p.text(f"{called}(...)")
        else:
            _call(p, called, *parts(value))

    return show


_PRINTERS: dict[type, Callable[[Any, Printer, bool], None]] = {
    **dict.fromkeys((int, float, str, bytes, complex, type(None), bool), _print_repr),
    list: _sequence("[", "]"),
    tuple: _sequence("(", ")"),
    dict: _print_dict,
    set: _set("{", "}"),
    frozenset: _set("frozenset({", "})"),
    type: _print_class,
    type(pretty): _print_function,
    type(len): _print_function,
    type(_PLAIN.__len__): _print_repr,
    BaseException: _print_exception,
    type(sys.implementation): _made_of(lambda value: ([], vars(value)), "namespace"),
    type(type.__dict__): _made_of(lambda value: ([dict(value)], {}), "mappingproxy"),
}

# By module and name: what is not loaded has no values.
_NAMED_PRINTERS: dict[tuple[str, str], Callable[[Any, Printer, bool], None]] = {
    ("collections", "Counter"): _made_of(
        lambda value: ([dict(value.most_common())] if value else [], {})
    ),
    ("collections", "OrderedDict"): _made_of(
        lambda value: ([list(value.items())] if value else [], {})
    ),
    ("collections", "UserList"): _made_of(lambda value: ([value.data], {})),
    ("collections", "defaultdict"): _made_of(
        lambda value: ([value.default_factory, dict(value)], {})
    ),
    ("collections", "deque"): _made_of(
        lambda value: (
            [list(value)],
            {} if value.maxlen is None else {"maxlen": value.maxlen},
        )
    ),
    ("re", "Pattern"): _print_pattern,
}
