"""YAML as nodes: what both of its versions mean, and what no reader should choke on."""

from __future__ import annotations

import pytest

from gage._internal.config import read_document
from gage._internal.config.yaml_reader import MAX_ALIASED, MAX_DEPTH
from gage._internal.errors import MalformedError


def data(text: str) -> dict[str, object]:
    return read_document("f.yaml", text.encode()).data()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("0x1f", 31),
        ("1e3", 1000.0),
        ("010", "010"),
        ("2024-01-01", "2024-01-01"),
        ("!!str 5", "5"),
        ("!!int 5", 5),
        ("'yes'", "yes"),
    ],
)
def test_words_have_one_value(word: str, value: object) -> None:
    assert data(f"a: {word}\n") == {"a": value}


def test_aliases_and_merged_mappings_are_carried_out() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3}\nc: {<<: [*a, *b], z: *a}\nd:\n  <<: *a\n  x: 5\n"

    found = data(text)

    assert found["c"] == {"x": 1, "y": 2, "z": {"x": 1, "y": 2}}
    assert found["d"] == {"x": 5, "y": 2}


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        pytest.param("a: 1\na: 2\n", "expected each key once, found 'a' again", 2, id="twice"),
        pytest.param("a: 1\n3: 2\n", "expected a string as key, found 3", 2, id="number"),
        pytest.param("[1]: 2\n", "expected a string as key, found another value", 1, id="list"),
        pytest.param("a: !x 1\n", "expected plain values, found the tag !x", 1, id="tag"),
    ],
)
def test_what_a_strict_reader_refuses_is_odd(text: str, message: str, line: int) -> None:
    document = read_document("f.yaml", text.encode())

    (oddity,) = document.oddities

    assert oddity.message.startswith(message)
    assert document.text.count("\n", 0, oddity.position) + 1 == line


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(bomb(9), f"aliases of at most {MAX_ALIASED:,} values", id="bomb"),
        pytest.param("a: " + "[" * 100_000, f"at most {MAX_DEPTH} levels", id="deep list"),
        pytest.param("a: &a [*a]\n", "expected an anchor &a before its alias", id="circle"),
    ],
)
def test_what_would_fill_the_memory_is_refused(text: str, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        read_document("f.yaml", text.encode())


def test_aliases_within_bounds_are_read() -> None:
    assert len(str(data(bomb(3))["a2"])) > 1000
