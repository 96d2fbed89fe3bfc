"""Values as text, with the layout of a notebook: `pretty(value)`.

A notebook shows IPython's text: containers are broken into lines of at most 79 columns and cut
after 1000 items; a class is `module.Name`; an object without its own text is `<module.Name at
0x…>`. A run shows the same without IPython. An object's `_repr_pretty_` gets a `Printer`.
"""

from __future__ import annotations

import sys

from gage.inside.layout import MAX_ITEMS, Printer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

__all__ = ["Printer", "pretty"]

_PLAIN = (str, int, float, bool, complex, bytes, type(None))
_BUILTIN_MODULES = (None, "builtins", "exceptions")


def pretty(value: object) -> str:
    """Return the text of a value."""
    if type(value) in _PLAIN:
        return repr(value)
    printer = Printer(_printer_of)
    printer.pretty(value)
    return printer.finish()


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
        if number == MAX_ITEMS:
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
            _print_items(p, _values(p, value if len(value) >= MAX_ITEMS else _sorted(value)))
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
    """Return a function that shows a value as a call, with values and keywords."""

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

# By module and name, since a module that is not loaded has no values.
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
