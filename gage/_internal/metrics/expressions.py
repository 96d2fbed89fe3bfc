r"""Regular expressions that find metrics in a line, of a Gage file or of `--metrics`.

    (\w+) is (\S+)                        two groups: name and value, in this order
    (?P<value>\S+) for (?P<name>\w+)      likewise, in any order
    loss (?P<loss>\S+), (?P<acc>\S+)%     other names of groups: each is a metric of this name
    reward|frames                         no group: the name; the number follows it

An expression for a metric with a name (`[train.output-summary]` in a Gage file) has a group
`value`, or one group. The name `step` is the step of the values.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

__all__ = ["Expression", "expression", "values_in"]

_AFTER_NAME = (
    r"(?<!\w)({})(?!\w)[ \t]*[:=]?[ \t]*"
    r"([+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)(?![\w.]))"
)


class Expression(NamedTuple):
    """An expression: its regex, and the groups of each name and value that a match has.

    A name is that of the metric, or the number or name of the group that has it.
    """

    regex: re.Pattern[str]
    named: list[tuple[str, int | str]]
    found: list[tuple[int | str, int | str]]


def expression(text: str, name: str | None = None) -> Expression:
    """Return an expression; `name` is that of its metric, None where it finds the name as well.

    Raises
    ------
    ValueError
        If it is no regular expression, or does not have the groups it needs.
    """
    regex = _compiled(text)
    groups = regex.groupindex
    if name is not None:
        if "value" in groups or (not groups and regex.groups):
            return Expression(regex, [(name, "value" if groups else 1)], [])
        raise ValueError(f"expected groups for the value in {text!r}")
    if "name" in groups and "value" in groups:
        return Expression(regex, [], [("name", "value")])
    if groups and not {"name", "value"} & groups.keys():
        return Expression(regex, [(group, group) for group in groups], [])
    if not regex.groups:
        return Expression(_compiled(_AFTER_NAME.format(text)), [], [(1, 2)])
    if not groups and regex.groups >= 2:
        return Expression(regex, [], [(1, 2)])
    raise ValueError(f"expected groups for name and value in {text!r}")


def values_in(text: str, expressions: Iterable[Expression]) -> Iterator[tuple[str, str]]:
    """Yield name and value of every match in a line, in the order of the expressions."""
    for each in expressions:
        for match in each.regex.finditer(text):
            pairs = [(name, match[value]) for name, value in each.named]
            pairs += [(match[name], match[value]) for name, value in each.found]
            # A group that took no part in the match is None.
            yield from ((name, value) for name, value in pairs if name and value)


def _compiled(text: str) -> re.Pattern[str]:
    import re

    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{error} in the expression {text!r}") from None
