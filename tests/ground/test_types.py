"""Every form of a Gage file's tables is read in one shape."""

from __future__ import annotations

from typing import Any

import pytest

from gage._internal.types import PHASES, Fault, OpCmd, OpDef, OpRef, Run


@pytest.mark.parametrize(
    ("value", "phase", "command"),
    [
        ("python a.py", "run", "python a.py"),
        (["python", "a.py"], "run", ["python", "a.py"]),
        ("python a.py", "copy-sourcecode", None),
        ({"run": "a", "init-runtime": "b"}, "init-runtime", "b"),
        ({"stage-sourcecode": "c"}, "copy-sourcecode", "c"),
        ({"stage-runtime": "c"}, "init-runtime", "c"),
        ({"stage-dependencies": "c"}, "resolve-deps", "c"),
        ({"finalize": "c"}, "finalize-run", "c"),
        ({"copy-sourcecode": "first", "stage-sourcecode": "second"}, "copy-sourcecode", "first"),
        (None, "run", None),
        ({}, "run", None),
    ],
    ids=str,
)
def test_a_command_of_a_phase(value: Any, phase: str, command: Any) -> None:
    assert OpDef("op", {"exec": value}).command(phase) == command


def test_an_unknown_phase_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown phase 'start'.*resolve-deps"):
        OpDef("op", {}).command("start")


def test_the_outputs_of_phases_are_in_their_order() -> None:
    outputs = [phase.output for phase in PHASES]

    assert outputs == sorted(outputs)


@pytest.mark.parametrize(
    ("value", "patterns"),
    [
        (None, None),
        (True, True),
        (False, False),
        ("*.py", ["*.py"]),
        (["*.py", "-x.py"], ["*.py", "-x.py"]),
        ({"patterns": "*.py"}, ["*.py"]),
        ({"patterns": ["*.py"]}, ["*.py"]),
        ([], []),
    ],
    ids=str,
)
def test_patterns_of_source_code(value: Any, patterns: Any) -> None:
    assert OpDef("op", {"sourcecode": value}).sourcecode == patterns


@pytest.mark.parametrize(
    ("value", "tables"),
    [
        (None, []),
        ([], []),
        ("a.py", [{"keys": ["a.py"]}]),
        (["a.py", "#b"], [{"keys": ["a.py", "#b"]}]),
        ({"keys": "a.py"}, [{"keys": ["a.py"]}]),
        ({"keys": ["a.py"], "name": "x"}, [{"keys": ["a.py"], "name": "x"}]),
        ([{"keys": "a.py"}, "b.py"], [{"keys": ["a.py"]}, {"keys": ["b.py"]}]),
    ],
    ids=str,
)
def test_tables_of_configuration(value: Any, tables: Any) -> None:
    assert OpDef("op", {"config": value}).config == tables


@pytest.mark.parametrize(
    ("value", "tables"),
    [
        (None, []),
        ([], []),
        ("a.csv", [{"files": ["a.csv"]}]),
        (["a.csv", "b.csv"], [{"files": ["a.csv", "b.csv"]}]),
        ({"run": "prepare"}, [{"run": "prepare"}]),
        ([{"run": "a", "files": "x"}, "y"], [{"run": "a", "files": ["x"]}, {"files": ["y"]}]),
    ],
    ids=str,
)
def test_tables_of_dependencies(value: Any, tables: Any) -> None:
    assert OpDef("op", {"depends": value}).depends == tables


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "summary.json"), ("s.json", "s.json"), ({"filename": "t.json"}, "t.json")],
    ids=str,
)
def test_the_file_of_the_summary(value: Any, name: str) -> None:
    assert OpDef("op", {"summary": value}).summary_filename == name


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        ({}, True),
        ({"output-summary": False}, False),
        ({"output-summary": r"(\w+): (\d+)"}, [(None, r"(\w+): (\d+)")]),
        ({"output-summary": ["a", "b"]}, [(None, "a"), (None, "b")]),
        ({"output-summary": {"loss": "l=(.*)"}}, [("loss", "l=(.*)")]),
    ],
    ids=str,
)
def test_the_rules_of_printed_metrics(data: Any, rules: Any) -> None:
    assert OpDef("op", data).output_summary == rules


def test_values_of_the_environment_are_texts() -> None:
    assert OpDef("op", {"env": {"A": 1, "B": "b"}}).env == {"A": "1", "B": "b"}


def test_the_small_facts_of_an_operation() -> None:
    opdef = OpDef("op", {"description": "d", "default": True, "version": 2, "progress": "tqdm"})

    assert (opdef.description, opdef.default, opdef.version) == ("d", True, "2")
    assert (opdef.progress("run"), opdef.progress("init-runtime")) == ("tqdm", None)


def test_references_are_equal_by_both_names() -> None:
    assert OpRef("a", "b") == OpRef("a", "b")
    assert len({OpRef("a", "b"), OpRef("a", "b"), OpRef("a:b", "c"), OpRef("a", "b:c")}) == 3
    assert OpRef("", "b").full_name == "b"
    assert OpRef("a", "b").full_name == "a:b"


def test_a_run_is_what_its_id_and_side_car_say() -> None:
    run = Run("id", "name", "/runs/id", "/runs/id.meta")

    assert run == Run("id", "other", "/elsewhere", "/runs/id.meta")
    assert len({run, Run("id", "name", "/x/id", "/x/id.meta")}) == 2


def test_commands_and_definitions_are_equal_by_their_parts() -> None:
    assert OpCmd(["a"], {"A": "1"}) == OpCmd(["a"], {"A": "1"})
    assert OpCmd(["a"], {}) != OpCmd("a", {})
    assert OpDef("a", {"b": 1}, "here") == OpDef("a", {"b": 1}, "there")


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            Fault("gage.toml", 3, "train.exec", "expected a string", 7),
            "gage.toml:3:7: train.exec: ",
        ),
        (Fault("gage.toml", 3, "train.exec", "expected a string"), "gage.toml:3: train.exec: "),
        (Fault("gage.toml", None, "", "expected a string"), "gage.toml: expected"),
    ],
    ids=["line-and-column", "line", "file"],
)
def test_a_fault_says_where_it_is(fault: Fault, text: str) -> None:
    assert str(fault).startswith(text)
    assert str(fault).endswith("expected a string")
