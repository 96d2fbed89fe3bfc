r"""The filter language, which selects runs in one line of words.

    lr > 0.1 and status = completed          comparisons: = == != < <= > >=
    label =~ "^base" or tags contains paper  a regular expression; a part of a string or a list
    model in (small, large)                  one of several; also `not in`
    started > today and duration < 5min      times and ages, durations, sizes
    since 2h                                 the same as started > 2h
    not (loss < 0.3)                         and, or, not, parentheses
    min(loss) < 0.2                          last (the default), min, max, count of a metric
    lr is missing                            there is no such value; also `is not missing`
    output ~ "nan loss"                      the run printed all of these words

Consecutive conditions without a word between them must all be true.

A name is a column (`run operation status started stopped duration exit_code label tags reason
id`), a key of the configuration, a metric, or an attribute; prefixes distinguish them: `config.lr`,
`metric.loss`, `attr.data`, `user.owner`. A name with other characters is in backquotes: `` `val
loss` ``. A value is a number (`0.1`, `1e-3`), `true`, `false`, a string in quotes, or one word. A
time is `today`, `yesterday`, `now`, `2026-11-24`, `2026-11-24T10:30`, in local time, or an age
(`2h`: two hours ago); ages and durations are in `s min h d w`, sizes in `B kB MB GB KiB MiB GiB`.

A comparison with a value that is missing or of another kind is false, even `!=`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from gage._internal.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lark import Lark, Token, Tree

__all__ = [
    "And",
    "Comparison",
    "Condition",
    "FilterError",
    "Name",
    "Not",
    "Number",
    "Or",
    "Quantity",
    "Word",
    "began_since",
    "one_of",
    "parse_filter",
    "searched_texts",
    "written",
]


class FilterError(OptionError):
    """A filter that is not valid; the message points at the place."""

    def __init__(self, text: str, position: int, message: str) -> None:
        super().__init__(text, position, message)
        self.text = text
        self.position = position
        self.message = message

    def _text(self) -> str:
        """Return the message, the filter, and a mark below the place."""
        return f"{self.message}\n  {self.text}\n  {' ' * self.position}^"


@dataclass(frozen=True)
class Name:
    """A name as written, the value of a metric that is meant (`min`, …) if any, its position."""

    text: str
    of: str = ""
    position: int = 0
    is_quoted: bool = False


@dataclass(frozen=True)
class Word:
    """A value of one word without quotes: a string, or a time if a time is compared."""

    text: str
    position: int


@dataclass(frozen=True)
class Number:
    """A number, and how it is written: as a string, `1.0` and `1` are different."""

    number: float
    text: str
    position: int


@dataclass(frozen=True)
class Quantity:
    """A number with its unit: `2h`, `10MB`."""

    number: float
    unit: str
    position: int
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Comparison:
    """A name, an operator, and a value: a bool, a str, a `Number`, `Quantity` or `Word`, a list.

    Operators: `=`, `!=`, `<`, `<=`, `>`, `>=`, `=~`, `~`, `contains`, `in`, `missing`, `present`.
    """

    name: Name
    operator: str
    value: Any = None


@dataclass(frozen=True)
class And:
    """All parts must be true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """One of the parts must be true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part must be false."""

    part: Condition


Condition = Comparison | And | Or | Not


def one_of(name: str, values: Sequence[str]) -> Condition:
    """Return the condition that a name is equal to one of some strings."""
    return Comparison(Name(name), "in", list(values))


def began_since(since: str | dt.datetime | dt.timedelta) -> Condition:
    """Return the condition that a run was started after a time, or an age ago.

    Raises
    ------
    FilterError
        If a string is neither a time nor an age.
    """
    if isinstance(since, dt.timedelta):
        return Comparison(Name("started"), ">", Quantity(since.total_seconds(), "s", 0))
    if isinstance(since, dt.datetime):
        return Comparison(Name("started"), ">", Word(since.isoformat(), 0))
    condition = parse_filter(f"since {since}")
    if not isinstance(condition, Comparison):
        raise FilterError(since, 0, f"expected one time or age, found {since!r}")
    return condition


_GRAMMAR = r"""
start: any_of
any_of: all_of (_OR all_of)*
all_of: one (_AND? one)*
?one: _NOT one -> negation
    | "(" any_of ")"
    | name OPERATOR value -> comparison
    | name _CONTAINS value -> contains
    | name _IN "(" value ("," value)* ","? ")" -> one_of
    | name _NOT _IN "(" value ("," value)* ","? ")" -> none_of
    | name _IS _MISSING -> missing
    | name _IS _NOT _MISSING -> present
    | _SINCE value -> since
name: WORD -> plain
    | BACKQUOTED -> quoted
    | WORD "(" (WORD | BACKQUOTED) ")" -> call
value: NUMBER -> number
    | QUANTITY -> quantity
    | TIME -> word
    | WORD -> word
    | STRING -> string

_OR.3: /or\b/i
_AND.3: /and\b/i
_NOT.3: /not\b/i
_IN.3: /in\b/i
_IS.3: /is\b/i
_CONTAINS.3: /contains\b/i
_MISSING.3: /missing\b/i
_SINCE.3: /since\b/i
OPERATOR: "==" | "=~" | "!=" | "<=" | ">=" | "=" | "<" | ">" | "~"
TIME.4: /\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?/
QUANTITY.3: /[-+]?(\d+\.?\d*|\.\d+)(s|min|h|d|w|B|kB|MB|GB|KiB|MiB|GiB)\b/
NUMBER.2: /[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf\b)(?![\w.])/
STRING: /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/
BACKQUOTED: /`[^`]+`/
WORD: /[^\s()"'`,=!<>~]+/
%ignore /\s+/
"""

