"""The light check of a Gage file agrees with its schema."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gage._internal.operations.gagefile_faults import faults_of
from gage._internal.operations.schema_check import fits
from gage._internal.types import PHASES
from tests.operations.gagefiles import (
    FULL,
    SCHEMA,
)

WORDS = sorted(
    {
        name
        for definition in [SCHEMA, *SCHEMA["$defs"].values()]
        for name in definition.get("properties", {})
    }
    | {"", "$x", "x", "A=B"}
)


VALUES = st.recursive(
    st.sampled_from([*WORDS, None, True, False, 0, 1, 1.0, 1.5, "(", "(x)", "project-files"])
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [p for name in value for p in places(value[name], (*path, name))]
    if isinstance(value, list):
        found += [p for name, item in enumerate(value) for p in places(item, (*path, name))]
    return found


@st.composite
def changed_files(draw: Callable[..., Any]) -> Any:
    """A Gage file with up to three changes, most of which make it wrong."""
    data = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(data)))
        value = draw(VALUES)
        if not path:
            continue
        around = data
        for name in path[:-1]:
            around = around[name]
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        if how == "replace":
            around[path[-1]] = value
        elif how == "remove":
            del around[path[-1]]
        elif isinstance(around, list):
            around.append(value)
        else:
            around[draw(st.sampled_from(WORDS))] = value
    return data


class TestSchema:
    def test_is_a_json_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_allows_the_full_file(self) -> None:
        jsonschema.Draft202012Validator(SCHEMA).validate(FULL)

    @given(changed_files() | VALUES)
    @settings(max_examples=400, deadline=None)
    def test_quick_look_and_jsonschema_agree(self, data: Any) -> None:
        judge = jsonschema.Draft202012Validator(
            SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )

        assert fits(data, SCHEMA, SCHEMA) == judge.is_valid(data)

    @given(changed_files())
    @settings(max_examples=200, deadline=None)
    def test_what_jsonschema_refuses_has_a_fault_in_our_words(self, data: Any) -> None:
        faults = faults_of(data, full=True)

        refused = not fits(data, SCHEMA, SCHEMA)
        assert bool(faults) >= refused
        assert not [message for _, message in faults if "is not valid under any" in message]
        for path, _ in faults:
            assert path in places(data), "a fault is of something that is there"

    def test_unknown_keyword_is_refused_by_the_quick_look(self) -> None:
        with pytest.raises(ValueError, match="unknown keyword 'maxLength'"):
            fits("x", {"maxLength": 3}, SCHEMA)

    def test_everything_has_a_title_for_editors(self) -> None:
        operation = SCHEMA["$defs"]["operation"]

        for name, key in operation["properties"].items():
            assert key["title"], name
            assert key["description"], name

    def test_every_phase_is_in_exec_and_progress(self) -> None:
        names = {name for phase in PHASES for name in (phase.name, *phase.aliases)}

        assert {*SCHEMA["$defs"]["phase-commands"]["properties"]} == names
        assert {*SCHEMA["$defs"]["phase-progress"]["properties"]} == names
