"""The filter language: what a line of words says, and where it is wrong."""

from __future__ import annotations

import pytest

from gage._internal.index.language import (
    And,
    Comparison,
    FilterError,
    Name,
    Not,
    Number,
    Or,
    Quantity,
    Word,
    parse_filter,
)


def test_an_empty_filter_says_nothing() -> None:
    assert parse_filter("  ") is None


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("lr = 0.1", "=", Number(0.1, "0.1", 5)),
        ("lr==1", "=", Number(1, "1", 4)),
        ("lr != -1e-3", "!=", Number(-0.001, "-1e-3", 6)),
        ("lr>= .5", ">=", Number(0.5, ".5", 5)),
        ("lr = true", "=", True),
        ('lr = "a b"', "=", "a b"),
        (r"lr =~ '\d+'", "=~", r"\d+"),
        ("lr contains 3", "contains", Number(3, "3", 12)),
        ("lr in (1, 2,)", "in", [Number(1, "1", 7), Number(2, "2", 10)]),
        ("lr is missing", "missing", None),
        ("lr IS NOT Missing", "present", None),
        ("lr < 5min", "<", Quantity(5, "min", 5)),
        ("lr = 3layers", "=", Word("3layers", 5)),
        ("lr = 2026-11-24T10:30", "=", Word("2026-11-24T10:30", 5)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_comparison(text: str, operator: str, value: object) -> None:
    assert parse_filter(text) == Comparison(Name("lr"), operator, value)


def test_conditions_without_a_word_between_must_all_be_true() -> None:
    one = Comparison(Name("a"), "=", Number(1, "1", 2))
    two = Comparison(Name("b", position=4), "=", Number(2, "2", 6))

    assert parse_filter("a=1 b=2") == And((one, two))


def test_and_binds_more_than_or_and_parentheses_more_than_both() -> None:
    found = parse_filter("a=1 or b=2 and not (c=3 or d=4)")

    assert isinstance(found, Or)
    _, both = found.parts
    assert isinstance(both, And)
    assert isinstance(both.parts[1], Not)
    assert isinstance(both.parts[1].part, Or)


def test_since_is_a_comparison_of_the_start() -> None:
    found = parse_filter("since 2h")

    assert isinstance(found, Comparison)
    assert (found.name.text, found.operator, found.value) == ("started", ">", Quantity(2, "h", 6))


def test_names_have_dots_and_slashes_or_stand_in_backquotes() -> None:
    found = parse_filter("min(val/loss) < 1 and `a b` = 1 and config.model.depth = 2")

    assert isinstance(found, And)
    names = [part.name for part in found.parts if isinstance(part, Comparison)]
    assert [(name.text, name.of, name.is_quoted) for name in names] == [
        ("val/loss", "min", False),
        ("a b", "", True),
        ("config.model.depth", "", False),
    ]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("lr >", 4, "expected a value, found the end"),
        ("lr 3", 3, "expected a comparison"),
        ("(lr = 1", 7, "expected a closing parenthesis, found the end"),
        ("foo(lr) = 1", 0, "there is no function foo"),
        ("lr = 1 ~ 2", 7, "expected a name, found '~'"),
        ("and lr = 1", 4, "expected a comparison"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_pointed_at(text: str, position: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)

    assert message in caught.value.message
    assert str(caught.value).splitlines()[1:] == [f"  {text}", f"  {' ' * position}^"]