_CALLS = ("last", "min", "max", "count")
_EXPECTED = {
    "OPERATOR": "a comparison (=, !=, <, <=, >, >=, =~, contains, in)",
    "STRING": "a value",
    "WORD": "a name",
    "RPAR": "a closing parenthesis",
    "_MISSING": "missing",
}
_parser: list[Lark] = []


def searched_texts(condition: Condition | None) -> list[str]:
    """Return the texts that a condition looks for in outputs."""
    match condition:
        case Comparison(_, "~"):
            return [written(condition.value)]
        case And(parts) | Or(parts):
            return [text for part in parts for text in searched_texts(part)]
        case Not(part):
            return searched_texts(part)
    return []


def written(value: Any) -> str:
    """Return a value as it is written in a filter, without its quotes."""
    if isinstance(value, Word | Number | Quantity):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parse_filter(text: str) -> Condition | None:
    """Return the condition of a filter, None for an empty one.

    Raises
    ------
    FilterError
        If the filter is not valid.
    """
    if not text.strip():
        return None
    from lark import Lark, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput

    if not _parser:
        _parser.append(Lark(_GRAMMAR, parser="lalr", propagate_positions=True))
    try:
        tree = _parser[0].parse(text)
    except UnexpectedCharacters as error:
        position = cast("int", error.pos_in_stream)
        message = f"{text[position]!r} is not expected here"
        raise FilterError(text, position, message) from None
    except UnexpectedEOF:
        raise FilterError(text, len(text), "the filter ends too early") from None
    except UnexpectedInput as error:
        raise _unexpected(text, error) from None
    return _condition(text, tree.children[0])


def _unexpected(text: str, error: Any) -> FilterError:
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    at_end = getattr(error.token, "type", "") == "$END"
    accepted = {*getattr(error, "accepts", ()), *getattr(error, "expected", ())}
    expected = [words for token, words in _EXPECTED.items() if token in accepted]
    found = "the end" if at_end else repr(str(error.token))
    what = f"expected {expected[0]}, " if expected else ""
    return FilterError(text, len(text) if at_end else position, f"{what}found {found}")


def _condition(text: str, tree: Any) -> Condition:
    match tree.data:
        case "any_of" | "all_of":
            parts = tuple(_condition(text, child) for child in tree.children)
            if len(parts) == 1:
                return parts[0]
            return Or(parts) if tree.data == "any_of" else And(parts)
        case "negation":
            return Not(_condition(text, tree.children[0]))
        case "comparison":
            name, operator, value = tree.children
            sign = "=" if operator == "==" else str(operator)
            if sign == "~" and str(name.children[0]) != "output":
                message = 'expected `output ~ "text"`; a regular expression is compared by =~'
                raise FilterError(text, operator.start_pos, message)
            return Comparison(_name(text, name), sign, _value(value))
        case "contains":
            name, value = tree.children
            return Comparison(_name(text, name), "contains", _value(value))
        case "one_of" | "none_of":
            name, *values = tree.children
            found = Comparison(_name(text, name), "in", [_value(value) for value in values])
            # Like every comparison, it is false for a missing value.
            present = Comparison(found.name, "present")
            return found if tree.data == "one_of" else And((present, Not(found)))
        case "missing" | "present":
            return Comparison(_name(text, tree.children[0]), tree.data)
        case "since":
            position = tree.meta.start_pos
            return Comparison(Name("started", position=position), ">", _value(tree.children[0]))
    raise AssertionError(tree.data)


def _name(text: str, tree: Tree[Token]) -> Name:
    tokens: Sequence[Any] = tree.children
    position = tokens[0].start_pos
    if tree.data != "call":
        return _bare_name(tokens[0])
    function = str(tokens[0]).lower()
    if function not in _CALLS:
        message = f"there is no function {tokens[0]!s}: expected one of {', '.join(_CALLS)}"
        raise FilterError(text, position, message)
    bare = _bare_name(tokens[1])
    return Name(bare.text, function, bare.position, bare.is_quoted)


def _bare_name(token: Any) -> Name:
    if token.type == "BACKQUOTED":
        return Name(str(token)[1:-1], position=token.start_pos, is_quoted=True)
    return Name(str(token), position=token.start_pos)


def _value(tree: Any) -> Any:
    token = tree.children[0]
    text, position = str(token), token.start_pos
    match tree.data:
        case "number":
            return Number(_number(text), text, position)
        case "quantity":
            unit = text.lstrip("+-.0123456789")
            return Quantity(float(text.removesuffix(unit)), unit, position, text)
        case "string":
            return _unescaped(text[1:-1])
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return Word(text, position)


def _number(text: str) -> float:
    """Return a number: an integer exactly, if SQLite can compare it."""
    digits = text.lstrip("+-")
    return int(text) if digits.isdecimal() and abs(int(text)) < 2**63 else float(text)


def _unescaped(text: str) -> str:
    parts = iter(text)
    # A backslash keeps its meaning for regular expressions, except before a quote or itself.
    out = []
    for char in parts:
        following = next(parts, "") if char == "\\" else ""
        out.append(following if following in {'"', "'"} and following else char + following)
    return "".join(out)
