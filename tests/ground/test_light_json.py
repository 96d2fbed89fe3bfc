"""What `json` reads and writes is read and written the same."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.light_json import compact, dumps, loads

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
keys = st.text(max_size=5) | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@given(values)
def test_a_value_is_written_as_json_does(value: object) -> None:
    assert dumps(value) == json.dumps(value, indent=2)


@given(values, st.sampled_from([None, 1, 4]))
def test_a_text_is_read_as_json_does(value: object, indent: int | None) -> None:
    text = f" \n{json.dumps(value, indent=indent)}\t"

    assert loads(text) == json.loads(text)


@given(st.text(alphabet='{}[]":,0123456789.eE+-nulltrefaINy \\\n', max_size=12))
def test_what_is_not_json_is_refused_as_json_does(text: str) -> None:
    def read(function: object) -> object:
        try:
            return repr(function(text))  # type: ignore[operator]
        except ValueError as error:
            return str(error)

    assert read(loads) == read(json.loads)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_numbers_that_are_none_go_there_and_back(value: float) -> None:
    assert dumps([value]) == json.dumps([value], indent=2)
    assert repr(loads(dumps(value))) == repr(value)


def test_something_else_is_an_error() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        dumps({"a": {1}})


def test_neither_json_nor_re_is_loaded() -> None:
    code = (
        "import sys; from gage._internal.light_json import *; loads(dumps({'a': [1.5, None]}))\n"
        "print([name for name in ('json', 're', 'enum') if name in sys.modules])"
    )

    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "[]\n"


@pytest.mark.parametrize("text", ['{"a', '{"a": ', "[1,", '"', "{", "", "nul", '{"a" 1}'])
def test_what_is_not_json_is_refused_where_json_is_not_loaded(text: str) -> None:
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; from gage._internal.light_json import loads\n"
        f"try: loads({text!r})\nexcept ValueError as error: print(error)"
    )

    found = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )

    with pytest.raises(ValueError) as expected:
        json.loads(text)
    assert found.stdout == f"{expected.value}\n"


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": [1, 2.5, None, True], "b": {"c": []}},
        {"ü": 'quote " and \n', 1: "x", None: 2},
        [[], {}, [[1]], ("a", 2)],
        "text",
    ],
    ids=str,
)
def test_compact_is_what_json_writes_without_blanks(value: object) -> None:
    assert compact(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_compact_writes_what_is_no_number_as_told() -> None:
    numbers = [float("nan"), float("inf"), float("-inf")]

    assert compact(numbers) == "[NaN,Infinity,-Infinity]"
    words = {"nan": "null", "inf": "9e999", "-inf": "-9e999"}
    assert compact(numbers, words) == "[null,9e999,-9e999]"
